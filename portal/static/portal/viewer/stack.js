// Scrolls through a series that the server renders: one picture a slice, loaded ahead on both sides.

const AHEAD = 4; // requests at a time while loading ahead; more would make the slice asked for wait
const DECODED = 32; // pictures kept ready to draw
const SETTLE_MS = 180; // loading ahead waits until the window stands still
const HU_PER_PIXEL = 2;
const NICE_MM = [1, 2, 5, 10, 20, 50, 100, 200, 500];

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
const tidy = (value) => Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0));

class Stack {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.part = (name) => root.querySelector(`[data-${name}]`);
    this.view = this.part("view");
    this.canvas = this.part("canvas");
    this.slider = this.part("slider");
    this.blobs = new Map();
    this.bitmaps = new Map();
    this.generation = 0;
    this.listen();
  }

  async open(address, title) {
    this.isAsked = true;
    this.forget();
    this.facts = null;
    this.say(this.words.wordOpening);
    if (title) this.part("title").textContent = title;
    const generation = this.generation;
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (generation !== this.generation) return;
      if (!response.ok) return this.refuse(response.status, (await response.json().catch(() => ({}))).message);
      this.start(await response.json());
    } catch {
      this.say(this.words.wordLost, true);
      setTimeout(() => generation === this.generation && this.open(address, title), 3000);
    }
  }

  start(facts) {
    this.facts = facts;
    this.total = facts.slices.length;
    this.window = facts.window && { ...facts.window };
    this.index = Math.floor(this.total / 2);
    this.direction = 1;
    this.slider.max = this.total - 1;
    this.view.setAttribute("aria-valuemax", this.total);
    for (const side of ["top", "bottom", "left", "right"]) this.part(`edge="${side}"`).textContent = facts.edges?.[side] ?? "";
    this.showPresets();
    this.showWindow();
    this.show(this.index);
  }

  // --- what is asked of the server

  address(index) {
    const [instance, frame] = this.facts.slices[index];
    const query = new URLSearchParams({ v: this.facts.version });
    if (frame > 1) query.set("frame", frame);
    if (this.window) {
      query.set("center", this.window.center);
      query.set("width", this.window.width);
    }
    return `${this.facts.slice_url.replace("{index}", instance)}?${query}`;
  }

  async fetchSlice(index, generation) {
    const held = this.blobs.get(index);
    if (held) return held;
    const response = await fetch(this.address(index), { signal: this.abort.signal, priority: index === this.index ? "high" : "low" });
    if (!response.ok && response.status !== 422) throw new Refused(response.status, (await response.json().catch(() => ({}))).message);
    const slice = { blob: await response.blob(), isUnreadable: response.status === 422 };
    if (generation === this.generation) this.blobs.set(index, slice);
    return slice;
  }

  async bitmap(index, slice) {
    const ready = this.bitmaps.get(index);
    if (ready) {
      this.bitmaps.delete(index);
      this.bitmaps.set(index, ready);
      return ready;
    }
    const made = await createImageBitmap(slice.blob);
    this.bitmaps.set(index, made);
    if (this.bitmaps.size > DECODED) {
      const oldest = this.bitmaps.keys().next().value;
      this.bitmaps.get(oldest).close();
      this.bitmaps.delete(oldest);
    }
    return made;
  }

  forget() {
    this.generation += 1;
    this.abort?.abort();
    this.abort = new AbortController();
    this.blobs.clear();
    for (const bitmap of this.bitmaps.values()) bitmap.close();
    this.bitmaps.clear();
    this.loadingAhead = 0;
    this.under = new Set();
    this.root.dataset.stackLoaded = 0;
    clearTimeout(this.settle);
  }

  // --- showing

  async show(index) {
    if (!this.facts) return;
    index = clamp(index, 0, this.total - 1);
    this.direction = index < this.index ? -1 : 1;
    this.index = index;
    this.showPlace();
    if (this.drawing) return; // the one under way sees the newest index when it is done
    this.drawing = true;
    try {
      do {
        this.wanted = `${this.generation}/${this.index}`;
        await this.draw(this.index, this.generation);
      } while (this.facts && this.wanted !== `${this.generation}/${this.index}`);
    } finally {
      this.drawing = false;
    }
    this.loadAhead();
  }

  async draw(index, generation) {
    if (!this.blobs.has(index)) this.slow = setTimeout(() => this.say(fill(this.words.wordLoading, { n: index + 1, total: this.total })), 300);
    try {
      const slice = await this.fetchSlice(index, generation);
      const bitmap = await this.bitmap(index, slice);
      if (generation !== this.generation) return;
      this.shown = { bitmap, index };
      this.paint();
      if (slice.isUnreadable) this.say(this.words.wordUnreadable, true);
      else this.say("");
      this.root.dataset.stackShown = index;
    } catch (error) {
      if (generation !== this.generation || error.name === "AbortError") return;
      if (error instanceof Refused) return this.refuse(error.status, error.message);
      this.say(this.words.wordLost, true);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      this.wanted = "";
    } finally {
      clearTimeout(this.slow);
    }
  }

  paint() {
    if (!this.shown) return;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.view;
    const width = Math.round(clientWidth * ratio);
    const height = Math.round(clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d", { alpha: false });
    const { bitmap } = this.shown;
    const scale = Math.min(width / bitmap.width, height / bitmap.height);
    const [w, h] = [bitmap.width * scale, bitmap.height * scale];
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
    this.showScale(scale / ratio);
  }

  showPlace() {
    const words = fill(this.words.wordSlice, { n: this.index + 1, total: this.total });
    const position = this.facts.slices[this.index][2];
    const millimetres = position === null ? "" : fill(this.words.wordMm, { mm: position.toFixed(1).replace("-", "−") });
    this.part("counter").textContent = `${this.index + 1} / ${this.total}`;
    this.part("position").textContent = millimetres;
    this.slider.value = this.index;
    this.view.setAttribute("aria-valuenow", this.index + 1);
    this.view.setAttribute("aria-valuetext", millimetres ? `${words}, ${millimetres}` : words);
  }

  showScale(screenPixelsPerPixel) {
    const scale = this.part("scale");
    scale.hidden = !this.facts.mm_per_pixel;
    if (scale.hidden) return;
    const perMm = screenPixelsPerPixel / this.facts.mm_per_pixel;
    const length = NICE_MM.filter((mm) => mm * perMm <= this.view.clientWidth / 4).pop() ?? NICE_MM[0];
    this.part("scale-bar").style.width = `${length * perMm}px`;
    this.part("scale-word").textContent = fill(this.words.wordMm, { mm: length });
  }

  showPresets() {
    const buttons = (this.window ? this.facts.presets : []).map((preset) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "stack-button";
      button.textContent = preset.label;
      button.dataset.preset = `${preset.center}/${preset.width}`;
      button.addEventListener("click", () => this.setWindow(preset));
      return button;
    });
    this.part("presets").replaceChildren(...buttons);
    for (const name of ["center", "width"]) this.part(name).closest("label").hidden = !this.window;
    this.part("reset").hidden = !this.window;
  }

  showWindow() {
    if (!this.window) return void (this.part("window").textContent = "");
    const { center, width } = this.window;
    this.part("window").textContent = fill(this.words.wordWindow, { center: String(tidy(center)).replace("-", "−"), width: tidy(width) });
    for (const name of ["center", "width"]) if (document.activeElement !== this.part(name)) this.part(name).value = tidy(this.window[name]);
    for (const button of this.part("presets").children) button.setAttribute("aria-pressed", button.dataset.preset === `${center}/${width}`);
  }

  say(words, isError = false) {
    const message = this.part("message");
    message.hidden = !words;
    message.classList.toggle("error", isError);
    if (words) message.textContent = words;
  }

  refuse(status, message) {
    this.say(status === 401 ? this.words.wordSignedOut : message || this.words.wordUnreadable, true);
  }

  // --- the window

  setWindow({ center, width }) {
    if (!this.window) return;
    this.window = { center: tidy(center), width: Math.max(1, tidy(width)) };
    const shown = this.shown;
    this.forget();
    this.shown = shown && { ...shown };
    this.showWindow();
    this.isSettling = true;
    this.settle = setTimeout(() => {
      this.isSettling = false;
      this.loadAhead();
    }, SETTLE_MS);
    this.show(this.index);
  }

  // --- loading ahead: nearest first, two of three in the direction of travel

  order() {
    const order = [];
    for (let near = 1, far = 1; order.length < this.total * 2 && (near <= this.total || far <= this.total); ) {
      for (const step of [near++, near++, -far++]) {
        const index = this.index + step * this.direction;
        if (index >= 0 && index < this.total && !this.blobs.has(index)) order.push(index);
      }
    }
    return order;
  }

  async loadAhead() {
    this.showLoaded();
    if (this.isSettling || !this.facts) return;
    const generation = this.generation;
    const { under } = this;
    const next = () => this.order().find((index) => !under.has(index));
    const worker = async () => {
      for (let index = next(); index !== undefined && generation === this.generation; index = next()) {
        under.add(index);
        try {
          await this.fetchSlice(index, generation);
        } catch {
          return; // the slice is asked for again when it is looked at
        } finally {
          under.delete(index);
        }
        if (generation === this.generation) this.showLoaded();
      }
    };
    while (this.loadingAhead < AHEAD) {
      this.loadingAhead += 1;
      worker().finally(() => generation === this.generation && (this.loadingAhead -= 1));
    }
  }

  showLoaded() {
    const loaded = this.blobs.size;
    const isAll = loaded >= this.total;
    this.part("progress").max = this.total;
    this.part("progress").value = loaded;
    this.part("progress").hidden = isAll;
    this.part("loaded").hidden = this.total === 1;
    this.part("loaded").textContent = fill(isAll ? this.words.wordAll : this.words.wordLoaded, { n: loaded, total: this.total });
    this.root.dataset.stackLoaded = loaded;
  }

  // --- hands

  listen() {
    this.view.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.view.addEventListener("pointerdown", (event) => this.onPress(event));
    this.view.addEventListener("contextmenu", (event) => event.preventDefault());
    this.view.addEventListener("keydown", (event) => this.onKey(event));
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    for (const name of ["center", "width"]) this.part(name).addEventListener("change", () => this.onTyped());
    this.part("reset").addEventListener("click", () => this.facts?.window && this.setWindow(this.facts.window));
    this.part("full").addEventListener("click", () => this.toggleFull());
    new ResizeObserver(() => this.resized()).observe(this.view);
  }

  // A stack in a closed tab asks for nothing: images are sent, and noted as seen, when they are looked at.
  resized() {
    if (!this.isAsked && this.view.clientWidth) this.open(this.root.dataset.facts);
    this.paint();
  }

  onWheel(event) {
    if (event.ctrlKey) return;
    event.preventDefault();
    this.turned = (this.turned ?? 0) + (event.deltaMode === 1 ? event.deltaY * 40 : event.deltaY);
    const steps = Math.trunc(this.turned / 40);
    if (!steps) return;
    this.turned -= steps * 40;
    this.show(this.index + clamp(steps, -10, 10));
  }

  onPress(event) {
    if (!this.facts || event.button > 2) return;
    const isWindowing = this.window && (event.button === 2 || event.shiftKey);
    const from = { x: event.clientX, y: event.clientY, index: this.index, window: { ...this.window } };
    const perSlice = Math.max(2, this.view.clientHeight / Math.max(this.total, 24) / 1.2);
    this.view.setPointerCapture(event.pointerId);
    this.view.classList.toggle("windowing", Boolean(isWindowing));
    const move = (moved) => {
      const [x, y] = [moved.clientX - from.x, moved.clientY - from.y];
      if (!isWindowing) return void this.show(from.index + Math.round(y / perSlice));
      const speed = Math.max(from.window.width / 400, 1 / 400) * HU_PER_PIXEL;
      this.setWindow({ center: from.window.center + y * speed, width: from.window.width + x * speed });
    };
    const end = () => {
      this.view.removeEventListener("pointermove", move);
      this.view.classList.remove("windowing");
    };
    this.view.addEventListener("pointermove", move);
    this.view.addEventListener("pointerup", end, { once: true });
    this.view.addEventListener("pointercancel", end, { once: true });
  }

  onKey(event) {
    if (!this.facts || event.ctrlKey || event.metaKey || event.altKey) return;
    const places = {
      ArrowDown: this.index + 1, ArrowRight: this.index + 1, ArrowUp: this.index - 1, ArrowLeft: this.index - 1,
      PageDown: this.index + 10, PageUp: this.index - 10, Home: 0, End: this.total - 1,
    };
    if (event.key in places) this.show(places[event.key]);
    else if (event.key === "f" || event.key === "F") this.toggleFull();
    else if (event.key === "0" && this.facts.window) this.setWindow(this.facts.window);
    else if (/^[1-9]$/.test(event.key) && this.facts.presets[event.key - 1] && this.window) this.setWindow(this.facts.presets[event.key - 1]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onTyped() {
    const [center, width] = ["center", "width"].map((name) => this.part(name).valueAsNumber);
    if (Number.isFinite(center) && Number.isFinite(width)) this.setWindow({ center, width });
    this.showWindow();
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }
}

class Refused extends Error {
  constructor(status, message) {
    super(message ?? "");
    this.status = status;
  }
}

const stacks = new WeakMap();

function begin(part) {
  for (const root of part.querySelectorAll("[data-stack]")) if (!stacks.has(root)) stacks.set(root, new Stack(root));
}

// A series chosen in the strip opens in the stack beside it; without script its link opens the page again.
function choose(event) {
  const link = event.target.closest("[data-open-stack]");
  const root = link && (link.closest("[data-viewer]") ?? document).querySelector("[data-stack]");
  const stack = root && stacks.get(root);
  if (!stack || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  for (const other of (link.closest("[data-viewer]") ?? document).querySelectorAll("[data-open-stack][aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const address = new URL(window.location.href);
  address.searchParams.set("series", link.dataset.series);
  address.hash = link.hash;
  history.replaceState(history.state, "", address);
  stack.open(link.dataset.openStack, link.dataset.title);
  stack.view.focus({ preventScroll: false });
}

begin(document);
document.addEventListener("click", choose);
document.addEventListener("htmx:load", (event) => begin(event.target));
