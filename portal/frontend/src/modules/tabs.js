// Tabs keep their panels in the page, so nothing typed is lost by looking at the images.
export function startTabs() {
  const list = document.querySelector("[role=tablist]");
  if (!list) return;
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (tab) show(tab.dataset.tab);
    const split = event.target.closest("[data-split]");
    if (split) toggleSplit(split);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const tabs = [...list.querySelectorAll("[data-tab]")];
    const at = tabs.indexOf(event.target);
    if (!step || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    show(next.dataset.tab);
  });
  document.body.addEventListener("htmx:load", (event) => event.target.id === "case-task" && offer(event.target.dataset.taskTitle));
  mark(list.querySelector("[aria-selected=true]")?.dataset.tab);
  document.querySelector("[aria-invalid=true]")?.focus();
}

// A step that comes to me, or goes, while the page is open brings or takes its tab.
function offer(title) {
  document.querySelector("[data-task-tab]").textContent = title;
  document.getElementById("tab-task").hidden = !title;
  document.querySelector("[data-split]").hidden = !title;
}

function show(name) {
  unsplit();
  for (const panel of document.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
  mark(name);
  const address = new URL(window.location.href);
  address.searchParams.set("tab", name);
  window.history.replaceState(window.history.state, "", address);
}

function mark(name) {
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
}

function toggleSplit(button) {
  const page = document.getElementById("content");
  if (page.classList.contains("split")) return show("task");
  page.classList.add("split");
  button.setAttribute("aria-pressed", "true");
  for (const panel of document.querySelectorAll("[data-panel]")) {
    panel.hidden = !["images", "task"].includes(panel.dataset.panel);
  }
  window.scrollTo({ top: 0 });
}

function unsplit() {
  document.getElementById("content").classList.remove("split");
  document.querySelector("[data-split]")?.setAttribute("aria-pressed", "false");
}
