// `?` opens the list of keys, and so does its line in the person's menu.
export function startKeys() {
  const list = document.getElementById("keys");
  if (!list) return;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || list.open) return;
    list.showModal();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) {
      event.target.closest("details[data-menu]").open = false;
      list.showModal();
    }
    if (event.target === list) list.close();
  });
}
