// config/chat-gateway.schema.json, as an editor uses it: it accepts the configurations that are shipped, and what it refuses the gateway
// refuses as well.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import Ajv from "ajv";
import { read } from "./lib/documents.mjs";
import { binary, root } from "./lib/gateway.mjs";
import { privateDirectory } from "./lib/machine.mjs";

const schema = JSON.parse(read("config/chat-gateway.schema.json"));
const ajv = new Ajv({ allErrors: true, strict: true });
const validate = ajv.compile(schema);

/** JSON with comments, which strings may look like. */
const parseConfig = (text) => JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, "$1"));

/** Every file below these folders that is a configuration of the gateway. */
const shipped = ["config", "docker", "packaging"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith(".json") && !/node_modules|grafana|\.schema\.json$|package(-lock)?\.json$/.test(path)));

/** `[path, schema]` of each key: `["server.port", {type: "integer", ..}]`. */
function keysOf(node, path = []) {
  if (node.type !== "object") return [[path.join("."), node]];
  return Object.entries(node.properties).flatMap(([name, child]) => keysOf(child, [...path, name]));
}
const keys = keysOf(schema).filter(([path]) => path !== "$schema"); // the editor's

/** `{"server": {"port": 1}}` of `[["server.port", 1]]`. */
function nested(values) {
  const config = {};
  for (const [path, value] of values) {
    const names = path.split(".");
    const last = names.pop();
    names.reduce((at, name) => (at[name] ??= {}), config)[last] = value;
  }
  return config;
}

const directory = privateDirectory("config");

/** The lines of `--check-config`, one a fault, each beginning with its key. */
function faultsOf(config) {
  const file = join(directory, "config.json");
  writeFileSync(file, JSON.stringify(config));
  const { status, stdout, stderr } = spawnSync(binary, ["--config", file, "--check-config"], {
    env: { SESSION_SECRET: "some secret" }, encoding: "utf8",
  });
  const faults = `${stdout}${stderr}`.split("\n").filter((line) => line !== "" && !line.startsWith("warning: "));
  assert.equal(status, faults.length > 0 ? 1 : 0, faults.join("\n"));
  return faults;
}

const namesKey = (faults, path) => faults.some((line) => line.startsWith(`${path}: `) || line.startsWith(`${path}[`));

/** Values of every kind, those at the bounds of the key's schema among them. */
function candidates({ enum: choices, items, minimum, maximum }) {
  const numbers = minimum === undefined ? [0, 1] : [minimum, maximum, minimum - 1, maximum + 1];
  const texts = choices ?? items?.enum ?? [];
  return [null, true, ...numbers, 1.5, "some text", "", ...texts, [], ["some text"], [7], ...(items ? texts.map((text) => [text]) : []), {}];
}

test("the configurations that are shipped", () => {
  assert.ok(shipped.includes("config/chat-gateway.json") && shipped.includes("config/sc-market.json"), shipped.join(" "));
  for (const path of shipped) assert.ok(validate(parseConfig(read(path))), `${path}: ${ajv.errorsText(validate.errors)}`);
});

test("the documented defaults are all keys, and their defaults", () => {
  const config = parseConfig(read("config/chat-gateway.json"));
  const valueOf = (path) => path.split(".").reduce((at, name) => at?.[name], config);
  assert.ok(keys.length > 40);
  for (const [path, key] of keys) {
    assert.ok(key.description, path);
    assert.ok(new Ajv().compile(key)(key.default), `${path}: its default`);
    assert.notEqual(valueOf(path), undefined, `config/chat-gateway.json has no ${path}`);
  }
});

test("an unknown key is refused, at the top and below", () => {
  for (const config of [{ serverr: {} }, { server: { prot: 7000 } }, { postgres: { queries: { all: "SELECT 1" } } }]) {
    assert.equal(validate(config), false);
    assert.equal(faultsOf(config).length, 1, JSON.stringify(config));
  }
});

test("a file may name its schema for the editor, at the top and nowhere else", () => {
  const named = { $schema: "./chat-gateway.schema.json", server: { port: 7000 } };
  assert.ok(validate(named), ajv.errorsText(validate.errors));
  assert.deepEqual(faultsOf(named), []);
  for (const config of [{ $schema: 7 }, { $schema: null }, { server: { $schema: "x" } }]) {
    assert.equal(validate(config), false);
    assert.equal(faultsOf(config).length, 1, JSON.stringify(config));
  }
});

test("what the schema refuses the gateway refuses, key by key", () => {
  const refused = keys.map(([path, key]) => [path, candidates(key).filter((value) => !validate(nested([[path, value]])))]);
  for (const [path, values] of refused) assert.ok(values.length >= 5, `${path}: ${values.length} values are refused`);
  const rounds = Math.max(...refused.map(([, values]) => values.length));
  for (let round = 0; round < rounds; round += 1) {
    const wrong = refused.filter(([, values]) => round < values.length).map(([path, values]) => [path, values[round]]);
    const faults = faultsOf(nested(wrong));
    for (const [path, value] of wrong) {
      assert.ok(namesKey(faults, path), `the gateway accepts ${path}: ${JSON.stringify(value)}; it says:\n${faults.join("\n")}`);
    }
  }
});

test("bounds and choices that the schema accepts the gateway accepts", () => {
  const bounded = keys.filter(([, { enum: choices, type }]) => choices || type === "integer" || type === "boolean");
  assert.ok(bounded.length > 25);
  for (const [path, key] of bounded) {
    const accepted = candidates(key).filter((value) => validate(nested([[path, value]])));
    assert.ok(accepted.length > 0, path);
    for (const value of accepted) assert.ok(!namesKey(faultsOf(nested([[path, value]])), path), `${path}: ${JSON.stringify(value)}`);
  }
});
