// Markdown.
import { short } from "./figures.mjs";

/** `columns`: [title, row => value]; numbers are shortened, undefined is left empty, a column of nothing else is left out. */
export function markdown(all, rows) {
  const columns = all.filter(([, value]) => rows.some((row) => value(row) !== undefined));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const cell = (value) => (typeof value === "number" ? short(value) : (value ?? ""));
  return [
    line(columns.map(([title]) => title)),
    line(columns.map((_, i) => (typeof columns[i][1](rows[0]) === "number" ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map(([, value]) => cell(value(row))))),
  ].join("\n");
}
