// Makes OHIF's built site live under /viewer/files/RELEASE/: node build.mjs PACKAGE SITE RELEASE VERSION
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compressed } from "./compressing.mjs";
import { decodingFiles } from "./decoding.mjs";
import { fontsOf, joinedScript, joinedStyle } from "./joining.mjs";
import { requireAllMended } from "./mending.mjs";
import { notices, patched, patchedStyle } from "./patching.mjs";
import { requireAllTrimmed } from "./trimming.mjs";
import { requireAllWorded } from "./wording.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [source, site, release, version] = process.argv.slice(2);
const address = `/viewer/files/${release}/`;
const START_SCRIPT = "start.js";
const START_STYLE = "start.css";

async function files(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath ?? one.path, one.name)));
}

async function place(name) {
  const target = join(site, "files", name);
  await mkdir(dirname(target), { recursive: true });
  const text = () => readFile(join(source, name), "utf8");
  if (name.endsWith(".js")) await writeFile(target, await patched(name, await text(), address));
  else if (name.endsWith(".css")) await writeFile(target, patchedStyle(await text(), address));
  else await cp(join(source, name), target);
}

const names = await files(source);
for (const name of names) await place(name);
requireAllMended();
requireAllTrimmed();
requireAllWorded();
await writeFile(join(site, "files/NOTICES.txt"), [...notices].join("\n\n"));
await build({
  entryPoints: [join(here, "config/app-config.js")],
  outfile: join(site, "files/app-config.js"),
  define: { PUBLIC_ADDRESS: JSON.stringify(address) },
  bundle: true,
  format: "iife",
  target: ["es2020"],
  minify: true,
  logLevel: "warning",
});

const made = join(site, "files");
const [script, style] = [await joinedScript(made), await joinedStyle(made)];
await writeFile(join(made, START_SCRIPT), script.text);
await writeFile(join(made, START_STYLE), style.text + (await readFile(join(here, "config/preview.css"), "utf8")));
for (const name of [script.app, style.app]) await rm(join(made, name)); // nothing else asks for these two
const kept = await compressed(made, await files(made), { most: START_SCRIPT });
const facts = {
  release,
  version,
  scripts: ["app-config.js", START_SCRIPT],
  styles: [START_STYLE],
  joined_styles: style.names,
  later: [...fontsOf(style.text, address), ...(await decodingFiles(made))],
  files: kept,
};
await writeFile(join(site, "site.json"), JSON.stringify(facts));
console.log(`built ${site}`);
