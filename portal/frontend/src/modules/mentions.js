// A colleague's button writes their @name into the comment, where the caret is.
export function startMentions() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mention]");
    if (!button) return;
    const box = button.form.elements.namedItem("text");
    const before = box.value.slice(0, box.selectionStart);
    const gap = before && !/\s$/.test(before) ? " " : "";
    box.setRangeText(`${gap}${button.dataset.mention} `, box.selectionStart, box.selectionEnd, "end");
    box.focus();
  });
}
