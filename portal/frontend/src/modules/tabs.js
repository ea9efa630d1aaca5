// Tabs keep their panels in the page, so nothing typed is lost by looking at the images.
const BESIDE = "case:beside"; // who reads with the images beside the form finds every case that way
const WIDE_PX = 1001; // as in case.css

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
  document.addEventListener("keydown", (event) => {
    if (event.key !== "s" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.target.closest("input, textarea, select, [contenteditable], dialog")) split()?.click();
  });
  document.body.addEventListener("htmx:load", (event) => event.target.id === "case-task" && offer(event.target.dataset));
  mark(list.querySelector("[aria-selected=true]")?.dataset.tab);
  const wantsBeside = window.localStorage.getItem(BESIDE) && window.innerWidth >= WIDE_PX;
  if (wantsBeside && split() && list.querySelector("#tab-task[aria-selected=true]")) putBeside(split());
  document.querySelector("[aria-invalid=true]")?.focus();
}

// A step that comes to me, or goes, while the page is open brings or takes its tab.
function offer({ taskTitle, maySplit }) {
  document.querySelector("[data-task-tab]").textContent = taskTitle;
  document.getElementById("tab-task").hidden = !taskTitle;
  document.querySelector("[data-split]").hidden = maySplit === undefined;
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

function split() {
  return document.querySelector("[data-split]:not([hidden])");
}

function toggleSplit(button) {
  if (document.getElementById("content").classList.contains("split")) {
    window.localStorage.removeItem(BESIDE);
    return show("task");
  }
  window.localStorage.setItem(BESIDE, "1");
  putBeside(button);
}

function putBeside(button) {
  document.getElementById("content").classList.add("split");
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
