// Takes the page's own picture away once the viewer has drawn an image, or has had the time for it.
const NEW_IMAGE = ["CORNERSTONE_STACK_NEW_IMAGE", "CORNERSTONE_VOLUME_NEW_IMAGE"];
const DRAWN = "CORNERSTONE_IMAGE_RENDERED";
const GRID = "[data-cy='viewport-grid']";
const PATIENCE_MS = 4000;

export function leaveThePreview(forgetAnswers) {
  const preview = document.querySelector("[data-preview]");
  if (!preview) return;
  const leave = () => {
    preview.remove();
    forgetAnswers();
  };
  // These events do not rise, but on their way down they pass the document.
  const drawn = () => requestAnimationFrame(() => {
    performance.mark("viewer-drew");
    leave();
  });
  const whenThere = () => document.addEventListener(DRAWN, drawn, { capture: true, once: true });
  for (const name of NEW_IMAGE) document.addEventListener(name, whenThere, { capture: true, once: true });
  const patience = preview.querySelector("img") ? PATIENCE_MS : 0;
  new MutationObserver((_, observer) => {
    if (!document.querySelector(GRID)) return;
    observer.disconnect();
    setTimeout(leave, patience);
  }).observe(document.getElementById("root"), { childList: true, subtree: true });
}
