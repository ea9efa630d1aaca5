// What is left out of OHIF's scripts: code that nothing here uses, and that its own build could not know to be unused.

// Icons and the calendars of a hundred languages: made by calls that do nothing else, so a minifier drops the unused
// ones once it is told that it may.
const PURE = /(?<!function )\b((?:build(?:Localize|Match|MatchPattern|FormatLong)Fn|createLucideIcon)\()/g;

// The runtime of in-browser AI, whose weights would come from outside; the tools that call it are not offered (mending.mjs).
const INFERENCE = { from: "/*!\n * ONNX Runtime Web", until: "//# sourceMappingURL=ort.webgpu.min.js.map", is: "const Vw = { env: { wasm: {} } };" };

const untrimmed = new Set([PURE, INFERENCE]);

export function trimmed(code) {
  let text = code;
  const begin = text.indexOf(INFERENCE.from);
  const end = text.indexOf(INFERENCE.until, begin);
  if (begin >= 0 && end >= 0) {
    text = text.slice(0, begin) + INFERENCE.is + text.slice(end);
    untrimmed.delete(INFERENCE);
  }
  return text.replace(PURE, (_, call) => {
    untrimmed.delete(PURE);
    return `/*#__PURE__*/ ${call}`;
  });
}

// Raises where a new version no longer holds what is left out of it.
export function requireAllTrimmed() {
  if (untrimmed.size) throw new Error("error: the package no longer holds what is left out of it; see trimming.mjs");
}
