// Engine.IO v4: polling by script tags. The body is a call, a POST is a form.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { pollingTarget, PollingSession } from "./lib/engineio.mjs";
import { request } from "./lib/http.mjs";
import { startEcho } from "./lib/servers.mjs";
import { dropWires } from "./lib/wire.mjs";

const PATH = "/engine.io/";

let server;
before(async () => {
  server = await startEcho();
});
after(() => server.stop());
afterEach(dropWires);

/** What the callback of that index is called with: the body is run as the script that it is. */
function argument(body, index) {
  const shape = new RegExp(`^___eio\\[${index}\\]\\((".*")\\);$`, "s");
  assert.match(body, shape);
  return JSON.parse(body.match(shape)[1]);
}

async function open(index) {
  const session = new PollingSession();
  Object.assign(session, { port: server.port, path: PATH, headers: {} });
  session.handshake = await request(server.port, `${pollingTarget(PATH)}&j=${index}`);
  session.sid = JSON.parse(argument(session.handshake.body, index.replace(/\D/g, "")).slice(1)).sid;
  return session;
}

const form = (payload) => `d=${encodeURIComponent(payload)}`;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

test("the open packet is the argument of a call; non-digits are stripped; still text/plain", async () => {
  const { handshake } = await open("12a");
  assert.equal(handshake.status, 200);
  assert.equal(handshake.get("Content-Type"), "text/plain; charset=UTF-8");
  assert.equal(handshake.get("cache-control"), "no-store");
  assert.equal(handshake.get("Content-Length"), String(handshake.bytes.length));
  assert.match(handshake.body, /^___eio\[12\]\("0\{\\"sid\\":\\"[A-Za-z0-9_-]{20}\\",.*\}"\);$/);
});

test("a POST is a form, its answer is ok", async () => {
  const session = await open("0");
  const answer = await session.post(form("4x"), FORM);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "ok");
  assert.equal(argument((await session.get()).body, "0"), "4x");
});

test("the j of the session's first request is used for all later bodies", async () => {
  const session = await open("7");
  await session.post(form("4x"), FORM);
  assert.equal(argument((await request(server.port, `${session.target}&j=8`)).body, "7"), "4x");
  const plain = await PollingSession.open(server.port, PATH);
  await plain.post("4x");
  assert.equal((await request(server.port, `${plain.target}&j=8`)).body, "4x");
});

test("\\n in a form means newline, \\\\n a backslash and an n", async () => {
  const session = await open("1");
  await session.post(form("4a\\nb\\\\nc"), FORM);
  assert.equal(argument((await session.get()).body, "1"), "4a\nb\\nc");
});

test("U+2028, U+2029, quotes and backslashes are escaped: the body is a script", async () => {
  const session = await open("1");
  await session.post(form('4"\\t\u2028\u2029€</script>'), FORM);
  const { body } = await session.get();
  assert.ok(!/[\u2028\u2029]/.test(body), "no raw line separators");
  assert.ok(body.includes("\\u2028\\u2029"));
  assert.equal(argument(body, "1"), '4"\\t\u2028\u2029€</script>');
});

test("several packets and binary", async () => {
  const session = await open("1");
  await session.post(form("4a\x1ebAQ==\x1e4b"), FORM);
  assert.equal(argument((await session.get()).body, "1"), "4a\x1ebAQ==\x1e4b");
});

test("errors are JSON, not a call", async () => {
  const answer = await request(server.port, `${pollingTarget(PATH)}&j=1&sid=abc`);
  assert.equal(answer.status, 400);
  assert.equal(answer.body, '{"code":1,"message":"Session ID unknown"}');
});
