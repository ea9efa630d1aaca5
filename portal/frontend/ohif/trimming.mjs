// What is left out of OHIF's scripts: code that nothing here uses, and that its own build could not know to be unused.

// Calls that do nothing else than make icons, the calendars of a hundred languages, and words out of text: a minifier
// drops the unused ones once it is told that it may.
const PURE = [
  /(?<!function )\b(?:build(?:Localize|Match|MatchPattern|FormatLong)Fn|createLucideIcon)\(/g,
  /(?<=_namespaceObject = )JSON\.parse\(/g,
];

// The runtime of in-browser AI, whose weights would come from outside; the tools that call it are not offered (mending.mjs).
const INFERENCE = { from: "/*!\n * ONNX Runtime Web", until: "//# sourceMappingURL=ort.webgpu.min.js.map", is: "const Vw = { env: { wasm: {} } };" };

// Languages that the portal does not speak.
const LANGUAGES = { from: "const src_locales = ({", until: "});", is: "const src_locales = ({ ...en_US, ...zh " };

// Signing in at an identity provider by the viewer itself, which is only opened by who is signed in.
const SIGNING_IN = { from: "36123(module) {", until: "\n},\n", is: "36123(module) {\nmodule.exports = {};" };

// The names of drawings, in English, which a pointer at rest is shown: what a button does, its own label says.
const TITLES = /(?:\/\*#__PURE__\*\/)?react\.createElement\("title", (?:null|\{\s*id: "title"\s*\}), "[^"]+"\)/g;

const CUT = [INFERENCE, LANGUAGES, SIGNING_IN];
const untrimmed = new Set([...PURE, ...CUT, TITLES]);

export function trimmed(code) {
  return untitled(PURE.reduce(marked, CUT.reduce(shortened, code)));
}

function untitled(text) {
  return text.replace(TITLES, () => {
    untrimmed.delete(TITLES);
    return "null";
  });
}

function shortened(text, part) {
  const begin = text.indexOf(part.from);
  const end = text.indexOf(part.until, begin);
  if (begin < 0 || end < 0) return text;
  untrimmed.delete(part);
  return text.slice(0, begin) + part.is + text.slice(end);
}

function marked(text, calls) {
  return text.replace(calls, (call) => {
    untrimmed.delete(calls);
    return `/*#__PURE__*/ ${call}`;
  });
}

// Raises where a new version no longer holds what is left out of it.
export function requireAllTrimmed() {
  if (untrimmed.size) throw new Error("error: the package no longer holds what is left out of it; see trimming.mjs");
}
