// OHIF tells its makers in the console what it does, with study and patient, which is no place for them. Warnings and errors
// are still told.
const TALK = ["log", "debug", "info", "time", "timeLog", "timeEnd"];

export function keepQuiet() {
  for (const name of TALK) console[name] = () => {};
}
