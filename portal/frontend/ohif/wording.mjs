// Words that OHIF holds as plain text, outside its translations: its list of studies and titles over images. They are
// asked of our configuration instead, which knows the person's language (config/language.js).
const PLAIN = [
  "title: 'Study List'", "label: 'Patient'", "label: 'Study Date'", "label: 'Modalities'", "label: 'Description'",
  "label: 'Accession'", "label: 'Instances'", "?? 'Select a study'", "'No Description'", "'No Series'", "buttonText = 'View'",
  '}, "Launch Workflow:"', '}, "Launch workflow"', '"aria-label": "Reset filters"', '}, "Reset")', 'ariaLabel: "Filter Modalities"',
  '"aria-label": "Open settings"', '"aria-label": "Rows per page"', '"aria-label": "Previous page"', '"aria-label": "Next page"',
  "= 'Close preview'", "title: 'Study date'", "title: 'Series description'", "title: 'Window Level'", "title: 'Instance Number'",
];
const QUOTED = /(["'])([A-Z][\w: ]+)\1(\)?)$/;
const unmet = new Set(PLAIN);

export function worded(code) {
  let text = code;
  for (const plain of PLAIN.filter((one) => code.includes(one))) {
    text = text.replaceAll(plain, plain.replace(QUOTED, "globalThis.config.word($1$2$1)$3"));
    unmet.delete(plain);
  }
  return text;
}

// Raises where a new version no longer says what is translated here.
export function requireAllWorded() {
  for (const plain of unmet) throw new Error(`error: the package no longer says ${plain}`);
}
