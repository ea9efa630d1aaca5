// Drafts save as one types. What could not be saved stays in this window, over a reload and a new sign-in.
import { enter, enteredIn, flat, isSame, isTouched } from "./entered.js";

const QUIET_MS = 700;

export function startDrafts() {
  document.body.addEventListener("htmx:load", (event) => begin(event.target));
  begin(document);
}

function begin(part) {
  for (const root of part.querySelectorAll?.("[data-draft]") ?? []) {
    if (!root.draft) root.draft = new Draft(root);
  }
}

// What a field is called on the page, in a row with the row's name; a row that only the other window has is told by its group.
export function titleOf(form, name) {
  const field = form.elements.namedItem(name);
  const words = (element) => element?.textContent.replace("*", "").trim().replace(/\s+/g, " ") ?? "";
  if (!field?.labels?.length) {
    const [group, row] = name.split(".");
    return `${words(form.querySelector(`[data-rows-of="${CSS.escape(group)}"] > legend`)) || group} ${Number(row) + 1 || ""}`.trim();
  }
  const row = words(field.closest("[data-row-entry]")?.querySelector("legend"));
  return row ? `${row} · ${words(field.labels[0])}` : words(field.labels[0]);
}

// In the order of the form; what it has no field for comes last.
function namesIn(form, ...texts) {
  const fields = [...form.elements].map((field) => field.name);
  const rank = (name) => fields.includes(name) ? fields.indexOf(name) : fields.length;
  const names = new Set(texts.flatMap(Object.keys));
  return [...names].sort((one, other) => rank(one) - rank(other));
}

class Draft {
  constructor(root) {
    this.root = root;
    this.revision = Number(root.dataset.revision);
    this.words = document.getElementById("spoken").dataset;
    this.timer = null;
    this.saving = Promise.resolve();
    this.sent = JSON.stringify(this.read());
    root.addEventListener("input", () => this.typed());
    root.addEventListener("submit", () => this.submitting());
    root.querySelector("[data-keep-mine]").addEventListener("click", () => this.keepMine());
    root.querySelector("[data-take-theirs]").addEventListener("click", () => this.takeTheirs());
    window.addEventListener("pagehide", () => this.leave());
    document.addEventListener("submit", (event) => root.contains(event.target) || this.leave(), true); // signing out among them
    this.restore();
    if (this.wasTypedEarly()) this.begin();
  }

  read() {
    const data = {};
    for (const form of this.root.querySelectorAll("form[data-outcome]")) data[form.dataset.outcome] = enteredIn(form);
    return data;
  }

  write(data) {
    for (const form of this.root.querySelectorAll("form[data-outcome]")) enter(form, data[form.dataset.outcome] ?? {});
  }

  typed() {
    window.sessionStorage.setItem(this.root.dataset.keep, JSON.stringify({ data: this.read(), revision: this.revision }));
    this.say(this.words.saving);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.queue(), QUIET_MS);
  }

  queue() {
    this.saving = this.saving.then(() => this.save());
  }

  async save() {
    const data = this.read();
    const body = JSON.stringify(data);
    if (this.isSubmitting) return;
    if (body === this.sent) return this.unchanged();
    try {
      const answer = await this.post(data);
      const told = await answer.json();
      if (answer.ok) this.saved(told, body);
      else if (answer.status === 409 && told.data) this.changedElsewhere(told, data, body);
      else this.say(answer.status === 401 ? this.words.signedOut : told.message || this.words.unsaved, true);
    } catch {
      this.say(this.words.unsaved, true);
      this.timer = setTimeout(() => this.queue(), 5000);
    }
  }

  post(data, keepalive = false) {
    const token = this.root.querySelector("[name=csrfmiddlewaretoken]").value;
    return fetch(this.root.dataset.draft, {
      method: "POST",
      keepalive,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ revision: this.revision, data }),
    });
  }

  // What was typed has been taken back: the server has it as it is.
  unchanged() {
    window.sessionStorage.removeItem(this.root.dataset.keep);
    this.say(this.words.saved);
  }

  saved(told, body) {
    this.revision = told.revision;
    this.sent = body;
    if (JSON.stringify(this.read()) === body) window.sessionStorage.removeItem(this.root.dataset.keep);
    this.root.querySelector("[data-conflict]").hidden = true;
    this.say(this.words.saved);
  }

  // Text that did not reach the server comes back first; the server then tells whether another window wrote too.
  restore() {
    const kept = window.sessionStorage.getItem(this.root.dataset.keep);
    if (this.root.querySelector("form[data-outcome] :is([aria-invalid=true], .notice.error)")) return this.refused();
    if (!kept || this.root.querySelector("[aria-invalid=true], .notice.error")) return;
    const { data, revision } = JSON.parse(kept);
    this.write(data);
    if (JSON.stringify(this.read()) === this.sent) return window.sessionStorage.removeItem(this.root.dataset.keep);
    this.revision = revision;
    this.queue();
  }

  // On a slow line one types before this script is there: that counts as typed as well.
  wasTypedEarly() {
    const isKept = window.sessionStorage.getItem(this.root.dataset.keep) !== null;
    return !isKept && [...this.root.querySelectorAll("form[data-outcome]")].some(isTouched);
  }

  begin() {
    this.sent = "";
    this.typed();
  }

  // What was refused stays typed: a reload asks for the page of the case, and does not send the form once more.
  refused() {
    window.history.replaceState(window.history.state, "", this.root.dataset.page);
    window.sessionStorage.setItem(this.root.dataset.keep, JSON.stringify({ data: this.read(), revision: this.revision }));
    this.sent = "";
  }

  // A save that this window sent as it was left comes back as another's.
  changedElsewhere(told, data, body) {
    if (isSame(told.data, data)) this.saved(told, body);
    else this.conflict(told);
  }

  conflict(told) {
    this.theirs = told;
    const box = this.root.querySelector("[data-conflict]");
    const mine = this.read();
    this.list(box.querySelector("[data-mine]"), mine, told.data);
    this.list(box.querySelector("[data-theirs]"), told.data, mine);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
    this.say(told.message, true);
  }

  list(place, data, other) {
    place.replaceChildren();
    for (const form of this.root.querySelectorAll("form[data-outcome]")) {
      const [values, others] = [data, other].map((each) => flat(each[form.dataset.outcome]));
      for (const name of namesIn(form, values, others)) {
        if (!String(values[name] || others[name] || "")) continue;
        const title = document.createElement("dt");
        const text = document.createElement("dd");
        title.textContent = titleOf(form, name);
        text.textContent = values[name] === true ? "✓" : String(values[name] || "—");
        text.classList.toggle("differs", String(values[name] || "") !== String(others[name] || ""));
        place.append(title, text);
      }
    }
  }

  keepMine() {
    this.revision = this.theirs.revision;
    this.sent = "";
    this.queue();
  }

  takeTheirs() {
    this.write(this.theirs.data);
    this.revision = this.theirs.revision;
    this.sent = JSON.stringify(this.read());
    window.sessionStorage.removeItem(this.root.dataset.keep);
    this.root.querySelector("[data-conflict]").hidden = true;
    this.say(this.words.saved);
  }

  submitting() {
    this.isSubmitting = true;
    clearTimeout(this.timer);
    window.sessionStorage.removeItem(this.root.dataset.keep);
  }

  leave() {
    const data = this.read();
    if (!this.isSubmitting && JSON.stringify(data) !== this.sent) this.post(data, true);
  }

  say(words, isWarning = false) {
    const place = this.root.querySelector("[data-draft-state]");
    place.textContent = words;
    place.classList.toggle("warning", isWarning);
  }
}
