// What stands around and upon the picture: place, scale, window, how much is loaded, and what went wrong.

import { fill, tidy } from "./values.js";

const NICE_MM = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const minus = (text) => text.replace("-", "−");

export class Panel {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.part = (name) => root.querySelector(`[data-${name}]`);
    this.view = this.part("view");
    this.slider = this.part("slider");
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

  showSeries({ slices, edges, presets }, window, choose) {
    this.slider.max = slices.length - 1;
    this.view.setAttribute("aria-valuemax", slices.length);
    for (const side of ["top", "bottom", "left", "right"]) this.part(`edge="${side}"`).textContent = edges?.[side] ?? "";
    this.part("presets").replaceChildren(...(window ? presets : []).map((preset) => presetButton(preset, choose)));
    for (const name of ["center", "width"]) this.part(name).closest("label").hidden = !window;
    this.part("reset").hidden = !window;
  }

  showPlace(index, slices) {
    const total = slices.length;
    const words = fill(this.words.wordSlice, { n: index + 1, total });
    const position = slices[index][2];
    const millimetres = position === null ? "" : fill(this.words.wordMm, { mm: minus(position.toFixed(1)) });
    this.part("counter").textContent = `${index + 1} / ${total}`;
    this.part("position").textContent = millimetres;
    this.slider.value = index;
    this.view.setAttribute("aria-valuenow", index + 1);
    this.view.setAttribute("aria-valuetext", millimetres ? `${words}, ${millimetres}` : words);
  }

  showScale(screenPixelsPerPixel, mmPerPixel) {
    const scale = this.part("scale");
    scale.hidden = !mmPerPixel;
    if (scale.hidden) return;
    const perMm = screenPixelsPerPixel / mmPerPixel;
    const length = NICE_MM.filter((mm) => mm * perMm <= this.view.clientWidth / 4).pop() ?? NICE_MM[0];
    this.part("scale-bar").style.width = `${length * perMm}px`;
    this.part("scale-word").textContent = fill(this.words.wordMm, { mm: length });
  }

  showWindow(window) {
    if (!window) return void (this.part("window").textContent = "");
    const { center, width } = window;
    this.part("window").textContent = fill(this.words.wordWindow, { center: minus(String(tidy(center))), width: tidy(width) });
    for (const name of ["center", "width"]) if (document.activeElement !== this.part(name)) this.part(name).value = tidy(window[name]);
    for (const button of this.part("presets").children) button.setAttribute("aria-pressed", button.dataset.preset === `${center}/${width}`);
  }

  showLoaded(loaded, total) {
    const isAll = loaded >= total;
    this.part("progress").max = total;
    this.part("progress").value = loaded;
    this.part("progress").hidden = isAll;
    this.part("loaded").hidden = total === 1;
    this.part("loaded").textContent = fill(isAll ? this.words.wordAll : this.words.wordLoaded, { n: loaded, total });
    this.root.dataset.stackLoaded = loaded;
  }
}

function presetButton(preset, choose) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "stack-button";
  button.textContent = preset.label;
  button.dataset.preset = `${preset.center}/${preset.width}`;
  button.addEventListener("click", () => choose(preset));
  return button;
}
