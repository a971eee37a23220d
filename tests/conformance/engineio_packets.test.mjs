// Engine.IO v4: packets and payloads, and what odd input does to a session.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { PollingSession, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse, requestBytes } from "./lib/http.mjs";
import { startEcho } from "./lib/servers.mjs";
import { closeFrame, frame, opcode } from "./lib/websocket.mjs";
import { dropWires, Wire } from "./lib/wire.mjs";
import { eventually } from "../e2e/lib/wait.mjs";

const PATH = "/engine.io/";
const UNKNOWN_SID = '{"code":1,"message":"Session ID unknown"}';
const MAX = 1_000_000;

let server;
let port;
before(async () => {
  server = await startEcho();
  port = server.port;
});
after(() => server.stop());
afterEach(dropWires);

const polling = () => PollingSession.open(port, PATH);
const websocket = () => WebSocketSession.open(port, PATH);

async function isClosed(session) {
  const answer = await session.get();
  assert.equal(answer.status, 400);
  assert.equal(answer.body, UNKNOWN_SID);
}

async function isOpen(session) {
  assert.equal((await session.post("4still here")).body, "ok");
  assert.equal((await session.get()).body, "4still here");
}

/** The session goes when the server sees it: a GET that comes too early is held and dies with it, which is as good. */
async function closesSoon(session) {
  await eventually(async () => {
    const answer = await session.post("6");
    return answer.status === 400 && answer.body === UNKNOWN_SID;
  }, "the session is unknown");
}

// --- packets

test("a GET is held until there is something to send", async () => {
  const session = await polling();
  const held = await session.hold();
  assert.equal(held.received.length, 0);
  await session.post("4at last");
  assert.equal((await readResponse(held)).body, "4at last");
});

test("packets of a payload are joined by \\x1e, in both directions and in order", async () => {
  const session = await polling();
  await session.post("4a\x1e4b\x1ebAQIDBA==\x1e4c");
  assert.equal((await session.get()).body, "4a\x1e4b\x1ebAQIDBA==\x1e4c");
});

test("replies that wait for the poll leave in one body", async () => {
  const session = await polling();
  await session.post("4a");
  await session.post("4b");
  assert.equal((await session.get()).body, "4a\x1e4b");
});

test("payloads are UTF-8", async () => {
  const session = await polling();
  await session.post("4€ \u{1F600} ünï");
  const answer = await session.get();
  assert.equal(answer.body, "4€ \u{1F600} ünï");
  assert.equal(answer.get("Content-Length"), String(Buffer.byteLength(answer.body)));
});

test("binary on polling is b and padded base64", async () => {
  const session = await polling();
  for (const bytes of [[], [1], [1, 2], [1, 2, 3], [0xfb, 0xff, 0xfe]]) {
    const packet = `b${Buffer.from(bytes).toString("base64")}`;
    await session.post(packet);
    assert.equal((await session.get()).body, packet);
  }
});

test("bad base64 is decoded leniently", async () => {
  const session = await polling();
  for (const [sent, back] of [["b!!!", "b"], ["bAQID!BA", "bAQIDBA=="], ["bAQIDBA", "bAQIDBA=="], ["b-_8", "b+/8="]]) {
    await session.post(sent);
    assert.equal((await session.get()).body, back, sent);
  }
});

test("an empty message is a message", async () => {
  const session = await polling();
  await session.post("4");
  assert.equal((await session.get()).body, "4");
});

test("WebSocket: one packet per frame, text as it is, binary without a type byte", async () => {
  const socket = await websocket();
  socket.text("4text");
  socket.binary(Buffer.from([4, 1, 0, 255]));
  socket.binary(Buffer.alloc(0));
  const text = await socket.frame();
  assert.deepEqual([text.opcode, text.fin, text.rsv, text.masked, text.payload.toString()], [opcode.text, true, 0, false, "4text"]);
  assert.deepEqual(await socket.next(), Buffer.from([4, 1, 0, 255]));
  assert.deepEqual(await socket.next(), Buffer.alloc(0));
});

test("WebSocket: \\x1e separates nothing", async () => {
  const socket = await websocket();
  socket.text("4a\x1e4b");
  assert.equal(await socket.next(), "4a\x1e4b");
});

test("WebSocket: b... as text is binary", async () => {
  const socket = await websocket();
  socket.text("bAQIDBA==");
  assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3, 4]));
});

// --- bodies and their limit

for (const type of ["text/plain;charset=UTF-8", "text/plain", "application/json", "application/x-www-form-urlencoded", undefined]) {
  test(`POST as ${type}: taken`, async () => {
    const session = await polling();
    assert.equal((await session.post("4x", { "Content-Type": type ?? "" })).body, "ok");
    assert.equal((await session.get()).body, "4x");
  });
}

test("POST as application/octet-stream: 400, empty body, and the session dies", async () => {
  const session = await polling();
  const held = await session.hold();
  const answer = await session.post("4x", { "Content-Type": "application/octet-stream" });
  assert.equal(answer.status, 400);
  assert.equal(answer.body, "");
  assert.equal((await readResponse(held)).body, "1");
  await isClosed(session);
});

test("POST of exactly maxPayload bytes passes, one more is 413 with an empty body and the session lives", async () => {
  const session = await polling();
  assert.equal((await session.post(`4${"x".repeat(MAX - 1)}`)).body, "ok");
  assert.equal((await session.get()).bytes.length, MAX);
  const over = await session.post(`4${"x".repeat(MAX)}`);
  assert.equal(over.status, 413);
  assert.equal(over.body, "");
  await isOpen(session);
});

test("maxPayload counts bytes, not characters", async () => {
  const session = await polling();
  assert.equal((await session.post(`4${"€".repeat(MAX / 2)}`)).status, 413);
  await isOpen(session);
});

test("maxPayload limits what clients send, not what the server sends", async () => {
  const session = await polling();
  for (let n = 0; n < 3; ++n) await session.post(`4${"x".repeat(MAX - 1)}`);
  assert.equal((await session.get()).bytes.length, 3 * MAX + 2);
});

test("WebSocket message of exactly maxPayload passes; one more is close 1009 and the end of the session", async () => {
  const socket = await websocket();
  socket.text(`4${"x".repeat(MAX - 1)}`);
  assert.equal((await socket.next()).length, MAX);
  socket.text(`4${"x".repeat(MAX)}`);
  assert.equal(await socket.closeCode(), 1009);
  assert.equal((await socket.poll()).body, UNKNOWN_SID);
});

test("a POST in pieces is one POST", async () => {
  const session = await polling();
  const wire = await Wire.connect(port);
  const bytes = requestBytes(session.target, { method: "POST", body: "4in pieces" });
  for (const byte of bytes) {
    wire.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await readResponse(wire)).body, "ok");
  assert.equal((await session.get()).body, "4in pieces");
});

test("a chunked POST is a POST", async () => {
  const session = await polling();
  const wire = await Wire.connect(port);
  wire.send(requestBytes(session.target, { method: "POST", headers: { "Transfer-Encoding": "chunked" } }), "3\r\n4ab\r\n2;x=y\r\ncd\r\n0\r\n\r\n");
  assert.equal((await readResponse(wire)).body, "ok");
  assert.equal((await session.get()).body, "4abcd");
});

test("requests on one connection are answered in order", async () => {
  const session = await polling();
  const wire = await Wire.connect(port);
  const post = (body) => requestBytes(session.target, { method: "POST", body });
  wire.send(post("4a"), post("4b"), requestBytes(session.target));
  assert.equal((await readResponse(wire)).body, "ok");
  assert.equal((await readResponse(wire)).body, "ok");
  assert.equal((await readResponse(wire)).body, "4a\x1e4b");
});

// --- odd input: a session is open, one GET is held

test("a second GET: 400 and empty; the held one gets 1; the session is closed", async () => {
  const session = await polling();
  const held = await session.hold();
  const second = await session.get();
  assert.equal(second.status, 400);
  assert.equal(second.body, "");
  const first = await readResponse(held);
  assert.equal(first.status, 200);
  assert.equal(first.body, "1");
  await isClosed(session);
});

test("the client drops the held GET: the session is closed", async () => {
  const session = await polling();
  (await session.hold()).drop();
  await closesSoon(session);
});

/** A POST of which the server (one loop) has the head and a part of the body. */
async function beginPost(session, body) {
  const wire = await Wire.connect(port);
  wire.send(requestBytes(session.target, { method: "POST", body: "6" }));
  assert.equal((await readResponse(wire)).body, "ok");
  const bytes = requestBytes(session.target, { method: "POST", body });
  wire.send(bytes.subarray(0, bytes.length - 2));
  return { wire, rest: bytes.subarray(bytes.length - 2) };
}

test("a second POST while a body is arriving: 400 and empty; the first is dropped without an answer; the session is closed", async () => {
  const session = await polling();
  const held = await session.hold();
  const { wire } = await beginPost(session, "4first");
  const second = await session.post("4second");
  assert.equal(second.status, 400);
  assert.equal(second.body, "");
  assert.equal((await wire.takeRest()).length, 0);
  assert.equal((await readResponse(held)).body, "1");
  await isClosed(session);
});

test("the client drops a running POST: the session is closed, the held GET gets 1", async () => {
  const session = await polling();
  const held = await session.hold();
  const { wire } = await beginPost(session, "4first");
  wire.drop();
  assert.equal((await readResponse(held)).body, "1");
  await isClosed(session);
});

test("POSTs one after the other are fine, and a GET beside a running POST is, too", async () => {
  const session = await polling();
  const { wire, rest } = await beginPost(session, "4first");
  const held = await session.beginGet();
  wire.send(rest);
  assert.equal((await readResponse(wire)).body, "ok");
  assert.equal((await readResponse(held)).body, "4first");
  await isOpen(session);
});

for (const [what, body] of [
  ["type 9", "9"],
  ["an empty body", ""],
  ["a bare separator", "\x1e"],
  ["no packet at all", "garbage"],
  ["a separator too many at the end", "6\x1e"],
  ["a ping: the server pings", "2"],
  ["a probe on polling", "2probe"],
]) {
  test(`POST of ${what}: ok, the held GET gets 1, the session is closed`, async () => {
    const session = await polling();
    const held = await session.hold();
    const answer = await session.post(body);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, "ok");
    const last = await readResponse(held);
    assert.equal(last.status, 200);
    assert.equal(last.body, "1");
    await isClosed(session);
  });
}

test("an error close without a held GET: the next request is told that the session is unknown", async () => {
  const session = await polling();
  assert.equal((await session.post("garbage")).body, "ok");
  await isClosed(session);
  assert.equal((await session.post("4x")).body, UNKNOWN_SID);
});

test("a reply that packets before a bad one cause is lost", async () => {
  const session = await PollingSession.open(port, "/socket.io/");
  await session.post("40");
  await session.get();
  const held = await session.hold();
  await session.post('42["message"]\x1e9');
  assert.equal((await readResponse(held)).body, "1");
  await isClosed(session);
});

test("3 unasked is accepted", async () => {
  const session = await polling();
  await session.post("3");
  await isOpen(session);
  const socket = await websocket();
  socket.text("3");
  socket.text("4x");
  assert.equal(await socket.next(), "4x");
});

test("0, 5 and 6 are ignored on polling", async () => {
  const session = await polling();
  for (const packet of ["0", "5", "6", "0{}", "6x"]) assert.equal((await session.post(packet)).body, "ok");
  await isOpen(session);
});

test("0, 5 and 6 are ignored on WebSocket", async () => {
  const socket = await websocket();
  for (const packet of ["0", "5", "6"]) socket.text(packet);
  socket.text("4x");
  assert.equal(await socket.next(), "4x");
});

test("1 on polling closes; the held GET gets 6", async () => {
  const session = await polling();
  const held = await session.hold();
  assert.equal((await session.post("1")).body, "ok");
  assert.equal((await readResponse(held)).body, "6");
  await isClosed(session);
});

test("1 on WebSocket is ignored", async () => {
  const socket = await websocket();
  socket.text("1");
  socket.text("4x");
  assert.equal(await socket.next(), "4x");
});

for (const text of ["9", "", "garbage", "2", "2probe"]) {
  test(`WebSocket text ${JSON.stringify(text)}: an empty close`, async () => {
    const socket = await websocket();
    socket.text(text);
    assert.equal(await socket.hex(), "8800");
  });
}

test("the client closes the WebSocket: its close comes back, then the end, and the session is unknown", async () => {
  const socket = await websocket();
  socket.send(closeFrame(1000));
  assert.equal(await socket.closeCode(), 1000);
  assert.equal((await socket.wire.takeRest()).length, 0);
  await eventually(async () => (await socket.poll()).body === UNKNOWN_SID, "the session is unknown");
});

test("an empty close comes back empty", async () => {
  const socket = await websocket();
  socket.send(closeFrame());
  assert.equal(await socket.hex(), "8800");
});

test("a WebSocket that just goes away takes its session with it", async () => {
  const socket = await websocket();
  socket.drop();
  await eventually(async () => (await socket.poll()).body === UNKNOWN_SID, "the session is unknown");
});

test("ws ping gets ws pong, between fragments too", async () => {
  const socket = await websocket();
  socket.send(frame(opcode.text, "4in ", { fin: false }), frame(opcode.ping, "hello"), frame(opcode.continuation, "pieces"));
  const pong = await socket.frame();
  assert.deepEqual([pong.opcode, pong.payload.toString()], [opcode.pong, "hello"]);
  assert.equal(await socket.next(), "4in pieces");
});

test("an unmasked frame: close 1002", async () => {
  const socket = await websocket();
  socket.send(frame(opcode.text, "4x", { mask: null }));
  assert.equal(await socket.closeCode(), 1002);
});

test("invalid UTF-8 in text: close 1007", async () => {
  const socket = await websocket();
  socket.send(frame(opcode.text, Buffer.from([0x34, 0xff])));
  assert.equal(await socket.closeCode(), 1007);
});
