// What every page runs: htmx, live changes, menus, the rail, relative times, the search key.
import htmx from "htmx.org";
import { fetchAhead } from "./modules/ahead.js";
import { startCountdowns } from "./modules/countdowns.js";
import { startKeys } from "./modules/keys.js";
import { startLive } from "./modules/live.js";
import { startMenus } from "./modules/menus.js";
import { startForgetting } from "./modules/shared_machine.js";
import { startTimes } from "./modules/times.js";
import { startUnsent } from "./modules/unsent.js";

window.htmx = htmx;
startForgetting();
startMenus();
startKeys();
startTimes();
startCountdowns();
startLive(htmx);
startUnsent();
// What the page itself needs goes first.
window.addEventListener("load", fetchAhead);

// A picture that is not there leaves its place to the symbol behind it.
document.addEventListener("error", (event) => event.target.closest?.(".thumb")?.contains(event.target) && event.target.remove(), true);
