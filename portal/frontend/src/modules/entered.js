// What is entered in a form, as data: a field by its name, the rows of a group as a list of such.
import { entries, setRows } from "./rows.js";

export const TYPED = "input:not([type=hidden], [type=password]), textarea, select"; // a password is never kept

export function enteredIn(form) {
  const data = {};
  for (const group of form.querySelectorAll("[data-rows-of]")) data[group.dataset.rowsOf] = entries(group).map(() => ({}));
  for (const field of form.querySelectorAll(TYPED)) {
    const entry = field.closest("[data-row-entry]");
    if (entry) data[groupOf(entry)][entry.dataset.rowEntry][lastPart(field.name)] = valueOf(field);
    else data[field.name] = valueOf(field);
  }
  return data;
}

export function enter(form, data) {
  for (const group of form.querySelectorAll("[data-rows-of]")) {
    const rows = data[group.dataset.rowsOf];
    if (Array.isArray(rows)) setRows(group, Math.max(rows.length, Number(group.dataset.least ?? 0)));
  }
  for (const [name, value] of Object.entries(flat(data))) {
    const field = form.elements.namedItem(name);
    if (field?.matches?.(TYPED)) put(field, value);
  }
}

// Whether a form holds something else than the page came with: somebody was quicker at it than the script.
export function isTouched(form) {
  return [...form.querySelectorAll(TYPED)].some(isChanged);
}

// The same by one name a value, as the fields of the form are named.
export function flat(data) {
  const found = {};
  for (const [name, value] of Object.entries(data ?? {})) {
    if (!isRows(value)) found[name] = value;
    else value.forEach((row, index) => Object.entries(row).forEach(([inner, each]) => (found[`${name}.${index}.${inner}`] = each)));
  }
  return found;
}

// Whether two drafts say the same, in whatever order: data by outcome.
export function isSame(one, other) {
  const names = (each) => Object.entries(each ?? {}).flatMap(([outcome, data]) => Object.entries(flat(data)).map(([name, value]) => JSON.stringify([outcome, name, value])));
  return names(one).sort().join() === names(other).sort().join();
}

const isRows = (value) => Array.isArray(value) && value.some((row) => row && typeof row === "object");
const groupOf = (entry) => entry.closest("[data-rows-of]").dataset.rowsOf;
const lastPart = (name) => name.slice(name.lastIndexOf(".") + 1);

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  return field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value;
}

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const options = [...field.options];
  const isChosen = field.multiple || options.some((option) => option.defaultSelected);
  return isChosen ? options.some((option) => option.selected !== option.defaultSelected) : field.selectedIndex > 0;
}

function put(field, value) {
  if (field.type === "checkbox") field.checked = Boolean(value);
  else if (field.multiple) for (const option of field.options) option.selected = (value ?? []).includes(option.value);
  else field.value = value ?? "";
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
