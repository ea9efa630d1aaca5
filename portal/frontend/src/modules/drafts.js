// Drafts save as one types. What could not be saved stays in this window, over a reload and a new sign-in.
const QUIET_MS = 700;
const TYPED = "input:not([type=hidden], [type=password]), textarea, select"; // a password is never kept

export function startDrafts() {
  document.body.addEventListener("htmx:load", (event) => begin(event.target));
  begin(document);
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  return field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value;
}

function put(field, value) {
  if (field.type === "checkbox") field.checked = Boolean(value);
  else if (field.multiple) for (const option of field.options) option.selected = (value ?? []).includes(option.value);
  else field.value = value ?? "";
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function begin(part) {
  for (const root of part.querySelectorAll?.("[data-draft]") ?? []) {
    if (!root.draft) root.draft = new Draft(root);
  }
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
  }

  read() {
    const data = {};
    for (const form of this.root.querySelectorAll("form[data-outcome]")) {
      const fields = (data[form.dataset.outcome] = {});
      for (const field of form.querySelectorAll(TYPED)) fields[field.name] = valueOf(field);
    }
    return data;
  }

  write(data) {
    for (const form of this.root.querySelectorAll("form[data-outcome]")) {
      for (const [name, value] of Object.entries(data[form.dataset.outcome] ?? {})) {
        const field = form.elements.namedItem(name);
        if (field?.matches(TYPED)) put(field, value);
      }
    }
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
      else if (answer.status === 409 && told.data) this.conflict(told);
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
    const wasRefused = this.root.querySelector("[aria-invalid=true], .notice.error");
    if (!kept || wasRefused) return;
    const { data, revision } = JSON.parse(kept);
    this.write(data);
    this.revision = revision;
    if (JSON.stringify(this.read()) !== this.sent) this.queue();
    else window.sessionStorage.removeItem(this.root.dataset.keep);
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
      for (const label of form.querySelectorAll("label")) {
        const name = document.getElementById(label.htmlFor)?.name;
        const value = data[form.dataset.outcome]?.[name];
        const otherValue = other[form.dataset.outcome]?.[name];
        if (!value && !otherValue) continue;
        const title = document.createElement("dt");
        const text = document.createElement("dd");
        title.textContent = label.textContent.replace("*", "").trim();
        text.textContent = value === true ? "✓" : String(value || "—");
        text.classList.toggle("differs", String(value || "") !== String(otherValue || ""));
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
