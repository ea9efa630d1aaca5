// Fetches what the diagnostic viewer starts with while the page that leads to it is read: it is kept for good.
export function fetchAhead() {
  const way = document.querySelector("[data-diagnostic-viewer][data-ahead]");
  if (!way || navigator.connection?.saveData) return;
  for (const address of way.dataset.ahead.split(" ")) {
    const link = document.createElement("link");
    link.rel = "prefetch";
    link.as = address.endsWith(".css") ? "style" : "script";
    link.href = address;
    document.head.append(link);
  }
}
