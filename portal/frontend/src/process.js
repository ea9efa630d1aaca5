// The page of a process for its designers: the drawing, and the way from a problem to its element.
import { startDiagrams } from "./modules/diagram.js";

startDiagrams();
