// Storing goes by XMLHttpRequest; the server wants to see that a page of its own asked.
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

function token() {
  return document.cookie.split("; ").find((one) => one.startsWith("csrftoken="))?.slice("csrftoken=".length) ?? "";
}

export function sendTheToken() {
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    const isOurs = new URL(address, window.location.href).origin === window.location.origin;
    this.needsToken = isOurs && !SAFE.has(String(method).toUpperCase());
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.needsToken) this.setRequestHeader("X-CSRFToken", token());
    return send.call(this, body);
  };
}
