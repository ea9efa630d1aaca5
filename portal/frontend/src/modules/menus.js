// Menus close on Escape and on a click elsewhere; the rail folds; Ctrl-K goes to the search box.
export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-fold-rail]")) foldRail();
    const dismissed = event.target.closest("[data-dismiss]");
    if (dismissed) dismissed.closest(".toast, .notice")?.remove();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus();
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) goToSearch(event);
  });
  document.addEventListener("toggle", opened, true);
  document.addEventListener("submit", chooseTheme);
}

function opened(event) {
  const menu = event.target;
  if (!menu.matches?.("details[data-menu]") || !menu.open) return;
  for (const panel of menu.querySelectorAll("[hx-get]")) window.htmx.trigger(panel, "open");
}

function closeMenus() {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function goToSearch(event) {
  const box = document.querySelector("[data-search-box]");
  if (!box) return;
  event.preventDefault();
  if (box.offsetParent === null) window.location.assign(box.form.action);
  box.focus();
  box.select();
}

function foldRail() {
  const root = document.documentElement;
  const folded = root.dataset.rail !== "folded";
  if (folded) root.dataset.rail = "folded";
  else delete root.dataset.rail;
  document.querySelector("[data-fold-rail]").setAttribute("aria-expanded", String(!folded));
  document.cookie = `rail=${folded ? "folded" : "open"}; path=/; max-age=31536000; samesite=lax`;
}

// The theme changes at once; the server is told in the background and remembers it for the person.
function chooseTheme(event) {
  if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
  event.preventDefault();
  const body = new FormData(event.target, event.submitter);
  document.documentElement.dataset.theme = body.get("theme");
  for (const button of event.target.querySelectorAll("[name=theme]")) {
    button.setAttribute("aria-pressed", String(button === event.submitter));
  }
  fetch(event.target.action, { method: "POST", body });
  closeMenus();
}
