// Bundles what the portal's pages load into portal/static/portal/dist: one module a page, one sprite of icons.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../static/portal/dist");

async function entries() {
  const names = await readdir(join(here, "src"));
  return names.filter((name) => /\.(js|css)$/.test(name)).map((name) => join(here, "src", name));
}

async function sprite() {
  const wanted = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(wanted.sort().map(symbol));
  return `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide, ISC licence: https://lucide.dev/license -->\n${symbols.join("\n")}\n</svg>\n`;
}

async function symbol(name) {
  const source = await readFile(join(here, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
  const shapes = source.replace(/<!--.*?-->/gs, "").replace(/^\s*<svg[^>]*>/s, "").replace(/<\/svg>\s*$/s, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s+/g, " ").trim()}</symbol>`;
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  entryPoints: await entries(),
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2020"],
  minify: true,
  legalComments: "linked",
  loader: { ".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl", ".eot": "dataurl", ".svg": "dataurl" },
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
});
await writeFile(join(dist, "icons.svg"), await sprite());
console.log(`built ${dist}`);
