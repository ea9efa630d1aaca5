// The process as drawn, with tokens where it stands. bpmn-js keeps its watermark as its licence asks.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

const READABLE = 0.7;
const MARGIN = 0.96;
const MARKS = { completed: "done", active: "open", failed: "broken", waiting: "waits" };

export function startDiagrams() {
  for (const place of document.querySelectorAll("[data-diagram]")) start(place);
}

async function start(place) {
  const drawn = { viewer: new NavigatedViewer({ container: place }), facts: null, marked: [] };
  await draw(place, drawn);
  place.addEventListener("live", () => draw(place, drawn));
  new ResizeObserver(() => resized(place, drawn)).observe(place);
  drawn.viewer.get("eventBus").on("element.click", ({ element }) => say(place, drawn.facts, element));
  place.closest(".diagram-card").querySelector("[data-diagram-grow]").addEventListener("click", (event) => grow(place, drawn, event.currentTarget));
  for (const button of document.querySelectorAll("[data-diagram-show]")) {
    button.addEventListener("click", () => point(place, drawn, button.dataset.diagramShow));
  }
  document.addEventListener("keydown", (event) => {
    const card = place.closest(".diagram-card");
    if (event.key === "Escape" && card.classList.contains("diagram-large")) grow(place, drawn, card.querySelector("[data-diagram-grow]"));
  });
}

async function draw(place, drawn) {
  try {
    const answer = await fetch(place.dataset.diagram, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const facts = await answer.json();
    if (facts.xml !== drawn.facts?.xml) {
      await drawn.viewer.importXML(facts.xml);
      drawn.marked = [];
    }
    drawn.facts = facts;
    mark(drawn);
    show(place, drawn);
  } catch (error) {
    if (!drawn.facts) sayNothingIsDrawn(place, error);
  }
}

function sayNothingIsDrawn(place, error) {
  const words = document.getElementById("spoken").dataset;
  const line = document.createElement("p");
  line.className = "card-body hint";
  line.textContent = error.message.startsWith("no diagram") ? words.noDrawing : words.noDiagram;
  place.replaceChildren(line);
}

function mark(drawn) {
  const canvas = drawn.viewer.get("canvas");
  const known = drawn.viewer.get("elementRegistry");
  for (const [id, name] of drawn.marked) canvas.removeMarker(id, name);
  drawn.marked = Object.entries(drawn.facts.elements)
    .filter(([id, element]) => known.get(id) && MARKS[element.status])
    .map(([id, element]) => [id, MARKS[element.status]]);
  for (const [id, name] of drawn.marked) canvas.addMarker(id, name);
}

// The whole drawing where there is room for it; else the open step, large enough to be read.
function show(place, drawn) {
  const canvas = drawn.viewer.get("canvas");
  canvas.resized();
  const whole = canvas.zoom("fit-viewport", "auto");
  const open = drawn.viewer.get("elementRegistry").get(drawn.facts.active[0]);
  const view = canvas.viewbox();
  if (!open || whole >= READABLE || place.closest(".diagram-large")) {
    canvas.zoom(whole * MARGIN, { x: view.outer.width / 2, y: view.outer.height / 2 });
    return;
  }
  const width = view.outer.width / READABLE;
  const height = view.outer.height / READABLE;
  canvas.viewbox({ x: open.x + open.width / 2 - width / 2, y: open.y + open.height / 2 - height / 2, width, height });
}

// A drawing that was hidden, or has another width now, is fitted anew.
function resized(place, drawn) {
  const width = place.clientWidth;
  if (!width || width === drawn.width || !drawn.facts) return;
  drawn.width = width;
  show(place, drawn);
}

function grow(place, drawn, button) {
  const large = place.closest(".diagram-card").classList.toggle("diagram-large");
  button.setAttribute("aria-pressed", String(large));
  show(place, drawn);
}

// An element brought into the middle, large enough to be read.
function point(place, drawn, id) {
  const element = drawn.viewer.get("elementRegistry").get(id);
  if (!element) return;
  const canvas = drawn.viewer.get("canvas");
  canvas.zoom(READABLE, "auto");
  canvas.scrollToElement(element);
  place.scrollIntoView({ block: "nearest" });
  say(place, drawn.facts, element);
}

function say(place, facts, element) {
  const line = place.closest(".diagram-card").querySelector("[data-diagram-step]");
  const step = facts?.elements[element.id];
  const name = step?.name || element.businessObject?.name;
  const words = [name, step?.word, step?.at, step?.actor].filter(Boolean).join(" · ");
  line.hidden = !words;
  line.textContent = words;
}
