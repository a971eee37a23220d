// The documents of the interfaces, and what they say about a value.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import { parse } from "yaml";
import { binary, root } from "./gateway.mjs";

export const read = (path) => readFileSync(join(root, path), "utf8");
export const readAsyncApi = () => parse(read("docs/asyncapi.yaml"));

/** What `--version` says. */
export const programVersion = () => execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/^chat-gateway (\S+)\n$/)[1];

/** The part that a JSON pointer names, behind `#`. */
export function part(document, pointer) {
  return pointer.split("/").slice(1).reduce((node, name) => {
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    assert.ok(node !== null && typeof node === "object" && key in node, `nothing is at ${pointer}`);
    return node[key];
  }, document);
}

/** A `$ref` followed until there is none. */
export function resolved(document, node) {
  return typeof node?.$ref === "string" ? resolved(document, part(document, node.$ref)) : node;
}

/** Calls `visit(node)` for every object and array in it. */
export function walk(node, visit) {
  if (node === null || typeof node !== "object") return;
  visit(node);
  for (const value of Object.values(node)) walk(value, visit);
}

/** Every `$ref` names something in the document; returns how many there are. */
export function checkReferences(document) {
  let count = 0;
  walk(document, ({ $ref }) => {
    if (typeof $ref !== "string") return;
    assert.match($ref, /^#\//);
    part(document, $ref);
    count += 1;
  });
  return count;
}

/**
 * The document's schemas with nothing allowed that they do not name: readers are to put up with further fields, but what this version
 * sends is to be described.
 */
export function closed(document) {
  const copy = structuredClone(document);
  walk(copy, (node) => {
    if (node.type === "object" && node.properties && node.additionalProperties === undefined) node.additionalProperties = false;
  });
  return copy;
}

/** Checks values against schemas within one document, of OpenAPI 3.1 or, with draft 7's words, of AsyncAPI. */
export class Schemas {
  #ajv;
  #compiled = new Map();

  constructor(document) {
    const Dialect = document.openapi ? Ajv2020 : Ajv;
    // Misspelt keywords are errors; a schema without a `type` is not, and neither is a union.
    this.#ajv = new Dialect({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
    this.#ajv.addSchema(withReferences({ $defs: document.components.schemas }), "document");
  }

  #validator(schema) {
    if (!this.#compiled.has(schema)) this.#compiled.set(schema, this.#ajv.compile(withReferences(schema)));
    return this.#compiled.get(schema);
  }

  accepts(schema, value) {
    return this.#validator(schema)(value);
  }

  check(schema, value, what) {
    const validate = this.#validator(schema);
    assert.ok(validate(value), `${what}: ${this.#ajv.errorsText(validate.errors)}: ${JSON.stringify(value)?.slice(0, 500)}`);
  }
}

/** References to the document's schemas, as the validator knows them. */
function withReferences(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"document#/$defs/'));
}
