// What is mended in OHIF's own code: what was, what becomes of it, and why.
import { viewOf } from "./views.mjs";

// A slice of one value alone has a window of no width: the grey scale made of it stays upside down for the whole series.
const WIDE_WINDOWS = {
  was: "imageActor.getProperty().setUseLookupTableScalarRange(true);",
  is: `if (voiRangeToUse.upper <= voiRangeToUse.lower) voiRangeToUse = { lower: voiRangeToUse.lower, upper: voiRangeToUse.lower + 1 };
  imageActor.getProperty().setUseLookupTableScalarRange(true);`,
};

// What is laid over a series waits for it, and would miss it where several series arrive together.
const OVERLAYS_FIND_THEIR_SERIES = {
  was: "const addedDisplaySet = displaySetsAdded[0];",
  is: "const addedDisplaySet = displaySetsAdded.find((one) => one.SeriesInstanceUID === displaySet.referencedSeriesInstanceUID) ?? displaySetsAdded[0];",
};

const COMPILED_VIEWS = "function compileConstructor(dtype, dimension) {";
const PLAIN_VIEWS = {
  was: COMPILED_VIEWS,
  is: `${COMPILED_VIEWS} return viewOf(dtype, dimension, CACHED_CONSTRUCTORS[dtype], order); }
${viewOf}
function compileConstructorFromText(dtype, dimension) {`,
};

// Seven WebGL contexts were made before the first image; most hangings need one or two, each made when it is first used.
const CONTEXTS_LATER = {
  was: "for (let i = 0; i < count; i++) {\n            const offscreenMultiRenderWindow = vtkClasses",
  is: "this.contexts.length = count;\n        this.makeContext = (i) => {\n            const offscreenMultiRenderWindow = vtkClasses",
};
const CONTEXT_KEPT = {
  was: "this.contexts.push(offscreenMultiRenderWindow);\n            this.offScreenCanvasContainers.push(container);\n        }",
  is: "this.contexts[i] = offscreenMultiRenderWindow;\n            this.offScreenCanvasContainers[i] = container;\n        };",
};
const CONTEXT_MADE = {
  was: "if (index >= 0 && index < this.contexts.length) {\n            return {",
  is: "if (index >= 0 && index < this.contexts.length) {\n            if (!this.contexts[index]) this.makeContext(index);\n            return {",
};

// Whoever may store nothing is not offered to store a report: the style sheet hides a button that holds this mark.
const REPORT_MARKED = {
  was: "t('Create SR'))",
  is: "/*#__PURE__*/react.createElement('span', { 'data-cy': 'create-report' }, t('Create SR')))",
};

// Tools of in-browser AI, whose weights would be fetched from outside, which the page's policy refuses.
const NO_WEIGHTS_FROM_OUTSIDE = {
  was: "LabelMapTools: ['LabelmapSlicePropagation', 'BrushTools', 'MarkerLabelmap', ",
  is: "LabelMapTools: ['BrushTools', ",
};

// Menus read their words while the scripts are evaluated: ours have to be there before.
const WORDS_ADDED = '.A.addLocales = addLocales;';
const OUR_WORDS = { was: WORDS_ADDED, is: `${WORDS_ADDED}\naddLocales(globalThis.config?.locales ?? {});` };

const MENDED = [
  WIDE_WINDOWS, OVERLAYS_FIND_THEIR_SERIES, PLAIN_VIEWS, CONTEXTS_LATER, CONTEXT_KEPT, CONTEXT_MADE, REPORT_MARKED,
  NO_WEIGHTS_FROM_OUTSIDE, OUR_WORDS,
];
const unmet = new Set(MENDED);

export function mended(code) {
  let text = code;
  for (const mend of MENDED.filter(({ was }) => code.includes(was))) {
    text = text.replaceAll(mend.was, () => mend.is); // a function: its text holds no patterns to fill in
    unmet.delete(mend);
  }
  return text;
}

// Raises where a new version no longer holds what is mended in it.
export function requireAllMended() {
  for (const { was } of unmet) throw new Error(`error: the package no longer holds ${was}`);
}
