// The documents of the interfaces are valid, and GET /openapi.json says what the admin listener does: every answer that it names is
// provoked and held against its schema.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import asyncApiSpecs from "@asyncapi/specs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { Schemas, checkReferences, closed, programVersion, readAsyncApi, resolved } from "./lib/documents.mjs";
import { request } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const TOKEN = "token-for-operators";
const bearer = { Authorization: `Bearer ${TOKEN}` };

const world = await World.start();
after(() => world.stop());
const { gateway } = world;
const guarded = await world.addGateway({ admin: { token: TOKEN } });

const document = JSON.parse((await gateway.admin("/openapi.json")).body);
const strictly = closed(document);
const schemas = new Schemas(strictly);

/** `{path, method, operation, parameters}` of all. */
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    path,
    method: method.toUpperCase(),
    operation: item[method],
    parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map((p) => resolved(document, p)),
  })));
const find = (method, path) => operations.find((one) => one.method === method && one.path === path);

const user = `ann ${randomUUID()}/é`;
const chat = randomUUID();
const client = new Client(gateway.url, { cookie: await world.backend.login(user) });

const target = (path, { query = "", id = user } = {}) => path.replace("{id}", encodeURIComponent(id)) + query;

/** What has been seen of what the document has: "GET /readyz 503". */
const seen = new Set();

/** Asks, and holds the answer against the document; returns it, its body parsed. */
async function ask(method, path, { at = gateway, headers, body, ...rest } = {}) {
  const answer = await request(at.adminUrl + target(path, rest), { method, headers, body });
  const described = strictly.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
  assert.ok(described, `${method} ${path} is answered ${answer.status}, which the document does not have: ${answer.body}`);
  const { content, headers: promised = {} } = resolved(strictly, described);
  const type = answer.headers["content-type"].split(";")[0];
  const what = `${method} ${path} ${answer.status}`;
  assert.deepEqual(Object.keys(content), [type], what);
  const value = type === "application/json" ? JSON.parse(answer.body) : answer.body;
  schemas.check(content[type].schema, value, what);
  for (const [name, { required, schema }] of Object.entries(promised)) {
    const given = answer.headers[name.toLowerCase()];
    assert.ok(given !== undefined || !required, `${what} has no ${name}`);
    if (given !== undefined) schemas.check(schema, given, `${what}, ${name}`);
  }
  seen.add(what);
  return { status: answer.status, headers: answer.headers, value };
}

async function gets(status, ...args) {
  const answer = await ask(...args);
  assert.equal(answer.status, status, `${args.slice(0, 2).join(" ")}: ${JSON.stringify(answer.value).slice(0, 300)}`);
  return answer.value;
}

const publish = (value, options) => ask("POST", "/v1/messages", { body: JSON.stringify(value), ...options });

test("openapi.json is an OpenAPI 3.1 document of this version", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
  assert.equal(document.info.version, programVersion());
  assert.ok(checkReferences(document) > 20);
  const names = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length, "operations have names of their own");
});

test("asyncapi.yaml is an AsyncAPI 3.0 document of this version", () => {
  const asyncApi = readAsyncApi();
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
  addFormats(ajv);
  assert.equal(asyncApi.asyncapi, "3.0.0");
  const validate = ajv.compile(asyncApiSpecs.schemasWithoutId["3.0.0"]);
  assert.ok(validate(asyncApi), ajv.errorsText(validate.errors));
  assert.equal(validate({ ...asyncApi, operations: { odd: { action: "shout" } } }), false, "the schema refuses what is wrong");
  assert.equal(asyncApi.info.version, programVersion());
  assert.ok(checkReferences(asyncApi) > 20);
});

test("both documents name the same events, and the same message", () => {
  const asyncApi = readAsyncApi();
  const events = Object.values(asyncApi.operations).flatMap(({ action, messages }) =>
    messages.map((m) => ({ name: resolved(asyncApi, m).name, direction: action === "receive" ? "client-to-server" : "server-to-client" })));
  assert.deepEqual(events.filter(({ name }) => name), document["x-websocket"].events);
  const fields = Object.keys(document.components.schemas.ServerMessage.properties);
  assert.deepEqual(Object.keys(asyncApi.components.schemas.ServerMessage.properties), fields);
  const webhook = document.webhooks.serverMessage.post.requestBody.content["application/json"].schema;
  assert.deepEqual(Object.keys(webhook.properties), fields);
});

test("the socket's path is the configured one", async () => {
  const elsewhere = await world.addGateway({ server: { path: "/chat/" } });
  assert.equal(JSON.parse((await elsewhere.admin("/openapi.json")).body)["x-websocket"].path, "/chat");
  assert.equal(document["x-websocket"].path, "/ws");
});

test("probes and the document itself", async () => {
  await gets(200, "GET", "/healthz");
  await gets(200, "GET", "/readyz");
  await gets(200, "GET", "/metrics");
  assert.deepEqual(await gets(200, "GET", "/openapi.json"), document);
});

test("messages are accepted and refused as the schema of the body says", async () => {
  const { schema } = find("POST", "/v1/messages").operation.requestBody.content["application/json"];
  const good = message(chat);
  const values = [undefined, null, "", "x", "x".repeat(256), "x".repeat(257), 0, -1.5, 1e300, true, [], {}, ["x"]];
  const bodies = [
    good, [], [good, good], null, 7, "text", [7], [[good]], {}, { ...good, extra: 1 }, [good, { ...good, extra: 1 }],
    Array(1001).fill(good),
    ...Object.keys(good).flatMap((field) => values.map((value) => ({ ...good, [field]: value }))),
  ];
  const open = new Schemas(document);
  let accepted = 0;
  for (const body of bodies) {
    // As it arrives: undefined is a field that is missing.
    const sent = JSON.parse(JSON.stringify(body));
    const { status } = await publish(sent);
    const fits = open.accepts(schema, sent);
    assert.equal(status, fits ? 202 : 400, JSON.stringify(sent).slice(0, 200));
    accepted += fits;
  }
  assert.ok(accepted > 20 && accepted < bodies.length - 20, `${accepted} of ${bodies.length} are accepted`);
  for (const example of document.components.schemas.ServerMessage.examples) assert.equal((await publish(example)).status, 202);
  await gets(413, "POST", "/v1/messages", { headers: { "Content-Length": String(1024 ** 3), Expect: "100-continue" } });
});

test("figures, of a gateway and of the cluster", async () => {
  await world.postgres.query("INSERT INTO chats (chat_id, name) VALUES ($1, 'a chat')", [chat]);
  await client.connect();
  for (const query of ["", "?scope=gateway", "?scope=cluster"]) {
    const stats = await gets(200, "GET", "/v1/stats", { query });
    assert.deepEqual(stats.connections_per_user, [{ user, connections: 1 }]);
    assert.equal(stats.scope, query.slice(7) || "gateway");
    assert.equal((await gets(200, "GET", "/v1/users/{id}", { query })).sockets[0].id, client.socket.id);
  }
});

test("what each gateway counts, of this one and of the cluster", async () => {
  const [own] = (await gets(200, "GET", "/v1/overview")).gateways;
  assert.deepEqual([own.self, own.version, own.draining], [true, document.info.version, false]);
  assert.ok(Object.keys(own.figures).length > 5);
  const { gateways } = await gets(200, "GET", "/v1/overview", { query: "?scope=cluster" });
  assert.deepEqual(gateways.filter((one) => one.self).map(({ name }) => name), [own.name]);
});

test("busiest rooms, of a gateway and of the cluster", async () => {
  const member = randomUUID();
  const home = await world.postgres.addChat(member);
  const other = await new Client(gateway.url, { cookie: await world.backend.login(member) }).connect();
  world.backend.publish(home, message(home, "busy"));
  await other.receives("busy");
  for (const query of ["", "?scope=cluster", "?limit=1&scope=gateway"]) {
    assert.equal((await gets(200, "GET", "/v1/rooms", { query })).rooms[0].room, home);
  }
  other.close();
});

for (const { method, path, parameters } of operations) {
  for (const { name, in: place, schema } of parameters.filter((p) => p.in === "query")) {
    test(`${method} ${path}: ${name} is what the document says`, async () => {
      assert.equal(place, "query");
      const good = schema.enum ?? [schema.minimum, schema.maximum];
      const bad = schema.enum ? ["", "world"] : [schema.minimum - 1, schema.maximum + 1, "ten", ""];
      for (const value of good) await gets(200, method, path, { query: `?${name}=${value}`, id: "nobody" });
      for (const value of bad) {
        const { error } = await gets(400, method, path, { query: `?${name}=${value}`, id: "nobody" });
        assert.ok(error.startsWith(name), error);
      }
    });
  }
}

test("the default limit is what the document says", async () => {
  const { schema } = find("GET", "/v1/rooms").parameters.find((p) => p.name === "limit");
  const member = randomUUID();
  const chats = [];
  for (let i = 0; i <= schema.default; i += 1) chats.push(await world.postgres.addChat(member));
  const other = await new Client(gateway.url, { cookie: await world.backend.login(member) }).connect();
  assert.equal((await gets(200, "GET", "/v1/rooms")).rooms.length, schema.default);
  assert.ok((await gets(200, "GET", "/v1/rooms", { query: "?limit=1000" })).rooms.length > schema.default);
  other.close();
});

test("what is no user id", async () => {
  for (const method of ["GET", "DELETE"]) {
    const answer = await request(`${gateway.adminUrl}/v1/users/%ff`, { method });
    assert.equal(answer.status, 400);
    schemas.check(strictly.components.schemas.Error, JSON.parse(answer.body), `${method} /v1/users/%ff`);
  }
});

test("a token is asked for where the document says so", async () => {
  for (const { method, path, operation } of operations) {
    const id = "nobody";
    const without = await ask(method, path, { at: guarded, id });
    assert.equal(without.status === 401, operation.security !== undefined, `${method} ${path} without a token: ${without.status}`);
    const wrong = await ask(method, path, { at: guarded, id, headers: { Authorization: "Bearer no" } });
    assert.equal(wrong.status, without.status);
    const { status } = await ask(method, path, { at: guarded, id, headers: bearer });
    assert.notEqual(status, 401, `${method} ${path} with the token`);
  }
});

test("web pages may read, if anything", async () => {
  for (const { method, path, operation } of operations) {
    const { status } = await ask(method, path, { id: "nobody", headers: { Origin: "https://www.example.org" } });
    assert.equal(status === 403, "403" in operation.responses, `${method} ${path}: ${status}`);
  }
});

test("other methods and other paths", async () => {
  for (const path of Object.keys(document.paths)) {
    const methods = operations.filter((one) => one.path === path).map((one) => one.method);
    const answer = await request(gateway.adminUrl + target(path), { method: "PATCH" });
    assert.equal(answer.status, 405, path);
    assert.deepEqual(answer.headers.allow.split(", ").sort(), methods.sort(), path);
    schemas.check(strictly.components.schemas.Error, JSON.parse(answer.body), `PATCH ${path}`);
    const head = await request(gateway.adminUrl + target(path), { method: "HEAD" });
    assert.equal(head.status, methods.includes("GET") ? 200 : 405, `HEAD ${path}`);
    assert.equal(head.body, "");
  }
  for (const path of ["/", "/v1", "/v1/users/", "/v1/users/a/b", "/openapi.yaml"].filter((p) => !(p in document.paths))) {
    const answer = await gateway.admin(path);
    assert.equal(answer.status, 404, path);
    schemas.check(strictly.components.schemas.Error, JSON.parse(answer.body), path);
  }
});

test("a user is disconnected", async () => {
  assert.deepEqual(await gets(200, "DELETE", "/v1/users/{id}"), { scope: "gateway", user, disconnected: 1 });
  await eventually(() => client.disconnects.length === 1, "the socket is disconnected");
  assert.equal((await gets(200, "DELETE", "/v1/users/{id}", { query: "?scope=cluster" })).disconnected, 0);
});

test("draining", async () => {
  const leaving = await world.addGateway({ server: { drain_ms: 5000 } });
  const late = [];
  for (let i = 0; i < 10; i += 1) late.push(await new Client(leaving.url, { cookie: await world.backend.login(randomUUID()) }).connect());
  const stopped = leaving.stop();
  const answer = await eventually(async () => {
    const one = await ask("GET", "/readyz", { at: leaving });
    return one.status === 503 && one;
  }, "it says that it is draining");
  assert.deepEqual(answer.value, { status: "draining" });
  await stopped;
});

test("without the bus", { timeout: 120_000 }, async () => {
  await world.redis.stop();
  await gateway.answers("/readyz", 503);
  const { failing, checks } = await gets(503, "GET", "/readyz");
  assert.deepEqual(failing, ["redis"]);
  assert.deepEqual(checks.filter(({ ok }) => !ok).map(({ part }) => part).sort(), ["bus", "sessions"]);
  assert.equal((await publish(message(chat))).status, 503);
  for (const { method, path, parameters } of operations.filter((one) => one.parameters.some((p) => p.name === "scope"))) {
    assert.ok(parameters.length > 0);
    await gets(503, method, path, { query: "?scope=cluster" });
    await gets(200, method, path);
  }
  await world.redis.resume();
  await world.restartBackend();
});

test("every answer of the document has been seen", () => {
  const all = operations.flatMap(({ method, path, operation }) => Object.keys(operation.responses).map((status) => `${method} ${path} ${status}`));
  assert.deepEqual([...seen].sort(), all.sort());
});
