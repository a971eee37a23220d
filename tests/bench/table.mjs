// Markdown.
import { short } from "./figures.mjs";

/** `columns`: [title, row => value]; numbers are shortened, undefined is left empty. */
export function markdown(columns, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const cell = (value) => (typeof value === "number" ? short(value) : (value ?? ""));
  return [
    line(columns.map(([title]) => title)),
    line(columns.map((_, i) => (typeof columns[i][1](rows[0]) === "number" ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map(([, value]) => cell(value(row))))),
  ].join("\n");
}
