// The gateway's public listener: who may connect. CORS, sessions, and refusals, on polling and before every 101.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { pollingTarget, PollingSession, websocketTarget, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse, request } from "./lib/http.mjs";
import { demoCookie, startDemo } from "./lib/servers.mjs";
import { WebSocketWire } from "./lib/websocket.mjs";
import { dropWires } from "./lib/wire.mjs";

const PATH = "/ws/";
const ORIGIN = "http://localhost:5173";
const FOREIGN = "http://evil.example";
const FORBIDDEN = '{"code":4,"message":"Forbidden"}';
const UNAUTHORIZED = '{"code":4,"message":"Unauthorized"}';
const UNKNOWN_SID = '{"code":1,"message":"Session ID unknown"}';

let gateway;
let port;
let cookie;
before(async () => {
  gateway = await startDemo({ CORS_ORIGINS: `${ORIGIN},https://*.example.org` });
  port = gateway.port;
  cookie = await demoCookie(gateway);
});
after(() => gateway.stop());
afterEach(dropWires);

const CORS = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Vary"];
const allowed = (origin) => [["Access-Control-Allow-Origin", origin], ["Vary", "Origin"], ["Access-Control-Allow-Credentials", "true"]];
const NOT_ALLOWED = [["Vary", "Origin"], ["Access-Control-Allow-Credentials", "true"]];

const poll = (headers) => request(port, pollingTarget(PATH), { headers });
const upgrade = (headers, target = websocketTarget(PATH)) => WebSocketWire.ask(port, target, { headers });

async function isRefused(socket, status, body) {
  assert.equal(socket.response.status, status);
  assert.equal(socket.response.body, body);
  assert.equal((await socket.wire.takeRest()).length, 0);
}

// --- CORS

test("allowed Origin: three headers in their order, on the handshake, on polls and on POSTs", async () => {
  const session = await PollingSession.open(port, PATH, { headers: { Origin: ORIGIN, Cookie: cookie } });
  assert.deepEqual(session.handshake.only(...CORS), allowed(ORIGIN));
  const post = await session.post("40");
  assert.deepEqual(post.only(...CORS), allowed(ORIGIN));
  const get = await session.get();
  assert.deepEqual(get.only(...CORS), allowed(ORIGIN));
  assert.equal(get.status, 200);
});

test("allowed Origin: also on the 101", async () => {
  const socket = await upgrade({ Origin: ORIGIN, Cookie: cookie });
  assert.equal(socket.response.status, 101);
  assert.deepEqual(socket.response.only(...CORS), allowed(ORIGIN));
});

test("allowed Origin: also on the 101 of a session's upgrade", async () => {
  const session = await PollingSession.open(port, PATH, { headers: { Origin: ORIGIN, Cookie: cookie } });
  const socket = await session.upgrade();
  assert.deepEqual(socket.response.only(...CORS), allowed(ORIGIN));
});

for (const [what, target, options, status] of [
  ["400", `${pollingTarget(PATH)}&sid=abc`, {}, 400],
  ["400 of a version", `${PATH}?EIO=3&transport=polling`, {}, 400],
  ["401", pollingTarget(PATH), { cookie: "" }, 401],
  ["413", `${pollingTarget(PATH)}&sid=abc`, { method: "POST", body: "x".repeat(1_000_001) }, 413],
]) {
  test(`allowed Origin: also on a ${what}, or the page could not read it`, async () => {
    const headers = { Origin: ORIGIN, Cookie: options.cookie ?? cookie };
    const response = await request(port, target, { method: options.method, body: options.body, headers });
    assert.equal(response.status, status);
    assert.deepEqual(response.only(...CORS), allowed(ORIGIN));
  });
}

test("allowed Origin: also on refused upgrades", async () => {
  for (const target of [`${PATH}?EIO=3&transport=websocket`, `${websocketTarget(PATH)}&sid=abc`, `${websocketTarget(PATH)}&sid=AAAAAAAAAAAAAAAAAAAA`]) {
    const socket = await upgrade({ Origin: ORIGIN, Cookie: cookie }, target);
    assert.equal(socket.response.status, 400);
    assert.deepEqual(socket.response.only(...CORS), allowed(ORIGIN), target);
  }
});

test("an Origin that a pattern allows is echoed as it was sent", async () => {
  for (const origin of ["https://shop.example.org", "https://a.b.example.org"]) {
    assert.deepEqual((await poll({ Origin: origin, Cookie: cookie })).only(...CORS), allowed(origin));
  }
  for (const origin of ["https://example.org", "http://shop.example.org", "https://shop.example.org.evil.example", "https://evilexample.org"]) {
    assert.equal((await poll({ Origin: origin, Cookie: cookie })).status, 403, origin);
  }
});

test("no Origin: served, with Vary and Allow-Credentials only", async () => {
  const response = await poll({ Cookie: cookie });
  assert.equal(response.status, 200);
  assert.deepEqual(response.only(...CORS), NOT_ALLOWED);
});

test("an Origin that is the Host is served", async () => {
  const origin = `http://127.0.0.1:${port}`;
  const response = await poll({ Host: `127.0.0.1:${port}`, Origin: origin, Cookie: cookie });
  assert.equal(response.status, 200);
  assert.deepEqual(response.only(...CORS), allowed(origin));
});

for (const origin of [FOREIGN, "null", "http://localhost:5174", "https://localhost:5173", "http://localhost:5173.evil.example", "garbage"]) {
  test(`foreign Origin ${origin}: 403 on polling and on the upgrade, whatever the cookie`, async () => {
    const response = await poll({ Origin: origin, Cookie: cookie });
    assert.equal(response.status, 403);
    assert.equal(response.body, FORBIDDEN);
    assert.equal(response.get("Content-Type"), "application/json");
    assert.deepEqual(response.only(...CORS), NOT_ALLOWED);
    await isRefused(await upgrade({ Origin: origin, Cookie: cookie }), 403, FORBIDDEN);
  });
}

test("foreign Origin: refused with a session's sid as well, and the session lives on", async () => {
  const session = await PollingSession.open(port, PATH, { headers: { Cookie: cookie } });
  assert.equal((await session.get({ Origin: FOREIGN })).status, 403);
  assert.equal((await session.post("40", { Origin: FOREIGN })).body, FORBIDDEN);
  await isRefused(await upgrade({ Origin: FOREIGN, Cookie: cookie }, session.upgradeTarget), 403, FORBIDDEN);
  assert.equal((await session.post("40")).body, "ok");
});

test("foreign Origin comes before every other check", async () => {
  for (const query of ["EIO=3&transport=polling", "EIO=4&transport=abc", "EIO=4&transport=polling&sid=abc"]) {
    assert.equal((await request(port, `${PATH}?${query}`, { headers: { Origin: FOREIGN } })).body, FORBIDDEN);
  }
});

const PREFLIGHT = [...CORS, "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"];

test("preflight: 204, and the headers that were asked for are echoed", async () => {
  const response = await request(port, pollingTarget(PATH), {
    method: "OPTIONS",
    headers: { Origin: ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-one" },
  });
  assert.equal(response.status, 204);
  assert.equal(response.get("Content-Length"), "0");
  assert.deepEqual(response.only(...PREFLIGHT), [
    ["Access-Control-Allow-Origin", ORIGIN],
    ["Vary", "Origin, Access-Control-Request-Headers"],
    ["Access-Control-Allow-Credentials", "true"],
    ["Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"],
    ["Access-Control-Allow-Headers", "content-type,x-one"],
  ]);
});

test("preflight that asks for no headers is told none", async () => {
  const headers = { Origin: ORIGIN, "Access-Control-Request-Method": "POST" };
  const response = await request(port, pollingTarget(PATH), { method: "OPTIONS", headers });
  assert.equal(response.status, 204);
  assert.equal(response.get("Access-Control-Allow-Headers"), undefined);
});

test("preflight of a foreign Origin: the same 204 without Access-Control-Allow-Origin", async () => {
  const headers = { Origin: FOREIGN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
  const response = await request(port, pollingTarget(PATH), { method: "OPTIONS", headers });
  assert.equal(response.status, 204);
  assert.deepEqual(response.only(...PREFLIGHT), [
    ["Vary", "Origin, Access-Control-Request-Headers"],
    ["Access-Control-Allow-Credentials", "true"],
    ["Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"],
    ["Access-Control-Allow-Headers", "content-type"],
  ]);
});

test("OPTIONS never reaches Engine.IO: 204 without an Origin, with a bogus sid, for an unknown transport", async () => {
  for (const query of ["EIO=4&transport=polling", "EIO=4&transport=polling&sid=abc", "transport=abc", ""]) {
    assert.equal((await request(port, `${PATH}?${query}`, { method: "OPTIONS" })).status, 204, query);
  }
});

// --- sessions

for (const [what, value] of [
  ["no cookie", undefined],
  ["another cookie", "other=s%3Aabc.def"],
  ["an unsigned cookie", "connect.sid=abc"],
  ["a bad signature", "connect.sid=s%3Aabc.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
  ["an empty cookie", "connect.sid="],
]) {
  test(`${what}: 401, the same bytes on polling and instead of 101`, async () => {
    const headers = value === undefined ? {} : { Cookie: value };
    const response = await poll(headers);
    assert.equal(response.status, 401);
    assert.equal(response.body, UNAUTHORIZED);
    assert.equal(response.get("Content-Type"), "application/json");
    const socket = await upgrade(headers);
    assert.equal(socket.response.get("Content-Type"), "application/json");
    await isRefused(socket, 401, UNAUTHORIZED);
  });
}

// --- session.reject connect_error. Node's middleware that says no does the same: CONNECT is refused, the connection stays until the client
// closes it or the connect timeout has passed.

const CONNECT_ERROR = '44{"message":"Unauthorized"}';

test("connect_error: polling and WebSocket open, and every CONNECT is refused", async () => {
  const refusing = await startDemo({ SESSION_REJECT: "connect_error" });
  const session = await PollingSession.open(refusing.port, PATH);
  const socket = await WebSocketSession.open(refusing.port, PATH, { headers: { Cookie: "connect.sid=s%3Aabc.AAAA" } });
  for (let n = 0; n < 2; ++n) {
    assert.equal((await session.post("40")).body, "ok");
    assert.equal((await session.get()).body, CONNECT_ERROR);
    socket.text('40{"token":"t"}');
    assert.equal(await socket.next(), CONNECT_ERROR);
  }
  socket.text("40/admin,");
  assert.equal(await socket.next(), '44/admin,{"message":"Invalid namespace"}');
  const upgraded = await session.upgrade();
  upgraded.text("2probe");
  assert.equal(await upgraded.next(), "3probe");
  upgraded.text("5");
  upgraded.text("40");
  assert.equal(await upgraded.next(), CONNECT_ERROR);
  await refusing.stop();
});

test("connect_error: anything but CONNECT closes", async () => {
  const refusing = await startDemo({ SESSION_REJECT: "connect_error" });
  for (const packet of ['42["clientJoinRoom",{"chat_id":"c"}]', "41", '431["x"]', "4?"]) {
    const socket = await WebSocketSession.open(refusing.port, PATH);
    socket.text("40");
    assert.equal(await socket.next(), CONNECT_ERROR);
    socket.text(packet);
    assert.equal(await socket.hex(), "8800", packet);
  }
  await refusing.stop();
});

test("connect_error: the connect timeout ends what the client leaves open", async () => {
  const refusing = await startDemo({ SESSION_REJECT: "connect_error", SOCKET_CONNECT_TIMEOUT_MS: 400, SERVER_THREADS: 1 });
  const socket = await WebSocketSession.open(refusing.port, PATH);
  const held = await (await PollingSession.open(refusing.port, PATH)).hold();
  socket.text("40");
  assert.equal(await socket.next(), CONNECT_ERROR);
  assert.equal(await socket.hex(), "8800");
  assert.equal((await readResponse(held)).body, "1");
  await refusing.stop();
});

test("connect_error: a valid session connects, a foreign Origin is refused by HTTP", async () => {
  const refusing = await startDemo({ SESSION_REJECT: "connect_error" });
  const socket = await WebSocketSession.open(refusing.port, PATH, { headers: { Cookie: await demoCookie(refusing) } });
  socket.text("40");
  assert.match(await socket.next(), /^40\{"sid":"/);
  await isRefused(await WebSocketWire.ask(refusing.port, websocketTarget(PATH), { headers: { Origin: FOREIGN } }), 403, FORBIDDEN);
  await refusing.stop();
});

test("a signed cookie whose session the store does not know: the same 401", async () => {
  // Logged in at another gateway with the same secret, or before a restart: signed, and gone.
  const other = await startDemo({ SESSION_SECRETS: "same" });
  const stranger = await startDemo({ SESSION_SECRETS: "same" });
  const response = await request(other.port, pollingTarget(PATH), { headers: { Cookie: await demoCookie(stranger) } });
  assert.equal(response.status, 401);
  assert.equal(response.body, UNAUTHORIZED);
  await other.stop();
  await stranger.stop();
});

test("a valid session: polling and WebSocket open, with and without the slash", async () => {
  for (const path of ["/ws", "/ws/"]) {
    assert.match((await request(port, pollingTarget(path), { headers: { Cookie: cookie } })).body, /^0\{"sid":"/);
    await WebSocketSession.open(port, path, { headers: { Cookie: cookie } });
  }
});

test("the session is looked at by the handshake only: a sid is enough for what follows", async () => {
  const session = await PollingSession.open(port, PATH, { headers: { Cookie: cookie } });
  session.headers = {};
  assert.equal((await session.post("40")).body, "ok");
  assert.match((await session.get()).body, /^40\{"sid":"/);
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
});

test("Engine.IO's own refusals come before 101, with the right cookie too", async () => {
  const headers = { Cookie: cookie };
  await isRefused(await upgrade(headers, `${PATH}?EIO=3&transport=websocket`), 400, "Unsupported protocol version");
  await isRefused(await upgrade(headers, `${websocketTarget(PATH)}&sid=abc`), 400, "Session ID unknown");
  await isRefused(await upgrade({ ...headers, "Sec-WebSocket-Key": "x" }), 400, "Missing or invalid Sec-WebSocket-Key header");
});

test("requests that are wrong in form are told so before the session is looked at", async () => {
  assert.equal((await request(port, `${PATH}?EIO=3&transport=polling`)).body, '{"code":5,"message":"Unsupported protocol version"}');
  assert.equal((await request(port, `${pollingTarget(PATH)}&sid=abc`)).body, UNKNOWN_SID);
});

test("sids of every loop work on every connection: polling, POST and upgrade", async () => {
  for (let n = 0; n < 12; ++n) {
    const session = await PollingSession.open(port, PATH, { headers: { Cookie: cookie } });
    const socket = await session.upgrade();
    socket.text("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.text("5");
    socket.text("40");
    assert.match(await socket.next(), /^40\{"sid":"/);
  }
});

test("shutting down: a held GET gets 1, a WebSocket an empty close", async () => {
  const ending = await startDemo({ SERVER_THREADS: 1 });
  const headers = { Cookie: await demoCookie(ending) };
  const session = await PollingSession.open(ending.port, PATH, { headers });
  await session.post("40");
  assert.match((await session.get()).body, /^40\{"sid":"/);
  const socket = await WebSocketSession.open(ending.port, PATH, { headers });
  socket.text("40");
  assert.match(await socket.next(), /^40\{"sid":"/);
  const held = await session.hold();
  const stopped = ending.stop();
  assert.equal(await socket.hex(), "8800");
  assert.equal((await readResponse(held)).body, "1");
  await stopped;
});
