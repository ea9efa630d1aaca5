// The page of a case: its tabs, its diagram and the drafts of its form.
import { startDrafts } from "./modules/drafts.js";
import { startDiagrams } from "./modules/diagram.js";
import { startTabs } from "./modules/tabs.js";

startTabs();
startDrafts();
startDiagrams();
