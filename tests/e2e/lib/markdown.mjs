// What the documents hold that can be checked: code blocks and how each is tested, links, headings, and words in code type.
//
// Above each code block stands one of
//   <!-- run: KIND -->            run as lib/document_runs.mjs has it for KIND
//   <!-- run: KIND; prints: X --> the same, and the output must hold X
//   <!-- run by: SCRIPT, .. -->   run by these, which are too long or too large for this test: lib/document_scripts.mjs holds them to it
//   <!-- not run: REASON -->      the reason is for the reader of the source
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./gateway.mjs";

/** README.md and docs/*.md, whose blocks are run. */
export const documents = ["README.md", ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).sort().map((name) => `docs/${name}`)];

/** Those, and the others whose links and names must be right. */
export const pages = [
  ...documents, "CONTRIBUTING.md", "src/README.md",
  ...readdirSync(join(root, "docs/decisions")).filter((name) => name.endsWith(".md")).map((name) => `docs/decisions/${name}`),
];

const MARK = /^<!-- (run|run by|not run): (.+?) -->$/;

/** @returns {{kind?: string, prints?: string, by?: string[], reason?: string} | undefined} */
function mark(line) {
  const [, verb, text] = line?.match(MARK) ?? [];
  if (verb === "not run") return { reason: text };
  if (verb === "run by") return { by: text.split(", ") };
  if (verb !== "run") return undefined;
  const [, kind, prints] = text.match(/^(.*?)(?:; prints: (.*))?$/);
  return { kind, prints };
}

/** GitHub's anchors of headings. */
function anchor(heading, taken) {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, "").replaceAll(" ", "-");
  const count = taken.get(text) ?? 0;
  taken.set(text, count + 1);
  return count === 0 ? text : `${text}-${count}`;
}

/**
 * `{blocks: [{name, line, language, text, mark}], anchors, links: [{line, target}], code: [{line, text}], unfenced: [line]}`; `name` is
 * for messages and tests: file and number of the line.
 */
export function parse(file, text = readFileSync(join(root, file), "utf8")) {
  const result = { file, text, blocks: [], anchors: new Set(), links: [], code: [], unfenced: [] };
  const taken = new Map();
  const prose = [];
  let above; // the last line that was not empty
  let block;
  for (const [i, line] of text.split("\n").entries()) {
    const fence = line.match(/^\s*```(.*)$/);
    if (block) {
      if (fence) {
        block.text = block.lines.map((one) => one.slice(Math.min(block.indent, one.search(/\S|$/)))).join("\n") + "\n";
        delete block.lines;
        result.blocks.push(block);
        above = undefined;
        block = undefined;
      } else {
        block.lines.push(line);
      }
      prose.push("");
      continue;
    }
    if (fence) {
      block = { name: `${file}:${i + 1}`, line: i + 1, language: fence[1].trim(), lines: [], indent: line.search(/\S/), mark: mark(above?.trim()) };
      prose.push("");
      continue;
    }
    // An indented block needs an empty line, or a heading, in front of it; within a list it is a paragraph.
    if (/^ {4}\S/.test(line) && (above === undefined || /^#|^\S.*[^:]$|^.*:$/.test(above)) && /^(#.*)?$/.test(text.split("\n")[i - 1] ?? "")) {
      result.unfenced.push(i + 1);
    }
    const heading = line.match(/^#{1,6} +(.*?) *#*$/);
    if (heading) result.anchors.add(anchor(heading[1], taken));
    if (line.trim() !== "") above = line;
    prose.push(line);
  }
  if (block) throw new Error(`${block.name}: the block has no end`);

  // Code type may go over the end of a line, not over that of a paragraph.
  const body = prose.join("\n");
  const lineOf = (index) => body.slice(0, index).split("\n").length;
  const spans = [...body.matchAll(/(`+)((?:(?!\n\n)[^])*?[^`])\1(?!`)/g)];
  for (const one of spans) result.code.push({ line: lineOf(one.index), text: one[2].replaceAll("\n", " ") });
  const plain = body.replace(/(`+)((?:(?!\n\n)[^])*?[^`])\1(?!`)/g, (all) => all.replace(/[^\n]/g, "`"));
  for (const one of plain.matchAll(/\]\(([^)\s]+)\)/g)) result.links.push({ line: lineOf(one.index), target: one[1] });
  return result;
}
