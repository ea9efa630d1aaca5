import { listen } from "./hands.js";
import { paint } from "./painting.js";
import { Panel } from "./panel.js";
import { Refused, Slices } from "./slices.js";
import { clamp, fill, tidy } from "./values.js";

// A series in its view: which slice is shown, in which window.
export class Stack {
  constructor(root) {
    this.root = root;
    this.panel = new Panel(root);
    this.slices = new Slices(this, (loaded) => this.panel.showLoaded(loaded, this.total));
    this.canvas = this.panel.part("canvas");
    listen(this);
  }

  get view() {
    return this.panel.view;
  }

  async open(address, title) {
    this.isAsked = true;
    this.forget();
    this.facts = null;
    this.panel.say(this.panel.words.wordOpening);
    if (title) this.panel.part("title").textContent = title;
    const { generation } = this.slices;
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (generation !== this.slices.generation) return;
      if (!response.ok) return this.panel.refuse(response.status, (await response.json().catch(() => ({}))).message);
      this.start(await response.json());
    } catch {
      this.panel.say(this.panel.words.wordLost, true);
      setTimeout(() => generation === this.slices.generation && this.open(address, title), 3000);
    }
  }

  start(facts) {
    this.facts = facts;
    this.total = facts.slices.length;
    this.window = facts.window && { ...facts.window };
    this.index = Math.floor(this.total / 2);
    this.direction = 1;
    this.panel.showSeries(facts, this.window, (preset) => this.setWindow(preset));
    this.panel.showWindow(this.window);
    this.show(this.index);
  }

  forget() {
    this.slices.forget();
    this.root.dataset.stackLoaded = 0;
  }

  // A stack in a closed tab asks for nothing: images are sent, and noted as seen, when they are looked at.
  resized() {
    if (!this.isAsked && this.view.clientWidth) this.open(this.root.dataset.facts);
    this.paint();
  }

  async show(index) {
    if (!this.facts) return;
    index = clamp(index, 0, this.total - 1);
    this.direction = index < this.index ? -1 : 1;
    this.index = index;
    this.panel.showPlace(index, this.facts.slices);
    if (this.drawing) return; // the one under way sees the newest index when it is done
    this.drawing = true;
    try {
      do {
        this.wanted = this.looked;
        await this.draw(this.index, this.slices.generation);
      } while (this.facts && this.wanted !== this.looked);
    } finally {
      this.drawing = false;
    }
    this.slices.loadAhead();
  }

  get looked() {
    return `${this.slices.generation}/${this.index}`;
  }

  async draw(index, generation) {
    const { panel, slices } = this;
    if (!slices.has(index)) this.slow = setTimeout(() => panel.say(fill(panel.words.wordLoading, { n: index + 1, total: this.total })), 300);
    try {
      const slice = await slices.fetch(index, generation);
      const bitmap = await slices.bitmap(index, slice);
      if (generation !== slices.generation) return;
      this.shown = bitmap;
      this.paint();
      if (slice.isUnreadable) panel.say(panel.words.wordUnreadable, true);
      else panel.say("");
      this.root.dataset.stackShown = index;
    } catch (error) {
      if (generation !== slices.generation || error.name === "AbortError") return;
      if (error instanceof Refused) return panel.refuse(error.status, error.message);
      panel.say(panel.words.wordLost, true);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      this.wanted = "";
    } finally {
      clearTimeout(this.slow);
    }
  }

  paint() {
    if (!this.facts || !this.shown?.width) return; // a picture that was let go of has no width
    this.panel.showScale(paint(this.canvas, this.view, this.shown), this.facts.mm_per_pixel);
  }

  setWindow({ center, width }) {
    if (!this.window) return;
    this.window = { center: tidy(center), width: Math.max(1, tidy(width)) };
    this.forget();
    this.panel.showWindow(this.window);
    this.slices.settle();
    this.show(this.index);
  }
}
