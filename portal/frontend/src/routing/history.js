// What can be taken back: typing in one cell is one step, everything else a step each.
const MOST = 200;

export class History {
  constructor(sheet, changed) {
    this.past = [];
    this.future = [];
    this.now = sheet;
    this.place = null;
    this.changed = changed;
  }

  push(sheet, place = null) {
    if (place === null || place !== this.place) this.past = [...this.past, this.now].slice(-MOST);
    this.place = place;
    this.future = [];
    this.now = sheet;
    this.changed(this);
  }

  undo() {
    return this.step(this.past, this.future);
  }

  redo() {
    return this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return null;
    to.push(this.now);
    this.now = from.pop();
    this.place = null;
    this.changed(this);
    return this.now;
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }
}
