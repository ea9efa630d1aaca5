// One script and one style sheet of what every viewing asks for first, in place of some forty small ones.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

// The parts that a browser asks for while a study is opened; a new version of OHIF numbers them anew.
const PARTS = [
  1673, 6938, 6489, 6495, 8478, 89, 2779, 2623, 6749, 5696, 1483, 9383, 7499, 8492, 9290, 4683, 1180, 7248, 781, 9415,
  3500, 9116, 100, 5406, 3760, 9068, 5448, 899, 5910, 7463, 1206,
];
const STYLES_ALONE = [6214, 3833]; // parts that are no more than a style sheet
const APP_STYLE = "app.bundle.css";

function theOne(names, pattern, what) {
  const found = names.find((name) => pattern.test(name));
  if (!found) throw new Error(`error: the package holds no ${what}`);
  return found;
}

function isPartOf(application, name) {
  const [, part, make] = /^(\d+)\.bundle\.(\w+)\.js$/.exec(name);
  return new RegExp(`\\b${part}:["'\`]${make}["'\`]`).test(application);
}

// Each part keeps its own strictness; the application comes last and finds the others waiting.
export async function joinedScript(folder) {
  const names = await readdir(folder);
  const parts = PARTS.map((part) => theOne(names, new RegExp(`^${part}\\.bundle\\.[0-9a-f]+\\.js$`), `part ${part}`));
  const app = theOne(names, /^app\.bundle\.[0-9a-f]+\.js$/, "application bundle");
  const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), "utf8")));
  const own = await readFile(join(folder, app), "utf8");
  // A worker's part may hold another make of a module of the application's: one must not replace the other.
  const strange = parts.filter((name) => !isPartOf(own, name));
  if (strange.length) throw new Error(`error: ${strange.join(", ")} is no part of the application`);
  return { text: [...texts.map((text) => `(()=>{${text}\n})();`), own].join("\n"), app };
}

// The style sheets of the same parts; `names` are what OHIF would ask for and finds loaded.
export async function joinedStyle(folder) {
  const names = (await readdir(folder)).filter((name) => [...PARTS, ...STYLES_ALONE].some((part) => name === `${part}.css`));
  const texts = await Promise.all([APP_STYLE, ...names].map((name) => readFile(join(folder, name), "utf8")));
  return { text: texts.join("\n"), names, app: APP_STYLE };
}

// The files of fonts that a style sheet names below an address.
export function fontsOf(style, address) {
  const named = style.split(`url(${address}`).slice(1).map((behind) => behind.split(")")[0]);
  return [...new Set(named.filter((name) => name.endsWith(".woff2")))];
}
