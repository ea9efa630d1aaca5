// The socket says what changed; the page fetches that part again. After an interruption every part is fetched.
// News that comes while a part is on its way is not lost: the part is fetched once more when it is there.
// What changed between the making of the page and its first subscription is found by fetching one part again:
// only if it shows another revision are the others fetched too.
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const NOT_SIGNED_IN = 4401;
const SETTLED_MS = 60; // htmx has made what it put into the page work
const LATER_MS = 1500;
const again = new Set();

export function startLive(htmx) {
  const path = document.body.dataset.socket;
  if (!path) return;
  const live = { socket: null, wait: FIRST_WAIT_MS, wasLost: false, known: new Set(), isFirst: true };
  const made = shownRevision();

  function connect() {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    live.socket = new WebSocket(`${scheme}://${window.location.host}${path}`);
    live.socket.addEventListener("open", () => {
      live.wait = FIRST_WAIT_MS;
      live.known.clear();
      subscribe(live);
      document.documentElement.dataset.live = "on";
      if (live.wasLost) refresh(htmx, () => true);
      live.wasLost = false;
    });
    live.socket.addEventListener("message", (event) => {
      const news = JSON.parse(event.data);
      if (news.type === "subscribed" && live.isFirst) {
        live.isFirst = false;
        refresh(htmx, () => true, "[data-live-first]");
      } else told(htmx, news);
      if (news.type === "subscribed" || news.type === "changed") lookOnceMore(htmx, live);
    });
    live.socket.addEventListener("close", (event) => {
      if (event.code === NOT_SIGNED_IN) return sayAtTop("signedOut");
      live.wasLost = true;
      document.documentElement.dataset.live = "off";
      setTimeout(connect, live.wait * (0.7 + 0.6 * Math.random()));
      live.wait = Math.min(live.wait * 2, LONGEST_WAIT_MS);
    });
  }

  document.body.addEventListener("htmx:load", () => subscribe(live));
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { id } = event.detail.requestConfig.elt; // a part that has put a newer one in its place is not the event's own
    if (again.delete(id)) setTimeout(() => htmx.trigger(`#${CSS.escape(id)}`, "live"), SETTLED_MS);
  });
  document.body.addEventListener("htmx:load", function compare(event) {
    if (live.isFirst || !event.detail.elt.matches?.("[data-revision]")) return;
    if (shownRevision() === made) return;
    document.body.removeEventListener("htmx:load", compare);
    refresh(htmx, () => true, "[data-live]:not([data-live-first])");
  });
  document.body.addEventListener("htmx:responseError", (event) => event.detail.xhr.status === 401 && sayAtTop("signedOut"));
  connect();
}

// A part may have been read while the change was being written, or just before the subscription took hold.
function lookOnceMore(htmx, live) {
  clearTimeout(live.later);
  live.later = setTimeout(() => refresh(htmx, () => true, "[data-live-first]"), LATER_MS);
}

function subscribe(live) {
  if (live.socket?.readyState !== WebSocket.OPEN) return;
  const topics = new Set([...document.querySelectorAll("[data-live]")].flatMap(topicsOf));
  topics.delete("notifications"); // every open page is told of those anyway
  const fresh = [...topics].filter((topic) => !live.known.has(topic));
  if (fresh.length === 0) return;
  for (const topic of fresh) live.known.add(topic);
  live.socket.send(JSON.stringify({ subscribe: fresh }));
}

function shownRevision() {
  return document.querySelector("[data-revision]")?.dataset.revision;
}

function topicsOf(part) {
  return part.dataset.live.split(" ").filter(Boolean);
}

function told(htmx, news) {
  if (news.type === "changed") refresh(htmx, (topics) => topics.includes(news.topic));
  if (news.type === "refetch") refresh(htmx, () => true);
  if (news.type === "notification") {
    refresh(htmx, (topics) => topics.includes("notifications"));
    toast(news);
  }
}

function refresh(htmx, concerned, parts = "[data-live]") {
  for (const part of document.querySelectorAll(parts)) {
    if (!concerned(topicsOf(part))) continue;
    const isClosed = part.closest("details[data-menu]:not([open])") && part.matches(".menu-panel");
    if (isClosed) continue;
    if (part.id && part.classList.contains("htmx-request")) again.add(part.id);
    else htmx.trigger(part, "live");
  }
}

function toast(news) {
  const made = document.getElementById("toast-template").content.cloneNode(true);
  made.querySelector("[data-title]").textContent = news.title;
  made.querySelector("[data-body]").textContent = news.body;
  const link = made.querySelector("[data-href]");
  if (news.href?.startsWith("/")) link.href = news.href;
  else link.remove();
  const shown = made.firstElementChild;
  document.getElementById("toasts").append(made);
  setTimeout(() => shown.remove(), 15000);
}

// Typed text is never taken away by a reload: the page says what happened and stays as it is.
function sayAtTop(word) {
  if (document.querySelector("[data-said-at-top]")) return;
  const made = document.createElement("div");
  made.className = "notice warning";
  made.dataset.saidAtTop = word;
  made.setAttribute("role", "alert");
  const words = document.getElementById("spoken").dataset;
  made.append(words[word]);
  const door = document.createElement("a");
  Object.assign(door, { className: "button small", target: "_blank", href: "/sign-in/", textContent: words.signIn });
  made.append(door);
  document.getElementById("content").prepend(made);
}
