// Engine.IO v4: what a request must look like, and what every answer is, byte for byte.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { openPacket, pollingTarget, PollingSession, websocketTarget, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse, request, requestBytes } from "./lib/http.mjs";
import { startEcho } from "./lib/servers.mjs";
import { ACCEPT, WebSocketWire } from "./lib/websocket.mjs";
import { dropWires, Wire } from "./lib/wire.mjs";

const PATH = "/engine.io/";
const error = (code, message) => `{"code":${code},"message":"${message}"}`;
const UNKNOWN_TRANSPORT = error(0, "Transport unknown");
const UNKNOWN_SID = error(1, "Session ID unknown");
const BAD_METHOD = error(2, "Bad handshake method");
const BAD_REQUEST = error(3, "Bad request");
const BAD_VERSION = error(5, "Unsupported protocol version");

let server;
let port;
before(async () => {
  server = await startEcho({ "ping-interval": 25000, "ping-timeout": 20000 });
  port = server.port;
});
after(() => server.stop());
afterEach(dropWires);

const polling = () => PollingSession.open(port, PATH);

function isRefused(response, body, status = 400) {
  assert.equal(response.status, status);
  assert.equal(response.body, body);
  assert.equal(response.get("Content-Type"), "application/json");
}

// --- the handshake

test("polling handshake: 200 and the open packet, its keys in order", async () => {
  const { status, body } = await request(port, pollingTarget(PATH));
  assert.equal(status, 200);
  assert.match(body, /^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/);
});

test("headers of a 200: text/plain, Content-Length, no-store; no session cookie", async () => {
  const response = await request(port, pollingTarget(PATH));
  assert.equal(response.statusLine, "HTTP/1.1 200 OK");
  assert.equal(response.get("Content-Type"), "text/plain; charset=UTF-8");
  assert.equal(response.get("Content-Length"), String(response.bytes.length));
  assert.equal(response.get("cache-control"), "no-store");
  assert.equal(response.get("Set-Cookie"), undefined);
});

test("headers of the answer to a POST: text/html, no-store, body ok", async () => {
  const session = await polling();
  const response = await session.post("4x");
  assert.equal(response.status, 200);
  assert.equal(response.get("Content-Type"), "text/html");
  assert.equal(response.get("cache-control"), "no-store");
  assert.equal(response.get("Content-Length"), "2");
  assert.equal(response.body, "ok");
});

test("WebSocket handshake: 101, then the open packet without upgrades", async () => {
  const socket = await WebSocketWire.open(port, websocketTarget(PATH));
  assert.equal(socket.response.statusLine, "HTTP/1.1 101 Switching Protocols");
  assert.equal(socket.response.get("Upgrade"), "websocket");
  assert.equal(socket.response.get("Connection"), "Upgrade");
  assert.equal(socket.response.get("Sec-WebSocket-Accept"), ACCEPT);
  assert.equal(socket.response.get("Sec-WebSocket-Extensions"), undefined);
  assert.match(await socket.next(), /^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/);
});

test("WebSocket version 8 is taken as well as 13", async () => {
  const socket = await WebSocketWire.open(port, websocketTarget(PATH), { headers: { "Sec-WebSocket-Version": "8" } });
  assert.match(await socket.next(), /^0\{/);
});

test("sids are 20 characters of URL-safe base64 and none comes twice", async () => {
  const sids = new Set();
  for (let n = 0; n < 50; ++n) sids.add((await polling()).sid);
  assert.equal(sids.size, 50);
  for (const sid of sids) assert.match(sid, /^[A-Za-z0-9_-]{20}$/);
  // Unguessable: what follows the place (four bytes) differs everywhere, not only by a counter.
  assert.equal(new Set([...sids].map((sid) => sid.slice(6, 14))).size, 50);
});

test("a forged sid, one character off, is unknown", async () => {
  const { sid } = await polling();
  for (const at of [0, 6, 19]) {
    const forged = sid.slice(0, at) + (sid[at] === "A" ? "B" : "A") + sid.slice(at + 1);
    isRefused(await request(port, `${pollingTarget(PATH)}&sid=${forged}`), UNKNOWN_SID);
  }
});

test("an empty sid= is a handshake", async () => {
  assert.match((await request(port, `${pollingTarget(PATH)}&sid=`)).body, /^0\{"sid":/);
  const socket = await WebSocketWire.open(port, `${websocketTarget(PATH)}&sid=`);
  assert.match(await socket.next(), /^0\{"sid":/);
});

test("the path is served with and without a slash at its end, and below", async () => {
  for (const path of ["/engine.io", "/engine.io/", "/engine.io/foo"]) {
    assert.equal((await request(port, pollingTarget(path))).status, 200, path);
  }
  assert.equal((await request(port, pollingTarget("/engine.iox"))).status, 404);
});

test("t= and b64= have no effect, the order of keys neither", async () => {
  const session = await polling();
  const target = `${PATH}?b64=1&t=abc123&sid=${session.sid}&transport=polling&EIO=4`;
  assert.equal((await request(port, target, { method: "POST", body: "bAQID\x1e4x" })).body, "ok");
  assert.equal((await request(port, target)).body, "bAQID\x1e4x");
});

test("a session's requests have its EIO: another one, or none, is a bad request, polling and upgrade", async () => {
  const session = await polling();
  for (const version of ["", "EIO=3&", "EIO=5&"]) {
    isRefused(await request(port, `${PATH}?${version}transport=polling&sid=${session.sid}`), BAD_REQUEST);
    isRefused(await request(port, `${PATH}?${version}transport=polling&sid=${session.sid}`, { method: "POST", body: "4x" }), BAD_REQUEST);
    const socket = await WebSocketWire.ask(port, `${PATH}?${version}transport=websocket&sid=${session.sid}`);
    assert.equal(socket.response.statusLine, "HTTP/1.1 400 Bad Request");
    assert.equal(socket.response.body, "Bad request");
  }
  assert.equal((await session.post("4alive")).body, "ok");
  assert.equal((await session.get()).body, "4alive");
});

// --- refusals over HTTP

for (const [what, query, body] of [
  ["no transport", "EIO=4", UNKNOWN_TRANSPORT],
  ["unknown transport", "EIO=4&transport=abc", UNKNOWN_TRANSPORT],
  ["webtransport", "EIO=4&transport=webtransport", UNKNOWN_TRANSPORT],
  ["transport in capitals", "EIO=4&transport=POLLING", UNKNOWN_TRANSPORT],
  ["__proto__ as transport", "EIO=4&transport=__proto__", UNKNOWN_TRANSPORT],
  ["unknown sid", "EIO=4&transport=polling&sid=abc", UNKNOWN_SID],
  ["__proto__ as sid", "EIO=4&transport=polling&sid=__proto__", UNKNOWN_SID],
  ["no EIO", "transport=polling", BAD_VERSION],
  ["EIO=3", "EIO=3&transport=polling", BAD_VERSION],
  ["EIO=5", "EIO=5&transport=polling", BAD_VERSION],
  ["EIO=04", "EIO=04&transport=polling", BAD_VERSION],
  ["EIO=abc", "EIO=abc&transport=polling", BAD_VERSION],
  ["websocket without an Upgrade", "EIO=4&transport=websocket", BAD_REQUEST],
  // the order of the checks
  ["transport before sid", "transport=abc&sid=abc", UNKNOWN_TRANSPORT],
  ["sid before version", "EIO=3&transport=polling&sid=abc", UNKNOWN_SID],
  ["sid before the missing Upgrade", "EIO=4&transport=websocket&sid=abc", UNKNOWN_SID],
  ["the missing Upgrade before version", "EIO=3&transport=websocket", BAD_REQUEST],
]) {
  test(`GET with ${what}: 400 ${body}`, async () => {
    isRefused(await request(port, `${PATH}?${query}`), body);
  });
}

test("POST without a sid: bad handshake method, before the version; transport first", async () => {
  const post = { method: "POST", body: "4x" };
  isRefused(await request(port, pollingTarget(PATH), post), BAD_METHOD);
  isRefused(await request(port, `${PATH}?EIO=3&transport=polling`, post), BAD_METHOD);
  isRefused(await request(port, `${PATH}?EIO=4&transport=websocket`, post), BAD_METHOD);
  isRefused(await request(port, `${PATH}?EIO=4&transport=abc`, post), UNKNOWN_TRANSPORT);
});

test("HEAD, PUT and DELETE: 400 code 2 without a sid, an empty 500 with one", async () => {
  const session = await polling();
  for (const method of ["HEAD", "PUT", "DELETE"]) {
    const stray = await request(port, pollingTarget(PATH), { method });
    assert.equal(stray.status, 400, method);
    if (method !== "HEAD") assert.equal(stray.body, BAD_METHOD);
    const inside = await request(port, session.target, { method });
    assert.equal(inside.status, 500, method);
    assert.equal(inside.body, "");
    const elsewhere = await request(port, `${pollingTarget(PATH)}&sid=abc`, { method });
    assert.equal(elsewhere.status, 400, method);
  }
  assert.equal((await session.post("4alive")).body, "ok");
  assert.equal((await session.get()).body, "4alive");
});

test("OPTIONS where CORS is not configured: 400 code 2, with a session 500", async () => {
  isRefused(await request(port, pollingTarget(PATH), { method: "OPTIONS" }), BAD_METHOD);
  const session = await polling();
  assert.equal((await request(port, session.target, { method: "OPTIONS" })).status, 500);
});

test("websocket without an Upgrade on a living session: bad request, and it lives on", async () => {
  const session = await polling();
  isRefused(await request(port, session.upgradeTarget), BAD_REQUEST);
  assert.equal((await session.post("4alive")).body, "ok");
});

test("polling on a session that began as a WebSocket: bad request; the session lives on", async () => {
  const socket = await WebSocketSession.open(port, PATH);
  const target = `${pollingTarget(PATH)}&sid=${socket.sid}`;
  isRefused(await request(port, target), BAD_REQUEST);
  isRefused(await request(port, target, { method: "POST", body: "4x" }), BAD_REQUEST);
  socket.text("4alive");
  assert.equal(await socket.next(), "4alive");
});

test("a sid is unknown after its session was closed", async () => {
  const session = await polling();
  assert.equal((await session.post("1")).body, "ok");
  isRefused(await session.get(), UNKNOWN_SID);
  isRefused(await session.post("4x"), UNKNOWN_SID);
});

test("a sid belongs to its path", async () => {
  const session = await polling();
  isRefused(await request(port, `${pollingTarget("/socket.io/")}&sid=${session.sid}`), UNKNOWN_SID);
});

test("a control character in Origin: 400, whoever finds it", async () => {
  const wire = await Wire.connect(port);
  wire.send(requestBytes(pollingTarget(PATH), { headers: { Origin: "http://a\x01b" } }));
  assert.equal((await readResponse(wire)).status, 400);
});

// --- refusals of an upgrade: before the 101, the bare message, and the end of the connection

for (const [what, query, message] of [
  ["no transport", "EIO=4", "Transport unknown"],
  ["unknown sid", "EIO=4&transport=websocket&sid=abc", "Session ID unknown"],
  ["__proto__ as sid", "EIO=4&transport=websocket&sid=__proto__", "Session ID unknown"],
  ["unknown sid and polling", "EIO=4&transport=polling&sid=abc", "Session ID unknown"],
  ["sid before version", "EIO=3&transport=websocket&sid=abc", "Session ID unknown"],
  ["EIO=3", "EIO=3&transport=websocket", "Unsupported protocol version"],
  ["no EIO", "transport=websocket", "Unsupported protocol version"],
]) {
  test(`upgrade with ${what}: HTTP 400 instead of 101, ${message}`, async () => {
    const socket = await WebSocketWire.ask(port, `${PATH}?${query}`);
    assert.equal(socket.response.statusLine, "HTTP/1.1 400 Bad Request");
    assert.equal(socket.response.body, message);
    assert.equal(socket.response.get("Connection"), "close");
    assert.equal(socket.response.get("Content-type"), "text/html");
    assert.equal((await socket.wire.takeRest()).length, 0);
  });
}

for (const [what, headers, message] of [
  ["a wrong Upgrade", { Upgrade: "h2c" }, "Invalid Upgrade header"],
  ["no key", { "Sec-WebSocket-Key": undefined }, "Missing or invalid Sec-WebSocket-Key header"],
  ["a short key", { "Sec-WebSocket-Key": "AAAA" }, "Missing or invalid Sec-WebSocket-Key header"],
  ["a key that is no base64", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j*Q==" }, "Missing or invalid Sec-WebSocket-Key header"],
  ["version 12", { "Sec-WebSocket-Version": "12" }, "Missing or invalid Sec-WebSocket-Version header"],
  ["no version", { "Sec-WebSocket-Version": undefined }, "Missing or invalid Sec-WebSocket-Version header"],
]) {
  test(`upgrade with ${what}: HTTP 400, ${message}`, async () => {
    const socket = await WebSocketWire.ask(port, websocketTarget(PATH), { headers });
    assert.equal(socket.response.status, 400);
    assert.equal(socket.response.body, message);
    assert.equal((await socket.wire.takeRest()).length, 0);
  });
}

test("Upgrade header in another case is an upgrade", async () => {
  const socket = await WebSocketWire.open(port, websocketTarget(PATH), { headers: { Upgrade: "WebSocket", Connection: "keep-alive, upgrade" } });
  assert.match(await socket.next(), /^0\{/);
});

test("transport=polling with an Upgrade: 101, then an empty close, and no session", async () => {
  const socket = await WebSocketWire.open(port, pollingTarget(PATH));
  assert.equal(await socket.hex(), "8800");
  const session = await polling();
  const second = await WebSocketWire.open(port, session.target);
  assert.equal(await second.hex(), "8800");
  await session.post("4alive");
  assert.equal((await session.get()).body, "4alive");
});
