// What a person sends and no server takes: the form says so and keeps what was typed. Parts that the page fetches by
// itself are fetched again when the socket is back.
export function startUnsent() {
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.body.addEventListener(name, tell);
}

function tell({ detail }) {
  const { status } = detail.xhr;
  const form = detail.elt.closest("form");
  const isTaken = status > 0 && status < 500;
  if (isTaken || !form || detail.requestConfig.verb === "get") return;
  form.querySelector("[data-unsent]")?.remove();
  const notice = document.createElement("div");
  notice.className = "notice error";
  notice.dataset.unsent = "";
  notice.setAttribute("role", "alert");
  notice.textContent = document.getElementById("spoken").dataset.unsent;
  form.append(notice);
}
