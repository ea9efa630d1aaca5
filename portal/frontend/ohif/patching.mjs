// What has to change in a script of OHIF's for it to live under an address of ours, and to be small.
import { transform } from "esbuild";
import { mended } from "./mending.mjs";

const RUNTIME_ROOT = '__webpack_require__.p = "/";';
const SLIDE_VIEWER = "'/dicom-microscopy-viewer/";

// Style sheets name their fonts from the root of the site.
export function patchedStyle(code, address) {
  return code.replaceAll("url(/", `url(${address}`);
}

// Names stay as they are: some of OHIF's classes are looked up by theirs.
const SMALLER = { minifyWhitespace: true, minifySyntax: true, legalComments: "inline", charset: "utf8" };

export async function patched(name, code, address) {
  if (name.includes("dicom-microscopy-viewer/")) return code; // minified by its makers; finds its parts beside itself
  if (name.startsWith("app.bundle.") && !code.includes(RUNTIME_ROOT)) {
    throw new Error(`error: ${name} no longer holds ${RUNTIME_ROOT}`);
  }
  const moved = mended(code)
    .replaceAll(RUNTIME_ROOT, `__webpack_require__.p = ${JSON.stringify(address)};`)
    .replaceAll(SLIDE_VIEWER, `'${address}dicom-microscopy-viewer/`);
  return (await transform(moved, SMALLER)).code;
}
