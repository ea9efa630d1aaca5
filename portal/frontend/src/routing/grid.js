// The table on the page: a head for each column, an input for each cell, and under each what is wrong with it.
import { withCell, withHead, withNote } from "./sheet.js";

const LISTS = { boolean: "truth-names" };
const LISTS_OF_OUTPUTS = { destination: "destination-names", storage_tier: "storage-tier-names" };

export class Grid {
  constructor(root, { types, typed, act }) {
    this.root = root;
    this.words = root.dataset;
    this.types = types;
    this.typed = typed;
    this.act = act;
    this.table = root.querySelector("table.sheet");
    this.table.addEventListener("input", (event) => this.changed(event.target));
    this.table.addEventListener("click", (event) => this.clicked(event.target));
    this.table.addEventListener("keydown", (event) => this.pressed(event));
  }

  template(name) {
    return this.root.querySelector(`template[data-${name}]`).content.cloneNode(true);
  }

  draw(sheet) {
    this.sheet = sheet;
    this.columns = [...sheet.inputs, ...sheet.outputs];
    this.table.tHead.replaceChildren(this.heads());
    this.table.tBodies[0].replaceChildren(...sheet.rows.map((row, at) => this.row(row, at)));
    this.mark(this.problems ?? []);
  }

  heads() {
    const line = document.createElement("tr");
    const corner = cell("th", "tools");
    corner.textContent = this.sheet.policy;
    line.append(corner, ...this.columns.map((column, at) => this.head(column, at)));
    for (const note of this.sheet.notes) {
      const head = cell("th", "why");
      head.scope = "col";
      head.textContent = note;
      line.append(head);
    }
    return line;
  }

  head(column, at) {
    const isInput = at < this.sheet.inputs.length;
    const head = cell("th", isInput ? "input" : "output");
    head.scope = "col";
    head.append(this.template("head"));
    for (const field of head.querySelectorAll("[data-of]")) {
      const name = field.dataset.of === "expression" && !isInput ? "name" : field.dataset.of;
      const isShown = name !== "values" || (!isInput && "PO".includes(this.sheet.policy));
      if (!isShown) field.remove();
      Object.assign(field.dataset, { of: name, column: at });
      field.value = column[name] ?? "";
      if (name === "name") field.readOnly = true;
    }
    head.querySelector("[data-remove-column]").dataset.column = at;
    this.name(head.querySelector("[data-of=expression], [data-of=name]"), head, -1, at);
    return head;
  }

  row(row, at) {
    const line = document.createElement("tr");
    const tools = cell("th", "tools");
    const number = document.createElement("span");
    tools.scope = "row";
    number.className = "number";
    number.textContent = at + 1;
    tools.append(number, this.template("row-tools"));
    line.append(tools, ...this.columns.map((column, place) => this.cell(row.cells[place], column, at, place)));
    this.sheet.notes.forEach((_name, place) => line.append(this.note(row.notes[place] ?? "", at, place)));
    return line;
  }

  cell(text, column, row, at) {
    const holder = cell("td");
    holder.append(this.template("cell"));
    const field = holder.querySelector("input");
    const list = LISTS_OF_OUTPUTS[column.name] ?? LISTS[column.type];
    if (list) field.setAttribute("list", list);
    field.value = text;
    field.setAttribute("aria-label", this.label(row, column.label));
    this.name(field, holder, row, at);
    return holder;
  }

  note(text, row, place) {
    const holder = cell("td", "why");
    const field = document.createElement("input");
    field.value = text;
    Object.assign(field.dataset, { row, note: place });
    field.setAttribute("aria-label", `${this.words.row.replace("{n}", row + 1)}, ${this.words.note}`);
    holder.append(field);
    return holder;
  }

  label(row, column) {
    return `${this.words.row.replace("{n}", row + 1)}, ${this.words.column.replace("{name}", column)}`;
  }

  // A cell and the place of its message know each other.
  name(field, holder, row, column) {
    Object.assign(field.dataset, { row, column });
    field.id = `cell-${row}-${column}`;
    holder.querySelector(".cell-error").id = `${field.id}-error`;
  }

  changed(field) {
    const { row, column, note, of } = field.dataset;
    const place = `${row} ${column} ${note} ${of}`;
    if (note !== undefined) this.sheet = withNote(this.sheet, +row, +note, field.value);
    else if (of) this.sheet = withHead(this.sheet, +column, of, field.value, this.types);
    else this.sheet = withCell(this.sheet, +row, +column, field.value);
    this.typed(this.sheet, place);
  }

  clicked(target) {
    const button = target.closest("button");
    if (!button) return;
    if (button.matches("[data-remove-column]")) return this.act("remove-column", -1, +button.dataset.column);
    const row = button.closest("tr").rowIndex - 1;
    for (const what of ["up", "down", "add", "remove"]) if (what in button.dataset) this.act(what, row, 0);
  }

  pressed(event) {
    const field = event.target.closest("input");
    if (!field) return;
    const { row, column } = field.dataset;
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (isCommand && key === "z") this.take(event, event.shiftKey ? "redo" : "undo");
    else if (isCommand && key === "y") this.take(event, "redo");
    else if (row === undefined || column === undefined) return;
    else if (event.altKey && event.key === "ArrowUp") this.take(event, "up", +row, +column);
    else if (event.altKey && event.key === "ArrowDown") this.take(event, "down", +row, +column);
    else if (event.key === "Enter") {
      event.preventDefault();
      if (+row + 1 < this.sheet.rows.length) this.focus(+row + 1, +column);
      else this.act("add", +row);
    }
  }

  take(event, what, row, column) {
    event.preventDefault();
    this.act(what, row, column);
  }

  place() {
    const { row, column } = document.activeElement?.dataset ?? {};
    return row === undefined || column === undefined ? null : [+row, +column];
  }

  focus(row, column) {
    const field = document.getElementById(`cell-${row}-${column}`);
    field?.focus();
    field?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  mark(problems) {
    this.problems = problems;
    for (const field of this.table.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
    for (const place of this.table.querySelectorAll(".cell-error")) place.hidden = true;
    for (const problem of problems) this.markOne(problem);
  }

  markOne({ row, column, message }) {
    if (column === null || column === undefined) return;
    const field = document.getElementById(`cell-${(row ?? 0) - 1}-${column}`);
    const place = field && document.getElementById(`${field.id}-error`);
    if (!place) return;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", place.id);
    place.querySelector("span").textContent = message;
    place.hidden = false;
  }
}

function cell(tag, name = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  return made;
}
