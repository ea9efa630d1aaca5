// Fields that depend on others come and go as one types, by the same few words as workflows/forms/rules.py; the
// server decides once more.
export function startConditions() {
  document.addEventListener("input", (event) => decide(event.target.closest("form[data-outcome]")));
  document.addEventListener("change", (event) => decide(event.target.closest("form[data-outcome]")));
  document.body.addEventListener("htmx:load", (event) => event.target.querySelectorAll?.("form[data-outcome]").forEach(decide));
  document.querySelectorAll("form[data-outcome]").forEach(decide);
}

function decide(form) {
  const ruled = form ? [...form.querySelectorAll("[data-rule]")] : [];
  const known = new Map();
  for (const field of ruled) field.hidden = !isShown(form, field.dataset.field, known);
}

function isShown(form, name, known) {
  const field = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  if (!field?.dataset.rule) return true;
  if (!known.has(name)) {
    known.set(name, true);
    const { effect, condition } = JSON.parse(field.dataset.rule);
    const looked = condition.scope.replace("#/properties/", "");
    const value = isShown(form, looked, known) ? valueOf(form.elements.namedItem(looked)) : null;
    known.set(name, holds(condition.schema, value) === (effect === "SHOW"));
  }
  return known.get(name);
}

// What was not entered counts as null.
function valueOf(field) {
  if (!field) return null;
  if (field.type === "checkbox") return field.checked;
  if (field.multiple) return field.selectedOptions.length ? [...field.selectedOptions].map((option) => option.value) : null;
  const text = field.value.trim();
  if (!text) return null;
  return field.dataset.type === "number" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function holds(schema, value) {
  return Object.entries(schema).every(([word, given]) => WORDS[word]?.(given, value) ?? true);
}

const isNumber = (value) => typeof value === "number";
const WORDS = {
  const: (given, value) => given === value,
  enum: (given, value) => given.includes(value),
  not: (given, value) => !holds(given, value),
  type: (given, value) => [given].flat().some((kind) => KINDS[kind]?.(value)),
  minimum: (given, value) => !isNumber(value) || value >= given,
  maximum: (given, value) => !isNumber(value) || value <= given,
  minLength: (given, value) => typeof value !== "string" || [...value].length >= given,
};
const KINDS = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  number: isNumber,
  integer: Number.isInteger,
  array: Array.isArray,
};
