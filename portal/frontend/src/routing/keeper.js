// Keeps the draft on the server as one types, and hears from it what is wrong.
const QUIET_MS = 600;

export class Keeper {
  constructor(root, { mark, problems }) {
    this.root = root;
    this.words = document.getElementById("spoken").dataset;
    this.mark = mark;
    this.problems = problems;
    this.isKept = true;
    this.saving = Promise.resolve(true);
    window.addEventListener("pagehide", () => this.isKept || this.post(this.sheet, true));
  }

  keep(sheet) {
    this.sheet = sheet;
    this.isKept = false;
    this.say(this.words.saving);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), QUIET_MS);
  }

  // Whether everything typed until now has reached the server.
  flush() {
    clearTimeout(this.timer);
    this.saving = this.saving.then(() => this.save());
    return this.saving;
  }

  async save(force = false) {
    if (this.isKept) return true;
    const sheet = this.sheet;
    try {
      const answer = await this.post(sheet, false, force);
      const told = await answer.json();
      if (answer.ok) return this.kept(sheet, told);
      if (told.conflict) this.conflict(told.message);
      else this.say(answer.status === 401 ? this.words.signedOut : told.message || this.words.unsaved, true);
    } catch {
      this.say(this.words.unsaved, true);
      this.timer = setTimeout(() => this.flush(), 5000);
    }
    return false;
  }

  post(sheet, keepalive = false, force = false) {
    const token = this.root.querySelector("[name=csrfmiddlewaretoken]").value;
    return fetch(this.root.dataset.tableEditor, {
      method: "POST",
      keepalive,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ sheet, mark: this.mark, force }),
    });
  }

  kept(sheet, told) {
    this.mark = told.mark;
    this.root.dataset.draft = "yes";
    this.isKept = this.sheet === sheet;
    if (this.isKept) {
      this.say(this.words.saved);
      this.problems(told.problems);
    }
    return this.isKept;
  }

  conflict(message) {
    this.say("", true);
    this.root.querySelector(".notice.conflict")?.remove();
    const notice = this.root.querySelector("template[data-conflict-notice]").content.firstElementChild.cloneNode(true);
    notice.classList.add("conflict");
    notice.querySelector("span").textContent = message;
    notice.querySelector("[data-reload]").addEventListener("click", () => {
      this.isKept = true;
      window.location.reload();
    });
    notice.querySelector("[data-force]").addEventListener("click", () => {
      notice.remove();
      this.saving = this.saving.then(() => this.save(true));
    });
    this.root.prepend(notice);
  }

  say(words, isWarning = false) {
    const place = this.root.querySelector("[data-draft-state]");
    place.textContent = words;
    place.classList.toggle("warning", isWarning);
  }
}
