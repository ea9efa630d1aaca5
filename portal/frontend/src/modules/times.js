// "3 min ago" stays true while the page is open.
const STEPS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function startTimes() {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short", numeric: "always" });
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = say(words, time.dateTime);
  }, 20000);
}

function say(words, moment) {
  const seconds = (new Date(moment) - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length * 0.85) ?? ["second", 1];
  return words.format(Math.round(seconds / size), unit);
}
