// OHIF speaks the language of the page, which is the person's; its own choice would be kept by this browser alone.
const SPOKEN = { "zh-hans": "zh", zh: "zh" };

export function speakAsThePage() {
  const language = SPOKEN[document.documentElement.lang.toLowerCase()] ?? "en-US";
  window.localStorage.setItem("i18nextLng", language);
  document.cookie = `i18next=${language}; path=/viewer; SameSite=Lax`;
  // The tours lie over the images of whoever opens the viewer for the first time.
  window.localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
}
