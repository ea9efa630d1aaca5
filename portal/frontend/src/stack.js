// Scrolls through a series that the server renders: one picture a slice, loaded ahead on both sides.

import { Stack } from "./stack/stack.js";

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
