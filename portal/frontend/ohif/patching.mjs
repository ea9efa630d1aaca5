// What has to change in a script of OHIF's for it to live under an address of ours, and to be small.
import { transform } from "esbuild";
import { viewOf } from "./views.mjs";

const RUNTIME_ROOT = '__webpack_require__.p = "/";';
const SLIDE_VIEWER = "'/dicom-microscopy-viewer/";

// A slice of one value alone has a window of no width: the grey scale made of it stays upside down for the whole series.
const WINDOW_SET = "imageActor.getProperty().setUseLookupTableScalarRange(true);";
const WINDOW_WIDENED =
  "if (voiRangeToUse.upper <= voiRangeToUse.lower) voiRangeToUse = { lower: voiRangeToUse.lower, upper: voiRangeToUse.lower + 1 };";

// What is laid over a series waits for it, and would miss it where several series arrive together.
const FIRST_ADDED = "const addedDisplaySet = displaySetsAdded[0];";
const ITS_OWN_ADDED =
  "const addedDisplaySet = displaySetsAdded.find((one) => one.SeriesInstanceUID === displaySet.referencedSeriesInstanceUID) ?? displaySetsAdded[0];";

const COMPILED_VIEWS = "function compileConstructor(dtype, dimension) {";
const PLAIN_VIEWS = `${COMPILED_VIEWS} return viewOf(dtype, dimension, CACHED_CONSTRUCTORS[dtype], order); }
${viewOf}
function compileConstructorFromText(dtype, dimension) {`;

// Style sheets name their fonts from the root of the site.
export function patchedStyle(code, address) {
  return code.replaceAll("url(/", `url(${address}`);
}

// Names stay as they are: some of OHIF's classes are looked up by theirs.
const SMALLER = { minifyWhitespace: true, minifySyntax: true, legalComments: "inline", charset: "utf8" };

export async function patched(name, code, address) {
  if (name.includes("dicom-microscopy-viewer/")) return code; // minified by its makers; finds its parts beside itself
  const moved = code
    .replaceAll(RUNTIME_ROOT, `__webpack_require__.p = ${JSON.stringify(address)};`)
    .replaceAll(SLIDE_VIEWER, `'${address}dicom-microscopy-viewer/`)
    .replaceAll(FIRST_ADDED, ITS_OWN_ADDED)
    .replaceAll(COMPILED_VIEWS, () => PLAIN_VIEWS) // a function: its text holds no patterns to fill in
    .replaceAll(WINDOW_SET, `${WINDOW_WIDENED} ${WINDOW_SET}`);
  if (name.startsWith("app.bundle.")) {
    for (const wanted of [RUNTIME_ROOT, WINDOW_SET, COMPILED_VIEWS]) {
      if (!code.includes(wanted)) throw new Error(`error: ${name} no longer holds ${wanted}`);
    }
  }
  return (await transform(moved, SMALLER)).code;
}
