// The private listener.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { postJson } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const TOKEN = "token-for-operators";

const world = await World.start();
after(() => world.stop());

const user = randomUUID();
const chat = await world.postgres.addChat(user);
const cookie = await world.backend.login(user);
const client = await new Client(world.gateway.url, { cookie }).connect();

const post = (value, headers, gateway = world.gateway) => postJson(`${gateway.adminUrl}/v1/messages`, value, headers);

/** All that has arrived, once a last message is there. */
async function arrived() {
  const last = message(chat, randomUUID());
  assert.equal((await post(last)).status, 202);
  await client.receives(last.content);
  return client.messages.splice(0).slice(0, -1);
}

test("one message is accepted and delivered", async () => {
  const sent = message(chat, "one");
  const answer = await post(sent);
  assert.deepEqual([answer.status, JSON.parse(answer.body)], [202, { accepted: 1 }]);
  assert.deepEqual(await arrived(), [sent]);
});

test("an array is accepted and delivered in order", async () => {
  const sent = Array.from({ length: 50 }, (_, i) => message(chat, `of many ${i}`));
  const answer = await post(sent);
  assert.deepEqual([answer.status, JSON.parse(answer.body)], [202, { accepted: 50 }]);
  assert.deepEqual(await arrived(), sent);
});

test("unicode, null and fractions arrive as they were posted", async () => {
  const sent = { ...message(chat, 'ünï "cødé" \\ \n \u2028 🙂'), author: "someone", timestamp: 1700000000000.5 };
  await post(sent);
  assert.deepEqual(await arrived(), [sent]);
});

test("further fields are passed on behind the six", async () => {
  const sent = { ...message(chat), reply_to: { message_id: "m-1", tags: [1, null] }, extra: true };
  await post(sent);
  assert.deepEqual(await arrived(), [sent]);
});

const faults = [
  ["chat_id", { chat_id: 7 }],
  ["chat_id", { chat_id: "" }],
  ["chat_id", { chat_id: undefined }],
  ["message_id", { message_id: null }],
  ["author", { author: 1 }],
  ["content", { content: ["x"] }],
  ["timestamp", { timestamp: "2026-01-01T00:00:00Z" }],
  ["type", { type: undefined }],
];

for (const [field, change] of faults) {
  test(`a bad ${field} is named, and nothing is published: ${JSON.stringify(change)}`, async () => {
    const alone = await post({ ...message(chat), ...change });
    assert.equal(alone.status, 400);
    assert.ok(alone.body.includes(field), alone.body);

    const among = await post([message(chat), { ...message(chat), ...change }, message(chat)]);
    assert.equal(among.status, 400);
    assert.ok(among.body.includes(field), among.body);
    assert.match(among.body, /\b1\b/, "which element it was");
    assert.deepEqual(await arrived(), []);
  });
}

test("what is no message at all is refused", async () => {
  for (const body of ["", "no json", "7", "null", '"text"', "[7]", "[[]]", '{"chat_id":']) {
    assert.equal((await post(body)).status, 400, body);
  }
  assert.deepEqual(await arrived(), []);
});

test("a body beyond all bounds is answered 413", async () => {
  const answer = await post(message(chat, "x".repeat(32 * 1024 * 1024))).catch((error) => {
    // The gateway may close before it has read what it will not take.
    assert.match(error.code, /^(EPIPE|ECONNRESET)$/);
  });
  if (answer) assert.equal(answer.status, 413);
  assert.deepEqual(await arrived(), []);
});

test("a declared length beyond all bounds is answered 413 before the body", async () => {
  const answer = await world.gateway.admin("/v1/messages", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Content-Length": String(1024 ** 3), Expect: "100-continue" },
  });
  assert.equal(answer.status, 413);
});

test("healthz and readyz say yes", async () => {
  for (const path of ["/healthz", "/readyz"]) assert.equal((await world.gateway.admin(path)).status, 200, path);
  assert.doesNotMatch(world.postgres.process.output, /ERROR/, "what it asks leaves no trace in the database's log");
});

test("metrics are Prometheus text, each with its type, each name the gateway's", async () => {
  const answer = await world.gateway.admin("/metrics");
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-type"], /^text\/plain/);
  const typed = new Set();
  let samples = 0;
  for (const line of answer.body.split("\n").filter(Boolean)) {
    const declared = line.match(/^# (HELP|TYPE) (chat_gateway_\w+) /);
    if (declared) {
      if (declared[1] === "TYPE") typed.add(declared[2]);
      continue;
    }
    const sample = line.match(/^(chat_gateway_\w+)(\{[^{}]*\})? (-?[\d.e+-]+|NaN|[+-]Inf)$/);
    assert.ok(sample, `not a sample of ours: ${line}`);
    const name = sample[1];
    assert.ok(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, "")), `${name} has no TYPE`);
    samples += 1;
  }
  assert.ok(samples > 5);
});

test("an unknown path is not found, a wrong method is told so", async () => {
  assert.equal((await world.gateway.admin("/nothing")).status, 404);
  assert.ok([404, 405].includes((await world.gateway.admin("/v1/messages")).status));
});

test("with a token, /v1 wants it and the probes do not", async () => {
  const guarded = await world.addGateway({ admin: { token: TOKEN } });
  const refused = [{}, { Authorization: "Bearer wrong" }, { Authorization: `Bearer ${TOKEN}x` }, { Authorization: TOKEN }];
  for (const headers of refused) {
    assert.equal((await post(message(chat), headers, guarded)).status, 401, JSON.stringify(headers));
  }
  const sent = message(chat, "with a token");
  assert.equal((await post(sent, { Authorization: `Bearer ${TOKEN}` }, guarded)).status, 202);
  assert.deepEqual(await arrived(), [sent]);
  for (const path of ["/healthz", "/readyz", "/metrics"]) assert.equal((await guarded.admin(path)).status, 200, path);
});

test("without Redis a post is answered 503", { timeout: 120_000 }, async () => {
  await world.redis.stop();
  assert.equal((await post(message(chat, "lost"))).status, 503);
  await world.redis.resume();
  await world.restartBackend();
  await world.gateway.answers("/readyz");
  await world.publishUntilReceived(chat, client);
  assert.ok(!client.contents.includes("lost"));
});

test("SIGTERM closes the clients so that they come back by themselves, and ends with code 0", { timeout: 120_000 }, async () => {
  const leaving = await world.addGateway();
  const connected = await new Client(leaving.url, { cookie }).connect();
  const stopped = leaving.stop();
  await eventually(() => connected.disconnects.length > 0, "the client is closed");
  assert.deepEqual(connected.disconnects, ["transport close"]);
  await stopped;
});

test("a table that is missing is told by /readyz and by the log, until it is there", async () => {
  const settings = { postgres: { url: world.postgres.url, queries: { can_view_chat: "SELECT EXISTS (SELECT FROM grants WHERE who = $1 AND chat = $2)" } } };
  await world.postgres.query("CREATE TABLE grants (who text, chat text)");
  const gateway = await world.addGateway(settings);
  await world.postgres.query("DROP TABLE grants");
  const answer = await gateway.answers("/readyz", 503);
  const { status, failing, checks } = JSON.parse(answer.body);
  assert.deepEqual([status, failing], ["not ready", ["postgres"]]);
  const refused = "a query is refused; the log has PostgreSQL's words";
  assert.deepEqual(checks.filter((check) => !check.ok), [{ part: "chats", store: "postgres", ok: false, error: refused }]);
  await eventually(() => /postgres statement failed.*relation \\?"grants\\?" does not exist/.test(gateway.process.output), "the log has PostgreSQL's words");
  assert.match(gateway.process.output, /not ready part=chats store=postgres/);
  await gateway.answers("/readyz", 503);
  assert.equal(gateway.process.output.match(/not ready part=chats/g).length, 1, "told once");
  await world.postgres.query("CREATE TABLE grants (who text, chat text)");
  await gateway.answers("/readyz");
  await eventually(() => /info ready$/m.test(gateway.process.output.split("not ready part=chats").at(-1)), "the log says that it is ready");
});
