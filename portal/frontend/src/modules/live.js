// The socket says what changed; the page fetches that part again. After an interruption every part is fetched.
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;

export function startLive(htmx) {
  const path = document.body.dataset.socket;
  if (!path) return;
  const live = { socket: null, wait: FIRST_WAIT_MS, wasLost: false, known: "" };

  function connect() {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    live.socket = new WebSocket(`${scheme}://${window.location.host}${path}`);
    live.socket.addEventListener("open", () => {
      live.wait = FIRST_WAIT_MS;
      live.known = "";
      subscribe(live);
      document.documentElement.dataset.live = "on";
      if (live.wasLost) refresh(htmx, () => true);
      live.wasLost = false;
    });
    live.socket.addEventListener("message", (event) => told(htmx, JSON.parse(event.data)));
    live.socket.addEventListener("close", () => {
      live.wasLost = true;
      document.documentElement.dataset.live = "off";
      setTimeout(connect, live.wait * (0.7 + 0.6 * Math.random()));
      live.wait = Math.min(live.wait * 2, LONGEST_WAIT_MS);
    });
  }

  document.body.addEventListener("htmx:load", () => subscribe(live));
  document.addEventListener("htmx:responseError", signedOut);
  connect();
}

function subscribe(live) {
  const topics = [...new Set([...document.querySelectorAll("[data-live]")].flatMap(topicsOf))].sort();
  const known = topics.join(" ");
  if (live.socket?.readyState !== WebSocket.OPEN || known === live.known) return;
  live.known = known;
  live.socket.send(JSON.stringify({ subscribe: topics }));
}

function topicsOf(part) {
  return part.dataset.live.split(" ").filter(Boolean);
}

function told(htmx, news) {
  if (news.type === "changed") refresh(htmx, (topics) => topics.includes(news.topic));
  if (news.type === "notification") {
    refresh(htmx, (topics) => topics.includes("notifications"));
    toast(news);
  }
}

function refresh(htmx, concerned) {
  for (const part of document.querySelectorAll("[data-live][hx-get]")) {
    if (!concerned(topicsOf(part))) continue;
    const isClosed = part.closest("details[data-menu]:not([open])") && part.matches(".menu-panel");
    if (!isClosed) htmx.trigger(part, "live");
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

// A part that cannot be fetched because the sign-in ran out takes the reader to the sign-in page only
// where nothing they typed would be lost.
function signedOut(event) {
  if (event.detail.xhr.status === 401 && !document.querySelector("[data-draft]")) window.location.reload();
}
