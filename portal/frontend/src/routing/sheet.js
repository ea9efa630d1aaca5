// A table as plain data; every change makes a new one, so that an old one can come back.
export function moveRow(sheet, from, to) {
  const rows = [...sheet.rows];
  rows.splice(to, 0, ...rows.splice(from, 1));
  return { ...sheet, rows };
}

export function withRow(sheet, at) {
  const blank = {
    id: "",
    cells: [...sheet.inputs.map(() => "-"), ...sheet.outputs.map(() => "")],
    notes: sheet.notes.map(() => ""),
  };
  return { ...sheet, rows: [...sheet.rows.slice(0, at), blank, ...sheet.rows.slice(at)] };
}

export function withoutRow(sheet, at) {
  return { ...sheet, rows: sheet.rows.filter((_row, number) => number !== at) };
}

export function withColumn(sheet, part, name, types) {
  const isInput = part === "input";
  const at = isInput ? sheet.inputs.length : sheet.inputs.length + sheet.outputs.length;
  const column = isInput
    ? { id: "", label: name, expression: name, type: types[name] ?? "", values: "" }
    : { id: "", name, label: name, type: "", values: "", default: "" };
  const rows = sheet.rows.map((row) => ({ ...row, cells: insert(row.cells, at, isInput ? "-" : "") }));
  return isInput
    ? { ...sheet, inputs: [...sheet.inputs, column], rows }
    : { ...sheet, outputs: [...sheet.outputs, column], rows };
}

export function withoutColumn(sheet, at) {
  const without = (list, place) => list.filter((_one, number) => number !== place);
  return {
    ...sheet,
    inputs: without(sheet.inputs, at),
    outputs: without(sheet.outputs, at - sheet.inputs.length),
    rows: sheet.rows.map((row) => ({ ...row, cells: without(row.cells, at) })),
  };
}

export function withCell(sheet, row, column, text) {
  return changeRow(sheet, row, (one) => ({ ...one, cells: swap(one.cells, column, text) }));
}

export function withNote(sheet, row, column, text) {
  return changeRow(sheet, row, (one) => ({ ...one, notes: swap(sheet.notes.map((_name, at) => one.notes[at] ?? ""), column, text) }));
}

export function withHead(sheet, column, name, text, types) {
  const part = column < sheet.inputs.length ? "inputs" : "outputs";
  const at = part === "inputs" ? column : column - sheet.inputs.length;
  const changed = { ...sheet[part][at], [name]: text };
  if (name === "expression") changed.type = types[text.trim()] ?? "";
  return { ...sheet, [part]: swap(sheet[part], at, changed) };
}

function changeRow(sheet, at, change) {
  return { ...sheet, rows: swap(sheet.rows, at, change(sheet.rows[at])) };
}

function swap(list, at, value) {
  return list.map((one, number) => (number === at ? value : one));
}

function insert(list, at, value) {
  return [...list.slice(0, at), value, ...list.slice(at)];
}
