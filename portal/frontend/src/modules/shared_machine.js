// A hospital's machines are shared: what somebody typed and has not sent stays in the window until they sign out of it,
// or until somebody else has signed in.
const WHO = "person";

export function startForgetting() {
  document.querySelector("[data-sign-out]")?.addEventListener("submit", () => window.sessionStorage.clear());
  const { person } = document.body.dataset;
  if (!person) return;
  if ((window.sessionStorage.getItem(WHO) ?? person) !== person) window.sessionStorage.clear();
  window.sessionStorage.setItem(WHO, person);
}
