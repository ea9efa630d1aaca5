// The viewer's scripts, once they run, hold the page's thread for a second or more: the first image is painted before.
// They are fetched meanwhile (`preload`), and do not wait long for an image that does not come.
const PATIENCE_MS = 1500;

const decoded = (image) => image.decode().catch(() => null); // one that cannot be shown is not waited for
const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const patience = () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));

function start() {
  for (const { href } of document.querySelectorAll("link[data-start]")) {
    document.head.append(Object.assign(document.createElement("script"), { src: href, async: false }));
  }
}

export function startAfterTheFirstImage() {
  const images = [...document.querySelectorAll("[data-preview] img")];
  const shown = Promise.all(images.map(decoded)).then(() => images.length && painted());
  Promise.race([shown, patience()]).then(start);
}
