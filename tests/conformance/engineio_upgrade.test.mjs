// Engine.IO v4: from polling to WebSocket, and everything that can cross on the way.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { PollingSession, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse, requestBytes } from "./lib/http.mjs";
import { demoCookie, startDemo, startEcho } from "./lib/servers.mjs";
import { closeFrame, frame, opcode, WebSocketWire } from "./lib/websocket.mjs";
import { dropWires, Wire } from "./lib/wire.mjs";
import { eventually } from "../e2e/lib/wait.mjs";

const PATH = "/engine.io/";
const BAD_REQUEST = '{"code":3,"message":"Bad request"}';

let server;
let port;
before(async () => {
  server = await startEcho();
  port = server.port;
});
after(() => server.stop());
afterEach(dropWires);

const polling = () => PollingSession.open(port, PATH);

async function pollingGoesOn(session) {
  assert.equal((await session.post("4by poll")).body, "ok");
  assert.equal((await session.get()).body, "4by poll");
}

/** A WebSocket attempt that the server has let go: until it noticed, another one is a second one. */
function upgradesAgain(session) {
  return eventually(async () => {
    const socket = await session.upgrade();
    socket.text("2probe");
    const got = await socket.frame();
    socket.drop();
    return got.payload.toString() === "3probe";
  }, "the session upgrades again");
}

test("2probe, 3probe, 5: messages flow on the WebSocket", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
  socket.binary(Buffer.from([1, 2]));
  assert.deepEqual(await socket.next(), Buffer.from([1, 2]));
});

test("3probe lets the held GET go with 6", async () => {
  const session = await polling();
  const held = await session.hold();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  assert.equal((await readResponse(held)).body, "6");
});

test("between 3probe and 5 a new GET gets 6, and messages may leave by poll", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  const start = process.hrtime.bigint();
  assert.equal((await session.get()).body, "6");
  // 100 ms by the text; the rest is the machine's.
  assert.ok(process.hrtime.bigint() - start < 5_000_000_000n);
  await pollingGoesOn(session);
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
});

test("packets queued at the upgrade follow on the WebSocket, in order and once", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  await session.post("4one\x1ebAQID\x1e4two");
  await session.post("4three");
  socket.text("5");
  socket.text("4four");
  assert.deepEqual([await socket.next(), await socket.next(), await socket.next(), await socket.next(), await socket.next()],
    ["4one", Buffer.from([1, 2, 3]), "4two", "4three", "4four"]);
});

test("probe, 5 and messages right behind the request, in one piece", async () => {
  const session = await polling();
  const frames = ["2probe", "5", "4a", "4b"].map((text) => frame(opcode.text, text));
  const socket = await session.upgrade({ behind: Buffer.concat(frames) });
  assert.deepEqual([await socket.next(), await socket.next(), await socket.next()], ["3probe", "4a", "4b"]);
});

test("5 without a probe is accepted", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
});

test("5 while a GET is held: that GET gets 1, and the session lives on the WebSocket", async () => {
  const session = await polling();
  const held = await session.hold();
  const socket = await session.upgrade();
  socket.text("5");
  assert.equal((await readResponse(held)).body, "1");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
});

test("a POST that is still arriving when 5 comes is answered, and its packets are not lost", async () => {
  const session = await polling();
  const post = await Wire.connect(port);
  const bytes = requestBytes(session.target, { method: "POST", body: "4on its way" });
  post.send(requestBytes(session.target, { method: "POST", body: "6" }));
  await readResponse(post);
  post.send(bytes.subarray(0, bytes.length - 5));
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
  post.send(bytes.subarray(bytes.length - 5));
  assert.equal((await readResponse(post)).body, "ok");
  assert.equal(await socket.next(), "4on its way");
});

for (const first of ["4x", "2", "1", "0", "3probe", "garbage", ""]) {
  test(`${JSON.stringify(first)} instead of the probe: that WebSocket gets an empty close, polling goes on`, async () => {
    const session = await polling();
    const socket = await session.upgrade();
    socket.text(first);
    assert.equal(await socket.hex(), "8800");
    await pollingGoesOn(session);
  });
}

test("a binary message instead of the probe: likewise", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.binary("2probe");
  assert.equal(await socket.hex(), "8800");
  await pollingGoesOn(session);
});

test("a message between the probe and 5: that WebSocket gets an empty close, polling goes on", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  socket.text("4x");
  assert.equal(await socket.hex(), "8800");
  await pollingGoesOn(session);
});

test("the WebSocket dies before 5: polling goes on, and another may come", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  socket.drop();
  await pollingGoesOn(session);
  await upgradesAgain(session);
});

test("the WebSocket is closed before 5: polling goes on, and another may come", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.send(closeFrame(1000));
  assert.equal(await socket.closeCode(), 1000);
  await pollingGoesOn(session);
  await upgradesAgain(session);
});

test("upgradeTimeout: the WebSocket gets an empty close, polling goes on", async () => {
  const gateway = await startDemo({ ENGINE_UPGRADE_TIMEOUT_MS: 1500 });
  const headers = { Cookie: await demoCookie(gateway) };
  const session = await PollingSession.open(gateway.port, "/ws/", { headers });
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  assert.equal(await socket.hex(), "8800");
  await session.post("40");
  assert.match((await session.get()).body, /^40\{"sid":/);
  await gateway.stop();
});

test("a second WebSocket while upgrading, and after: 101, an empty close, and the first is untouched", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  const isTurnedAway = async () => {
    const second = await session.upgrade();
    assert.equal(await second.hex(), "8800");
  };
  await isTurnedAway();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  await isTurnedAway();
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
  await isTurnedAway();
  socket.text("4untouched");
  assert.equal(await socket.next(), "4untouched");
});

test("a WebSocket for a session that began as one: 101, an empty close, and the first is untouched", async () => {
  const socket = await WebSocketSession.open(port, PATH);
  const second = await WebSocketWire.open(port, `${PATH}?EIO=4&transport=websocket&sid=${socket.sid}`);
  assert.equal(await second.hex(), "8800");
  socket.text("4untouched");
  assert.equal(await socket.next(), "4untouched");
});

test("polling requests after the upgrade: 400 code 3; the session lives on", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("5");
  socket.text("4over");
  assert.equal(await socket.next(), "4over");
  for (const answer of [await session.get(), await session.post("4late")]) {
    assert.equal(answer.status, 400);
    assert.equal(answer.body, BAD_REQUEST);
  }
  socket.text("4untouched");
  assert.equal(await socket.next(), "4untouched");
});

test("closing the session by polling closes the WebSocket that was to take over", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  assert.equal((await session.post("1")).body, "ok");
  assert.equal(await socket.hex(), "8800");
});

test("a large queue follows whole", async () => {
  const session = await polling();
  const socket = await session.upgrade();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  const big = "x".repeat(300_000);
  for (let n = 0; n < 5; ++n) await session.post(`4${n}${big}`);
  socket.text("5");
  for (let n = 0; n < 5; ++n) assert.equal(await socket.next(), `4${n}${big}`);
});
