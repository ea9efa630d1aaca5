// Copies what a button names, and says so for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", button.dataset.copied);
  button.dataset.done = button.dataset.copied;
  setTimeout(() => {
    button.setAttribute("aria-label", label);
    delete button.dataset.done;
  }, 1500);
});
