// Words that OHIF holds as plain text are asked of our configuration, which knows the person's language (config/language.js).
import { readFileSync } from "node:fs";
import { COMPOSED, PLAIN } from "./plain-words.mjs";

const CHINESE = JSON.parse(readFileSync(new URL("config/chinese.json", import.meta.url), "utf8")).Plain;
const QUOTED = /(["'])((?:(?!\1).)+)\1(\)?)$/;
const ASKED = /globalThis\.config\.(?:word|phrase)\(("[^"]+")/g;

const asked = (was) => ({ was, is: was.replace(QUOTED, (_, _quote, text, end) => `globalThis.config.word(${JSON.stringify(text)})${end}`) });
const WORDED = [...PLAIN.map(asked), ...COMPOSED];
const unmet = new Set(WORDED);

export function worded(code) {
  let text = code;
  for (const one of WORDED.filter(({ was }) => code.includes(was))) {
    text = text.replaceAll(one.was, () => one.is);
    unmet.delete(one);
  }
  return text;
}

// Raises where a new version no longer says what is translated here, and where there is no Chinese for it.
export function requireAllWorded() {
  for (const { was } of unmet) throw new Error(`error: the package no longer says ${was}`);
  for (const { is } of WORDED) {
    for (const [, text] of is.matchAll(ASKED)) {
      if (!(JSON.parse(text) in CHINESE)) throw new Error(`error: config/chinese.json has no word for ${text}`);
    }
  }
}
