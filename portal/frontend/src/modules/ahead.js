// Fetches what the diagnostic viewer starts with while a page that leads to it is read: the browser keeps it for good.
// The page names the files (`{% viewer_ahead %}`); whoever saves data fetches them when they are needed.
const IDLE_BY_MS = 3000;
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
const KINDS = { css: "style", js: "script" };

export function fetchAhead() {
  const files = document.querySelector("meta[name=viewer-ahead]")?.content.split(" ") ?? [];
  if (files.length && !navigator.connection?.saveData) whenIdle(() => files.forEach(prefetch), { timeout: IDLE_BY_MS });
}

function prefetch(address) {
  const kind = KINDS[address.split(".").pop()];
  document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: address, ...(kind && { as: kind }) }));
}
