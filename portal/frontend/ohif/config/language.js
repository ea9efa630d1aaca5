// OHIF speaks the language of the page, which is the person's; its own choice would be kept by this browser alone.
import chinese from "./chinese.json";

const SPOKEN = { "zh-hans": "zh", zh: "zh" };
const language = SPOKEN[document.documentElement.lang.toLowerCase()] ?? "en-US";

// What OHIF's own Chinese lacks, or says otherwise than radiologists do: words by the rooms that OHIF keeps them in.
export const locales = { zh: chinese };

// A word that OHIF itself holds in English alone.
export function word(text) {
  return (language === "zh" && chinese.Plain[text]) || text;
}

// Such a text with values in it.
export function phrase(text, ...values) {
  return word(text).replace(/\{(\d)\}/g, (_, place) => values[place]);
}

export function speakAsThePage() {
  window.localStorage.setItem("i18nextLng", language);
  document.cookie = `i18next=${language}; path=/viewer; SameSite=Lax`;
  // The tours lie over the images of whoever opens the viewer for the first time.
  window.localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
}
