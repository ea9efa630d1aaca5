// Whose images these are, on every viewport: a screen with two of them must never leave it open.
import { word } from "./language.js";

const plain = (name) => String(name ?? "").replaceAll("^", " ").replace(/\s+/g, " ").trim();

// Every script of the name: DICOM JSON gives them apart, other readers in one text (PS3.5 §6.2.1).
function names(value) {
  const one = Array.isArray(value) ? value[0] : value;
  const parts = one && typeof one === "object" ? [one.Ideographic, one.Alphabetic] : String(one ?? "").split("=").reverse();
  return parts.map(plain).filter(Boolean).join(" · ");
}

function day(text) {
  const parts = /^(\d{4})(\d{2})(\d{2})/.exec(String(text ?? ""));
  return parts && parts.slice(1).map(Number);
}

// Whole years at the time of the study; the age the modality wrote goes first (PS3.3 §C.7.2.2).
function age({ PatientAge, PatientBirthDate, StudyDate }) {
  if (PatientAge) return String(PatientAge).replace(/^0+(?=\d)/, "");
  const [born, seen] = [day(PatientBirthDate), day(StudyDate)];
  if (!born || !seen) return "";
  const isBefore = seen[1] < born[1] || (seen[1] === born[1] && seen[2] < born[2]);
  return `${seen[0] - born[0] - (isBefore ? 1 : 0)}Y`;
}

const facts = (instance) => [instance.PatientSex, age(instance)].filter(Boolean).join(" ");

const line = (id, title, content) => ({
  id,
  inheritsFrom: "ohif.overlayItem",
  label: "",
  title: word(title),
  condition: ({ referenceInstance }) => Boolean(referenceInstance && content(referenceInstance)),
  contentF: ({ referenceInstance }) => content(referenceInstance),
});

export const identity = {
  "viewportOverlay.topRight": {
    $set: [
      line("PatientName", "Patient name", (instance) => names(instance.PatientName)),
      line("PatientID", "Patient ID", (instance) => String(instance.PatientID ?? "")),
      line("PatientFacts", "Sex and age", facts),
    ],
  },
};
