// A form that goes while somebody is typing into it, because a colleague has taken the step, leaves their text on the
// page for them to copy, over a reload too, until they remove it.
import { copying } from "./copying.js";
import { titleOf } from "./drafts.js";
import { TYPED } from "./entered.js";

const PART = "case-task";
let left = null; // { task, fields: [[title, text]], notes: [[title, text, id]] }
let hadFocus = false;

export function startKeepingText() {
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === PART) keep(event.detail.target);
  });
  document.body.addEventListener("htmx:load", (event) => event.target.id === PART && settle(event.target));
  const part = document.getElementById(PART);
  left = JSON.parse(window.sessionStorage.getItem(part?.dataset.left) ?? "null");
  if (left) settle(part);
}

function keep(part) {
  const typed = typedIn(part);
  if (!typed) return;
  left = typed;
  hadFocus = part.contains(document.activeElement);
  window.sessionStorage.setItem(part.dataset.left, JSON.stringify(left));
}

// The form that comes back has the text as its draft; another one leaves it where it is.
function settle(part) {
  if (!left) return;
  if (part.querySelector("[data-draft]")?.dataset.keep === left.task) {
    for (const [, text, id] of left.notes) write(document.getElementById(id), text);
    return forget(part);
  }
  show(part);
  if (hadFocus) document.getElementById("left-text").focus();
  hadFocus = false;
}

function write(field, text) {
  if (!field || field.value) return;
  field.value = text;
  field.closest("details")?.setAttribute("open", "");
}

function forget(part) {
  left = null;
  window.sessionStorage.removeItem(part.dataset.left);
  document.getElementById("left-text")?.remove();
}

// Titles and texts of what somebody has entered, in the order of the form; nothing where nobody has typed.
function typedIn(part) {
  const root = part.querySelector("[data-draft]");
  if (!root?.draft) return null;
  const notes = [...root.querySelectorAll(".hands textarea")].filter((field) => field.value).map((field) => [field.labels[0].textContent.replace("*", "").trim(), field.value, field.id]);
  const hasTyped = root.draft.revision > 0 || window.sessionStorage.getItem(root.dataset.keep);
  const forms = hasTyped ? [...root.querySelectorAll("form[data-outcome]")] : [];
  const fields = forms.flatMap((form) => [...form.querySelectorAll(TYPED)].map((field) => [titleOf(form, field.name), textOf(field)])).filter(([, text]) => text);
  return fields.length || notes.length ? { task: root.dataset.keep, fields, notes } : null;
}

function textOf(field) {
  if (field.type === "checkbox") return field.checked ? "✓" : "";
  if (field.options) return [...field.selectedOptions].filter((option) => option.value).map((option) => option.text).join(", ");
  return field.value;
}

function show(part) {
  const words = document.getElementById("spoken").dataset;
  const tab = document.getElementById("tab-task");
  if (tab.hidden) tab.querySelector("[data-task-tab]").textContent = words.leftText;
  tab.hidden = false;
  if (document.getElementById("left-text")) return;
  const box = document.getElementById("left-text-template").content.cloneNode(true).firstElementChild;
  const list = box.querySelector("dl");
  for (const [title, text] of [...left.fields, ...left.notes]) {
    list.appendChild(document.createElement("dt")).textContent = title;
    const told = list.appendChild(document.createElement("dd"));
    told.className = "report-text";
    told.textContent = text;
  }
  box.querySelector("[data-remove-text]").addEventListener("click", () => remove(tab));
  document.getElementById(PART).before(box);
  copying(box);
}

function remove(tab) {
  const part = document.getElementById(PART);
  forget(part);
  tab.hidden = !part.dataset.taskTitle;
  const next = tab.hidden ? document.getElementById("tab-images") : tab;
  if (tab.hidden) next.click();
  next.focus();
}
