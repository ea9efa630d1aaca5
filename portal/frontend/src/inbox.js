// Keys of a list of work: j and k move, Enter opens, c claims, f goes to what narrows it. The choice is a row, not a place: a refreshed
// list may have put another patient there.
let chosen = null;
let focused = null;

function rows() {
  return [...document.querySelectorAll("[data-rows] [data-row]")];
}

function nameOf(row) {
  return row?.querySelector("[data-open]")?.getAttribute("href") ?? null;
}

function rowOf(name) {
  return name && rows().find((row) => nameOf(row) === name);
}

function mark(row) {
  chosen = nameOf(row);
  for (const each of rows()) each.classList.toggle("selected", each === row);
}

function choose(row) {
  if (!row) return;
  mark(row);
  row.querySelector("[data-open]")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  const at = all.indexOf(rowOf(chosen));
  choose(all[at < 0 ? 0 : Math.max(0, Math.min(at + step, all.length - 1))]);
}

function narrow(event) {
  const first = document.querySelector("[data-narrow] select");
  if (!first) return;
  event.preventDefault(); // else the letter would choose in the list that gets the focus
  first.focus();
}

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog");
}

document.addEventListener("keydown", (event) => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = rowOf(chosen);
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "f") narrow(event);
  else if (event.key === "c") row?.querySelector("[data-claim]")?.click();
  else if (event.key === "Enter" && row && document.activeElement === document.body) {
    row.querySelector("[data-open]")?.click();
  }
});

document.body.addEventListener("htmx:beforeSwap", () => {
  focused = nameOf(document.activeElement?.closest("[data-row]"));
});

document.body.addEventListener("htmx:afterSwap", () => {
  const row = rowOf(chosen);
  if (row) mark(row);
  else chosen = null;
  if (focused && document.activeElement === document.body) rowOf(focused)?.querySelector("[data-open]")?.focus({ preventScroll: true });
});
