// Groups of fields that are filled in as often as needed: rows added and removed, numbered as they stand.
//
// A row's fields are named `group.index.field`; a hidden field `group[]` announces the row to the server.
export function startRows() {
  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-row]");
    const remove = event.target.closest("[data-remove-row]");
    if (add) byHand(add.closest("[data-rows-of]"), (group) => addRow(group));
    if (remove) byHand(remove.closest("[data-rows-of]"), (group) => removeRow(group, remove.closest("[data-row-entry]")));
  });
  document.body.addEventListener("htmx:load", (event) => event.target.querySelectorAll?.("[data-rows-of]").forEach(bound));
  document.querySelectorAll("[data-rows-of]").forEach(bound);
}

// Rows of a form as they are to stand when data is put into it.
export function setRows(group, count) {
  while (entries(group).length < count) append(group);
  while (entries(group).length > count) entries(group).at(-1).remove();
  number(group);
}

export function entries(group) {
  return [...group.querySelectorAll("[data-row-entry]")];
}

function byHand(group, act) {
  act(group);
  group.dispatchEvent(new Event("input", { bubbles: true })); // what is typed is saved, and so is this
}

function addRow(group) {
  if (entries(group).length >= most(group)) return;
  append(group);
  number(group);
  say(group, group.dataset.added);
  entries(group).at(-1).querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

function removeRow(group, entry) {
  if (entries(group).length <= least(group)) return;
  const at = entries(group).indexOf(entry);
  entry.remove();
  number(group);
  say(group, group.dataset.removed);
  const next = entries(group)[Math.min(at, entries(group).length - 1)];
  (next?.querySelector("[data-remove-row]:not([hidden])") ?? group.querySelector("[data-add-row]")).focus();
}

function append(group) {
  group.querySelector("[data-row-list]").append(group.querySelector("template[data-blank-row]").content.cloneNode(true));
}

// Rows are numbered as they stand: names and ids follow.
function number(group) {
  entries(group).forEach((entry, index) => {
    const old = entry.dataset.rowEntry;
    entry.dataset.rowEntry = index;
    for (const place of entry.querySelectorAll("[data-row-number]")) place.textContent = index + 1;
    for (const element of entry.querySelectorAll("[name], [id], [for], [data-field], [aria-describedby]")) renumber(element, group.dataset.rowsOf, old, index);
  });
  bound(group);
}

function renumber(element, group, old, index) {
  if (element.name === `${group}[]`) element.value = index;
  for (const [attribute, joint] of [["name", "."], ["data-field", "."], ["id", "-"], ["for", "-"], ["aria-describedby", "-"]]) {
    const text = element.getAttribute(attribute);
    const part = `${group}${joint}${old}${joint}`;
    if (text?.includes(part)) element.setAttribute(attribute, text.replace(part, `${group}${joint}${index}${joint}`));
  }
}

function bound(group) {
  const count = entries(group).length;
  group.querySelector("[data-add-row]").disabled = count >= most(group);
  for (const button of group.querySelectorAll("[data-row-list] [data-remove-row]")) button.hidden = count <= least(group);
}

const least = (group) => Number(group.dataset.least ?? 0);
const most = (group) => Number(group.dataset.most ?? Infinity);

function say(group, words) {
  group.querySelector("[data-rows-said]").textContent = words;
}
