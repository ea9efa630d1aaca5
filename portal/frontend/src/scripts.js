// The numbers beside a script, so that "line 7" is a place; the line that a refusal names is marked.
function number(area) {
  const gutter = area.parentElement.querySelector("[data-gutter]");
  let marked = 0;

  function draw() {
    const lines = area.value.split("\n").map((_text, at) => {
      const line = document.createElement("span");
      line.textContent = String(at + 1);
      line.classList.toggle("marked", at + 1 === marked);
      return line;
    });
    gutter.replaceChildren(...lines);
    gutter.scrollTop = area.scrollTop;
  }

  function mark(line) {
    marked = line;
    draw();
  }

  area.addEventListener("input", () => mark(0));
  area.addEventListener("scroll", () => (gutter.scrollTop = area.scrollTop));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    mark(Number(event.target.querySelector("[data-line]")?.dataset.line ?? 0));
  });
  draw();
}

document.querySelectorAll("textarea[data-numbered]").forEach(number);
