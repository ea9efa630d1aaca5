export const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
export const tidy = (value) => Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0));
