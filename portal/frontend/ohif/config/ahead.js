// What OHIF will ask of the archive, one after the other, before it draws: asked all at once while its scripts load.
import { dataSource } from "./data-source.js";

const ROOT = dataSource.configuration.wadoRoot;
const JSON_TYPE = "application/dicom+json";
const FRAME_TYPE = 'multipart/related; type="application/octet-stream"; transfer-syntax="*"';
const STUDY_FIELDS = "00081030%2C00080060%2C00080090%2C00100030";
const SERIES_FIELDS = "00080021%2C00080031%2C0008103E%2C00200011";

// In OHIF's own words to the letter: an answer is given to the very address it was fetched for.
function addresses({ study, series, instance }) {
  const found = [
    [`${ROOT}/studies?limit=101&offset=0&fuzzymatching=true&includefield=${STUDY_FIELDS}&StudyInstanceUID=${study}`, JSON_TYPE],
    [`${ROOT}/studies/${study}/series?includefield=${SERIES_FIELDS}`, JSON_TYPE],
  ];
  if (!instance) return found;
  const place = `${ROOT}/studies/${study}/series/${series}`;
  return [...found, [`${place}/metadata`, JSON_TYPE], [`${place}/instances/${instance}/frames/1`, FRAME_TYPE]];
}

async function answer(address, accept) {
  const response = await fetch(address, { headers: { Accept: accept }, credentials: "same-origin" });
  return response.status === 200 ? response : null;
}

// Returns how to forget the answers, which are of this moment: later questions go to the archive.
export function askAhead() {
  const answers = new Map();
  for (const { dataset } of document.querySelectorAll("[data-preview] [data-study]")) {
    for (const [address, accept] of addresses(dataset)) answers.set(address, answer(address, accept).catch(() => null));
  }
  answerFetches(answers);
  answerRequests(answers);
  return () => answers.clear();
}

function answerFetches(answers) {
  const ask = window.fetch;
  window.fetch = async function (address, options) {
    const ahead = answers.get(address);
    if (!ahead || (options?.method ?? "GET") !== "GET") return ask.call(this, address, options);
    answers.delete(address); // a body is read once
    return (await ahead) ?? ask.call(this, address, options);
  };
}

// An XMLHttpRequest reads the answer from memory: opened anew, at the address of a blob, when it is sent.
function answerRequests(answers) {
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    this.ahead = method.toUpperCase() === "GET" ? answers.get(String(address)) : undefined;
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (!this.ahead) return send.call(this, body);
    this.ahead.then(async (response) => {
      if (response) {
        const memory = URL.createObjectURL(await response.clone().blob());
        this.addEventListener("loadend", () => URL.revokeObjectURL(memory), { once: true });
        open.call(this, "GET", memory);
      }
      send.call(this, body);
    });
  };
}
