// The pictures of a series: asked of the server once, held, decoded, and loaded ahead on both sides.

const AHEAD = 4; // requests at a time while loading ahead; more would make the slice asked for wait
const DECODED = 32; // pictures kept ready to draw
const SETTLE_MS = 180; // loading ahead waits until the window stands still

export class Refused extends Error {
  constructor(status, message) {
    super(message ?? "");
    this.status = status;
  }
}

export class Slices {
  // `stack` says what is looked at: `facts`, `total`, `window`, `index` and `direction`.
  constructor(stack, onLoaded) {
    this.stack = stack;
    this.onLoaded = onLoaded;
    this.blobs = new Map();
    this.bitmaps = new Map();
    this.generation = 0;
  }

  has(index) {
    return this.blobs.has(index);
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
    this.isSettling = false;
    clearTimeout(this.settling);
  }

  settle() {
    this.isSettling = true;
    this.settling = setTimeout(() => {
      this.isSettling = false;
      this.loadAhead();
    }, SETTLE_MS);
  }

  async fetch(index, generation) {
    const held = this.blobs.get(index);
    if (held) return held;
    const response = await fetch(this.address(index), { signal: this.abort.signal, priority: index === this.stack.index ? "high" : "low" });
    if (!response.ok && response.status !== 422) throw new Refused(response.status, (await response.json().catch(() => ({}))).message);
    const slice = { blob: await response.blob(), isUnreadable: response.status === 422 };
    if (generation === this.generation) this.blobs.set(index, slice);
    return slice;
  }

  address(index) {
    const { facts, window } = this.stack;
    const [instance, frame] = facts.slices[index];
    const query = new URLSearchParams({ v: facts.version });
    if (frame > 1) query.set("frame", frame);
    if (window) {
      query.set("center", window.center);
      query.set("width", window.width);
    }
    return `${facts.slice_url.replace("{index}", instance)}?${query}`;
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

  // Nearest first, two of three in the direction of travel.
  order() {
    const { index: from, direction, total } = this.stack;
    const order = [];
    for (let near = 1, far = 1; order.length < total * 2 && (near <= total || far <= total); ) {
      for (const step of [near++, near++, -far++]) {
        const index = from + step * direction;
        if (index >= 0 && index < total && !this.blobs.has(index)) order.push(index);
      }
    }
    return order;
  }

  async loadAhead() {
    this.onLoaded(this.blobs.size);
    if (this.isSettling || !this.stack.facts) return;
    const generation = this.generation;
    const { under } = this;
    const next = () => this.order().find((index) => !under.has(index));
    const worker = async () => {
      for (let index = next(); index !== undefined && generation === this.generation; index = next()) {
        under.add(index);
        try {
          await this.fetch(index, generation);
        } catch {
          return; // the slice is asked for again when it is looked at
        } finally {
          under.delete(index);
        }
        if (generation === this.generation) this.onLoaded(this.blobs.size);
      }
    };
    while (this.loadingAhead < AHEAD) {
      this.loadingAhead += 1;
      worker().finally(() => generation === this.generation && (this.loadingAhead -= 1));
    }
  }
}
