// Whether what a document names is there: files, settings, metrics, alerts, targets of make.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { root } from "./gateway.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

/** Keys of the configuration, and their sections: from the schema. */
function settingKeys() {
  const keys = new Set();
  const walk = (schema, path) => {
    for (const [name, child] of Object.entries(schema.properties ?? {})) {
      keys.add([...path, name].join("."));
      walk(child, [...path, name]);
    }
  };
  walk(JSON.parse(read("config/chat-gateway.schema.json")), []);
  return keys;
}

const settings = settingKeys();
const sections = [...settings].filter((key) => !key.includes("."));
const SETTING = new RegExp(`(?<![\\w./<-])(?:${sections.join("|")})\\.[a-z][a-z_]*(?:\\.[a-z_]+|\\.\\*)?(?![\\w(/])`, "g");
// Names of the clients' and of Node's that look like settings.
const NOT_SETTINGS = /^socket\.(io|id|recovered|connected|connect|disconnect|on|emit|timeout|active|data|auth|volatile)\b|^(server|engine|session|redis|postgres|limits|log|bus|cors|admin)\.(mjs|js|cpp|hpp|conf|io|test)\b/;

/** The variables that settings have, and those of the build and the tests. */
const variables = new Set([...settings].map((key) => `CHAT_GATEWAY_${key.toUpperCase().replaceAll(".", "_")}`));
const OTHER_VARIABLES = /^CHAT_GATEWAY_(BINARY|WERROR|TEST_[A-Z]+)$/;

export const alerts = new Set([...read("config/prometheus/chat-gateway.yml").matchAll(/alert: (\w+)/g)].map(([, name]) => name));
const targets = new Set([...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));

const TOPS = "src|tests|docs|config|docker|scripts|packaging|include|cmake|\\.ci";
const PATH = new RegExp(`(?<![\\w/.:<@-])(?:${TOPS})/[\\w./*-]*[\\w*/]`, "g");
const MODULES = new Set(readdirSync(join(root, "src"), { withFileTypes: true }).filter((one) => one.isDirectory()).map((one) => one.name));

/** Whether there is such a file or folder; `*` within a name stands for anything. */
function isThere(path) {
  if (!path.includes("*")) return existsSync(join(root, path));
  const parts = path.split("/").filter((part) => part !== "");
  let folders = [""];
  for (const part of parts) {
    const pattern = new RegExp(`^${part.split("*").map((text) => text.replace(/[.]/g, "\\.")).join(".*")}$`);
    folders = folders.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => {
      try {
        return readdirSync(join(root, folder)).filter((name) => pattern.test(name)).map((name) => join(folder, name));
      } catch (error) {
        if (error.code === "ENOTDIR") return [];
        throw error;
      }
    });
  }
  return folders.length > 0;
}

/** A file of a module, as the documents call it, `redis/link`, or one of its types. */
function isOfModule(name) {
  const tops = ["src/", "include/chat_gateway/", "tests/unit/", "tests/component/"];
  if (tops.some((top) => ["", ".cpp", ".hpp"].some((end) => isThere(`${top}${name}${end}`)))) return true;
  const [module, type] = name.split("/");
  const declared = new RegExp(`\\b(class|struct) ${type}\\b`);
  return tops.slice(0, 2).map((top) => `${top}${module}`).filter(isThere)
    .some((folder) => readdirSync(join(root, folder)).some((file) => /\.[ch]pp$/.test(file) && declared.test(read(join(folder, file)))));
}

/** What is wrong with the names in one piece of code type: texts, none if all is right. */
export function faultsOfCode(text, metrics) {
  const faults = [];
  for (const [name] of text.matchAll(SETTING)) {
    if (NOT_SETTINGS.test(name) || text.includes("@socket.io") && name.startsWith("socket.io")) continue;
    const key = name.replace(/\.\*$/, "");
    const prefix = /_$/.test(key) && [...settings].some((one) => one.startsWith(key));
    if (!settings.has(key) && !prefix) faults.push(`there is no setting ${name}`);
  }
  for (const [name] of text.matchAll(/\bCHAT_GATEWAY_[A-Z_]+\b/g)) {
    if (name.endsWith("_")) continue; // how they begin
    if (!variables.has(name) && !OTHER_VARIABLES.test(name)) faults.push(`there is no variable ${name}`);
  }
  for (const [, name] of text.matchAll(/(?<![$\w])(chat_gateway_\w+)/g)) {
    const known = name.endsWith("_") ? [...metrics].some((one) => one.startsWith(name)) : metrics.has(name);
    if (!known) faults.push(`/metrics has no ${name}`);
  }
  for (const [name] of text.matchAll(/\bChatGateway[A-Z]\w+/g)) {
    if (!alerts.has(name)) faults.push(`config/prometheus has no alert ${name}`);
  }
  for (const [path] of text.matchAll(PATH)) {
    if (!isThere(path)) faults.push(`there is no ${path}`);
  }
  for (const [, target] of text.matchAll(/(?:^|[\s;&])make ([a-z][a-z-]*)/g)) {
    if (!targets.has(target)) faults.push(`the Makefile has no ${target}`);
  }
  const [, module] = text.match(/^([a-z_]+)\/[a-z_]+$/) ?? [];
  if (MODULES.has(module) && !isOfModule(text)) faults.push(`there is no file or type of a module ${text}`);
  return faults;
}

/** What is wrong with a link of `page`, or undefined; `anchorsOf(path)`: those of another page. */
export function faultOfLink(page, target, anchorsOf) {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [path, anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, file))) return `the link ${target} leads nowhere`;
  if (anchor !== undefined && !anchorsOf(file).has(anchor)) return `${file} has no heading for #${anchor}`;
  return undefined;
}
