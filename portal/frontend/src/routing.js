// The editor of a routing table: cells as one types, checked and kept by the server, every change undoable.
import { Grid } from "./routing/grid.js";
import { History } from "./routing/history.js";
import { Keeper } from "./routing/keeper.js";
import { moveRow, withColumn, withRow, withoutColumn, withoutRow } from "./routing/sheet.js";

const root = document.querySelector("[data-table-editor]");
if (root) start(root);

function start(root) {
  const state = JSON.parse(document.getElementById("table-state").textContent);
  const history = new History(state.sheet, (one) => reflect(root, one));
  const grid = new Grid(root, { types: state.types, typed, act });
  const keeper = new Keeper(root, { mark: state.mark, problems: (found) => show(root, grid, found) });

  function typed(sheet, place) {
    history.push(sheet, place);
    keeper.keep(sheet);
  }

  function put(sheet, focus) {
    history.push(sheet);
    redraw(sheet, focus);
  }

  function redraw(sheet, focus) {
    grid.draw(sheet);
    root.querySelector("[data-policy]").value = sheet.policy;
    if (focus) grid.focus(...focus);
    keeper.keep(sheet);
  }

  function act(what, row, column) {
    const sheet = history.now;
    const width = sheet.inputs.length + sheet.outputs.length;
    if (what === "up" && row > 0) put(moveRow(sheet, row, row - 1), [row - 1, column]);
    if (what === "down" && row < sheet.rows.length - 1) put(moveRow(sheet, row, row + 1), [row + 1, column]);
    if (what === "add") put(withRow(sheet, row + 1), [row + 1, 0]);
    if (what === "remove") put(withoutRow(sheet, row), [Math.max(0, row - 1), 0]);
    if (what === "remove-column" && width > 1) put(withoutColumn(sheet, column), null);
    if (what === "undo") back(history.undo());
    if (what === "redo") back(history.redo());
  }

  function back(sheet) {
    if (sheet) redraw(sheet, grid.place());
  }

  on(root, "[data-add-row]", "click", () => act("add", history.now.rows.length - 1));
  on(root, "[data-undo]", "click", () => act("undo"));
  on(root, "[data-redo]", "click", () => act("redo"));
  on(root, "[data-policy]", "change", (event) => put({ ...history.now, policy: event.target.value }));
  for (const part of ["input", "output"]) {
    on(root, `[data-add-${part}]`, "change", (event) => {
      if (event.target.value) put(withColumn(history.now, part, event.target.value, state.types), null);
      event.target.value = "";
    });
  }
  grid.draw(state.sheet);
  root.querySelector("[data-policy]").value = state.sheet.policy;
  show(root, grid, state.problems);
  waitForDraft(keeper);
}

function on(root, selector, event, act) {
  root.querySelector(selector).addEventListener(event, act);
}

function reflect(root, history) {
  root.querySelector("[data-undo]").disabled = !history.canUndo;
  root.querySelector("[data-redo]").disabled = !history.canRedo;
}

function show(root, grid, problems) {
  const words = root.dataset;
  const list = root.querySelector("[data-problem-list]");
  const count = problems.length;
  root.querySelector("[data-problem-count]").textContent =
    count === 0 ? words.noProblem : count === 1 ? words.oneProblem : words.problems.replace("{n}", count);
  list.replaceChildren(
    ...problems.map((problem) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${problem.where}: ${problem.message}`;
      button.addEventListener("click", () => grid.focus((problem.row ?? 0) - 1, problem.column ?? 0));
      item.append(button);
      return item;
    }),
  );
  grid.mark(problems);
  for (const button of document.querySelectorAll("[data-publish-button]")) button.disabled = count > 0 || !root.dataset.draft;
}

// What is asked of the draft, or published, is what stands in the cells: what was typed last goes first.
function waitForDraft(keeper) {
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (!form.matches("[data-waits-for-draft]") || keeper.isKept) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (await keeper.flush()) form.requestSubmit();
    },
    true,
  );
}
