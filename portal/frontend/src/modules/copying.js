// A text that is shown for somebody to copy is copied by a button. Selecting it needs no permission of the browser and
// no secure address, and what is selected can be copied by hand where the browser refuses.
export function copying(part) {
  for (const button of part.querySelectorAll("[data-copy-text]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

function copy(button) {
  const text = button.closest("[data-copied-part]").querySelector("dl");
  window.getSelection().selectAllChildren(text);
  const words = document.getElementById("spoken").dataset;
  const isDone = document.execCommand("copy");
  button.parentElement.querySelector("[data-copied]").textContent = isDone ? words.copied : words.copyByHand;
}
