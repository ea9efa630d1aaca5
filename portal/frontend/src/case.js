// The page of a case: its tabs, its diagram and the drafts of its form.
import { copying } from "./modules/copying.js";
import { startDrafts } from "./modules/drafts.js";
import { startKeepingText } from "./modules/left_text.js";
import { startDiagrams } from "./modules/diagram.js";
import { startConditions } from "./modules/conditions.js";
import { startMentions } from "./modules/mentions.js";
import { startRows } from "./modules/rows.js";
import { startTabs } from "./modules/tabs.js";

startTabs();
startConditions();
startMentions();
startRows();
startDrafts();
startKeepingText();
copying(document.getElementById("case-task"));
startDiagrams();
