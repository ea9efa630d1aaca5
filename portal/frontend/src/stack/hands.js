// What hands do to a stack: wheel, drag, keys, typed numbers, buttons.

import { clamp } from "./values.js";

const HU_PER_PIXEL = 2;
const WHEEL_PER_SLICE = 40;

export function listen(stack) {
  const { view, slider, part } = stack.panel;
  view.addEventListener("wheel", wheelOf(stack), { passive: false });
  view.addEventListener("pointerdown", (event) => press(stack, event));
  view.addEventListener("contextmenu", (event) => event.preventDefault());
  view.addEventListener("keydown", (event) => key(stack, event));
  slider.addEventListener("input", () => stack.show(Number(slider.value)));
  for (const name of ["center", "width"]) part(name).addEventListener("change", () => typed(stack));
  part("reset").addEventListener("click", () => stack.facts?.window && stack.setWindow(stack.facts.window));
  part("full").addEventListener("click", () => toggleFull(stack.root));
  new ResizeObserver(() => stack.resized()).observe(view);
}

function wheelOf(stack) {
  let turned = 0;
  return (event) => {
    if (event.ctrlKey) return;
    event.preventDefault();
    turned += event.deltaMode === 1 ? event.deltaY * WHEEL_PER_SLICE : event.deltaY;
    const steps = Math.trunc(turned / WHEEL_PER_SLICE);
    if (!steps) return;
    turned -= steps * WHEEL_PER_SLICE;
    stack.show(stack.index + clamp(steps, -10, 10));
  };
}

function press(stack, event) {
  if (!stack.facts || event.button > 2) return;
  const { view } = stack.panel;
  const isWindowing = stack.window && (event.button === 2 || event.shiftKey);
  const from = { x: event.clientX, y: event.clientY, index: stack.index, window: { ...stack.window } };
  const perSlice = Math.max(2, view.clientHeight / Math.max(stack.total, 24) / 1.2);
  view.setPointerCapture(event.pointerId);
  view.classList.toggle("windowing", Boolean(isWindowing));
  const move = (moved) => {
    const [x, y] = [moved.clientX - from.x, moved.clientY - from.y];
    if (!isWindowing) return void stack.show(from.index + Math.round(y / perSlice));
    const speed = Math.max(from.window.width / 400, 1 / 400) * HU_PER_PIXEL;
    stack.setWindow({ center: from.window.center + y * speed, width: from.window.width + x * speed });
  };
  const end = () => {
    view.removeEventListener("pointermove", move);
    view.classList.remove("windowing");
  };
  view.addEventListener("pointermove", move);
  view.addEventListener("pointerup", end, { once: true });
  view.addEventListener("pointercancel", end, { once: true });
}

function key(stack, event) {
  if (!stack.facts || event.ctrlKey || event.metaKey || event.altKey) return;
  const { facts, index, total } = stack;
  const places = {
    ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1,
    PageDown: index + 10, PageUp: index - 10, Home: 0, End: total - 1,
  };
  if (event.key in places) stack.show(places[event.key]);
  else if (event.key === "f" || event.key === "F") toggleFull(stack.root);
  else if (event.key === "0" && facts.window) stack.setWindow(facts.window);
  else if (/^[1-9]$/.test(event.key) && facts.presets[event.key - 1] && stack.window) stack.setWindow(facts.presets[event.key - 1]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function typed(stack) {
  const [center, width] = ["center", "width"].map((name) => stack.panel.part(name).valueAsNumber);
  if (Number.isFinite(center) && Number.isFinite(width)) stack.setWindow({ center, width });
  stack.panel.showWindow(stack.window);
}

function toggleFull(root) {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.();
}
