// A form that goes while somebody is typing into it, because a colleague has taken the step, leaves their text on the
// page for them to copy.
import { titleOf } from "./drafts.js";
import { enteredIn, flat } from "./entered.js";

const PART = "case-task";

export function startKeepingText() {
  let typed = [];
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === PART) typed = typedIn(event.detail.target);
  });
  document.body.addEventListener("htmx:load", (event) => {
    if (event.target.id !== PART) return;
    if (event.target.querySelector("[data-draft]")) document.getElementById("left-text")?.remove();
    else if (typed.length) show(typed, event.target);
    typed = [];
  });
}

// Titles and texts of what somebody has entered; nothing where nobody has typed.
function typedIn(part) {
  const root = part.querySelector("[data-draft]");
  const hasTyped = root?.draft && (root.draft.revision > 0 || window.sessionStorage.getItem(root.dataset.keep));
  if (!hasTyped) return [];
  return [...root.querySelectorAll("form[data-outcome]")].flatMap((form) =>
    Object.entries(flat(enteredIn(form)))
      .filter(([, value]) => value && value.length !== 0)
      .map(([name, value]) => [titleOf(form, name), textOf(value)]),
  );
}

const textOf = (value) => (value === true ? "✓" : [value].flat().join(", "));

function show(typed, part) {
  const box = document.createElement("div");
  box.id = "left-text";
  box.className = "card";
  const body = box.appendChild(document.createElement("div"));
  body.className = "card-body refused-text";
  const notice = body.appendChild(document.createElement("div"));
  notice.className = "notice warning";
  notice.setAttribute("role", "alert");
  notice.textContent = document.getElementById("spoken").dataset.formGone;
  const list = body.appendChild(document.createElement("dl"));
  list.className = "facts";
  for (const [title, text] of typed) {
    list.appendChild(document.createElement("dt")).textContent = title;
    const told = list.appendChild(document.createElement("dd"));
    told.className = "report-text";
    told.textContent = text;
  }
  part.before(box);
}
