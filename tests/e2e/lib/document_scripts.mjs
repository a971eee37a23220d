// Blocks of the documents that scripts run: how a script gets the very text, and whether a document names one that has it.
//   node tests/e2e/lib/document_scripts.mjs DOCUMENT SCRIPT     prints the blocks of DOCUMENT marked `<!-- run by: SCRIPT -->`
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { root } from "./gateway.mjs";
import { parse } from "./markdown.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

/** The text of what `script` runs of `document`; throws if that is nothing. */
export function textRunBy(document, script, page = parse(document)) {
  const blocks = page.blocks.filter(({ mark }) => mark?.by?.includes(script));
  if (blocks.length === 0) throw new Error(`${document} has no block that is run by ${script}`);
  return blocks.map(({ text }) => text).join("");
}

/** The commands of a block, one each: comments and the ends of continued lines left out. */
export function commandsOf(text) {
  return text.replace(/\\\n\s*/g, "").split("\n").map((line) => line.replace(/(^|\s+)#.*$/, "").trim()).filter((line) => line !== "");
}

/** Whether the script takes its blocks out of the document, rather than repeating them. */
const takesFrom = (script, document) => new RegExp(`(document_scripts\\.mjs|textRunBy\\(")\\s*"?${document.replaceAll(".", "\\.")}\\b`).test(script);

/** What is wrong with a block that scripts are said to run: texts, none if each of its commands is in one of them. */
export function faultsOfScripts({ file, text, mark }) {
  const missing = mark.by.filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) return missing.map((path) => `there is no ${path}`);
  const scripts = mark.by.map(read);
  if (scripts.some((script) => takesFrom(script, file))) return [];
  const lines = scripts.flatMap(commandsOf);
  return commandsOf(text).filter((command) => !lines.includes(command)).map((command) => `${mark.by.join(", ")}: no line ${command}`);
}

if (argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(textRunBy(argv[2], argv[3]));
