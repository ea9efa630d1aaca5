// The clock of a task goes on while the page is open: words, icon and tone, as portal/clocks.py has them.
const UNITS = { day: 86400, hour: 3600, minute: 60 };
const TICK_MS = 5000;

export function startCountdowns() {
  const lang = document.documentElement.lang;
  const formats = Object.fromEntries(
    Object.keys(UNITS).map((unit) => [unit, new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "short" })]),
  );
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-countdown]")) tell(clock, formats);
  }, TICK_MS);
}

function tell(clock, formats) {
  const now = Date.now();
  const due = new Date(clock.dataset.due);
  const isLate = now >= due;
  const isSoon = !isLate && now >= new Date(clock.dataset.soon);
  const words = (isLate ? clock.dataset.late : clock.dataset.left).replace("%(span)s", span(Math.abs(due - now) / 1000, formats));
  const time = clock.querySelector("time");
  if (time.textContent !== words) time.textContent = words;
  clock.classList.toggle("critical", isLate);
  clock.classList.toggle("warning", isSoon);
  clock.closest("tr")?.classList.toggle("overdue", isLate);
  const use = clock.querySelector("use");
  const [sprite] = use.getAttribute("href").split("#");
  const icon = `${sprite}#${isLate ? "clock-alert" : isSoon ? "hourglass" : "clock"}`;
  if (use.getAttribute("href") !== icon) use.setAttribute("href", icon);
}

function span(seconds, formats) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const parts = days ? [[days, "day"], [hours % 24, "hour"]] : [[hours, "hour"], [minutes % 60, "minute"]];
  const shown = parts.filter(([count]) => count);
  return (shown.length ? shown : [[0, "minute"]]).map(([count, unit]) => formats[unit].format(count)).join(" ");
}
