// What has to change in a script of OHIF's for it to live under an address of ours, and to be small.
import { minify } from "oxc-minify";
import { mended } from "./mending.mjs";
import { trimmed } from "./trimming.mjs";
import { worded } from "./wording.mjs";

const RUNTIME_ROOT = '__webpack_require__.p = "/";';
const SLIDE_VIEWER = "'/dicom-microscopy-viewer/";

// Style sheets name their fonts from the root of the site.
export function patchedStyle(code, address) {
  return code.replaceAll("url(/", `url(${address}`);
}

// Classes keep their names: some are looked up by them.
const KEPT = { function: false, class: true };
const SMALLER = {
  compress: { target: "es2022", keepNames: KEPT },
  mangle: { keepNames: KEPT },
  codegen: { legalComments: "external" },
};

export const notices = new Set(); // of licences, which stand in a file of their own

async function smaller(name, code) {
  const made = await minify(name, code, SMALLER);
  if (made.errors.length) throw new Error(`error: ${name}: ${made.errors[0].message}`);
  for (const notice of made.legalComments) notices.add(notice);
  return made.code;
}

export async function patched(name, code, address) {
  if (name.includes("dicom-microscopy-viewer/")) return code; // minified by its makers; finds its parts beside itself
  if (name.startsWith("app.bundle.") && !code.includes(RUNTIME_ROOT)) {
    throw new Error(`error: ${name} no longer holds ${RUNTIME_ROOT}`);
  }
  const moved = worded(trimmed(mended(code)))
    .replaceAll(RUNTIME_ROOT, `__webpack_require__.p = ${JSON.stringify(address)};`)
    .replaceAll(SLIDE_VIEWER, `'${address}dicom-microscopy-viewer/`);
  return smaller(name, moved);
}
