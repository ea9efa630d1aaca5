// Keys of a list of work: j and k move, Enter opens, c claims. The choice survives a refreshed list.
let chosen = -1;

function rows() {
  return [...document.querySelectorAll("[data-rows] [data-row]")];
}

function choose(index) {
  const all = rows();
  if (all.length === 0) return;
  chosen = Math.max(0, Math.min(index, all.length - 1));
  for (const [position, row] of all.entries()) row.classList.toggle("selected", position === chosen);
  const link = all[chosen].querySelector("[data-open]");
  link?.focus({ preventScroll: true });
  all[chosen].scrollIntoView({ block: "nearest" });
}

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = rows()[chosen];
  if (event.key === "j") choose(chosen + 1);
  else if (event.key === "k") choose(chosen - 1);
  else if (event.key === "c") row?.querySelector("[data-claim]")?.click();
  else if (event.key === "Enter" && row && document.activeElement === document.body) {
    row.querySelector("[data-open]")?.click();
  }
});

document.body.addEventListener("htmx:afterSwap", () => {
  if (chosen >= 0 && !typing(document.activeElement)) choose(chosen);
});
