// Engine.IO v4: heartbeat, ping timeout, connect timeout. What must not happen too early is measured; that nothing happens too late
// is the patience of every wait, for the machine may be slow.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PollingSession, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse } from "./lib/http.mjs";
import { startEcho } from "./lib/servers.mjs";
import { dropWires } from "./lib/wire.mjs";
import { eventually } from "../e2e/lib/wait.mjs";

const RAW = "/engine.io/";
const SOCKETS = "/socket.io/";
const UNKNOWN_SID = '{"code":1,"message":"Session ID unknown"}';
const FOR_EVER = 600_000;

const now = () => Number(process.hrtime.bigint() / 1_000_000n);

/** Timers of the two sides are rounded apart by as much. */
const ROUNDING = 2;
function isNotBefore(time, what) {
  assert.ok(now() >= time - ROUNDING, `${what} came ${time - now()} ms early`);
}

async function withEcho(options, work) {
  const server = await startEcho(options);
  await work(server.port);
  await server.stop();
}

/** Round trips until that time: the connection is in use, and the test waits for its events only. */
async function busyUntil(socket, time) {
  while (now() < time) {
    socket.text("4busy");
    assert.equal(await socket.next(), "4busy");
  }
}

// Side by side: nearly all of their time is spent waiting.
describe("timers", { concurrency: 4 }, () => {
  after(dropWires);

  test("WebSocket: 2 comes pingInterval after open, the next one pingInterval after the pong", () =>
    withEcho({ "ping-interval": 200, "ping-timeout": FOR_EVER }, async (port) => {
      const start = now();
      const socket = await WebSocketSession.open(port, RAW);
      assert.equal(await socket.next(), "2");
      isNotBefore(start + 200, "the first ping");
      const pause = now() + 120;
      await busyUntil(socket, pause);
      const pong = now();
      socket.text("3");
      assert.equal(await socket.next(), "2");
      isNotBefore(pong + 200, "the second ping");
    }));

  test("a 3 unasked resets the timer", () =>
    withEcho({ "ping-interval": 1500, "ping-timeout": FOR_EVER }, async (port) => {
      const socket = await WebSocketSession.open(port, RAW);
      await busyUntil(socket, now() + 150);
      const pong = now();
      socket.text("3");
      assert.equal(await socket.next(), "2");
      isNotBefore(pong + 1500, "the ping");
    }));

  test("polling: the ping releases the held GET, and pongs keep the session", () =>
    withEcho({ "ping-interval": 150, "ping-timeout": FOR_EVER }, async (port) => {
      const start = now();
      const session = await PollingSession.open(port, RAW);
      for (let n = 1; n <= 4; ++n) {
        assert.equal((await session.get()).body, "2");
        isNotBefore(start + n * 150, `ping ${n}`);
        assert.equal((await session.post("3")).body, "ok");
      }
    }));

  test("polling: a ping that nobody fetched waits for the next GET", () =>
    withEcho({ "ping-interval": 50, "ping-timeout": FOR_EVER }, async (port) => {
      const session = await PollingSession.open(port, RAW);
      const other = await WebSocketSession.open(port, RAW);
      assert.equal(await other.next(), "2"); // younger than ours
      assert.equal((await session.get()).body, "2");
    }));

  test("WebSocket: no pong, an empty close after pingTimeout", () =>
    withEcho({ "ping-interval": 100, "ping-timeout": 150 }, async (port) => {
      const start = now();
      const socket = await WebSocketSession.open(port, RAW);
      assert.equal(await socket.next(), "2");
      assert.equal(await socket.hex(), "8800");
      isNotBefore(start + 250, "the close");
      assert.equal((await socket.poll()).body, UNKNOWN_SID);
    }));

  test("WebSocket: messages are no pong", () =>
    withEcho({ "ping-interval": 100, "ping-timeout": 2000 }, async (port) => {
      const socket = await WebSocketSession.open(port, RAW);
      assert.equal(await socket.next(), "2");
      socket.text("4not a pong");
      assert.equal(await socket.next(), "4not a pong");
      assert.equal(await socket.hex(), "8800");
    }));

  test("polling: no pong, the held GET gets 1", () =>
    withEcho({ "ping-interval": 100, "ping-timeout": 2500 }, async (port) => {
      const start = now();
      const session = await PollingSession.open(port, RAW);
      assert.equal((await session.get()).body, "2");
      assert.equal((await session.get()).body, "1");
      isNotBefore(start + 2600, "the close");
      assert.equal((await session.get()).body, UNKNOWN_SID);
    }));

  test("polling: no pong and no GET either, the next one is 400 code 1", () =>
    withEcho({ "ping-interval": 50, "ping-timeout": 50 }, async (port) => {
      const session = await PollingSession.open(port, RAW);
      const other = await WebSocketSession.open(port, RAW); // younger than ours
      assert.equal(await other.next(), "2");
      assert.equal(await other.hex(), "8800");
      const answer = await session.get();
      assert.equal(answer.status, 400);
      assert.equal(answer.body, UNKNOWN_SID);
    }));

  test("the heartbeat goes on over an upgrade", () =>
    withEcho({ "ping-interval": 300, "ping-timeout": FOR_EVER }, async (port) => {
      const session = await PollingSession.open(port, RAW);
      const socket = await session.upgrade();
      socket.text("2probe");
      assert.equal(await socket.next(), "3probe");
      socket.text("5");
      for (let n = 0; n < 2; ++n) {
        assert.equal(await socket.next(), "2");
        socket.text("3");
      }
    }));

  test("connectTimeout on WebSocket: no namespace joined, an empty close", () =>
    withEcho({ "connect-timeout": 100 }, async (port) => {
      const start = now();
      const socket = await WebSocketSession.open(port, SOCKETS);
      assert.equal(await socket.hex(), "8800");
      isNotBefore(start + 100, "the close");
    }));

  test("connectTimeout: a namespace that was refused is none", () =>
    withEcho({ "connect-timeout": 2000 }, async (port) => {
      const socket = await WebSocketSession.open(port, SOCKETS);
      socket.text("40/random,");
      assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
      assert.equal(await socket.hex(), "8800");
    }));

  test("connectTimeout on polling: the held GET gets 1", () =>
    withEcho({ "connect-timeout": 2000 }, async (port) => {
      const session = await PollingSession.open(port, SOCKETS);
      assert.equal((await session.get()).body, "1");
      assert.equal((await session.get()).body, UNKNOWN_SID);
    }));

  test("connectTimeout on polling is orderly: a poller that is away fetches 6 and 1, a POST meanwhile gets ok, then 400 code 1", () =>
    withEcho({ "connect-timeout": 50 }, async (port) => {
      const session = await PollingSession.open(port, SOCKETS);
      const other = await WebSocketSession.open(port, SOCKETS); // younger than ours
      assert.equal(await other.hex(), "8800");
      assert.equal((await session.post("4x")).body, "ok");
      assert.equal((await session.get()).body, "6\x1e1");
      const answer = await session.get();
      assert.equal(answer.status, 400);
      assert.equal(answer.body, UNKNOWN_SID);
      assert.equal((await session.post("4x")).body, UNKNOWN_SID);
    }));

  test("connectTimeout on polling: what was owed comes first, then 6 and 1", () =>
    withEcho({ "connect-timeout": 1500 }, async (port) => {
      const session = await PollingSession.open(port, SOCKETS);
      assert.equal((await session.post("40/random,")).body, "ok");
      const other = await WebSocketSession.open(port, SOCKETS);
      assert.equal(await other.hex(), "8800");
      assert.equal((await session.get()).body, '44/random,{"message":"Invalid namespace"}');
      assert.equal((await session.get()).body, "6\x1e1");
      assert.equal((await session.get()).body, UNKNOWN_SID);
    }));

  test("connectTimeout is not armed again: after 41 the bare session stays", () =>
    withEcho({ "ping-interval": 500, "ping-timeout": FOR_EVER, "connect-timeout": 2000 }, async (port) => {
      const socket = await WebSocketSession.open(port, SOCKETS);
      socket.text("40");
      assert.match(await socket.next(), /^40\{"sid":/);
      assert.equal(await socket.next(), '42["auth",{}]');
      socket.text("41");
      for (let n = 0; n < 5; ++n) {
        assert.equal(await socket.next(), "2");
        socket.text("3");
      }
      socket.text("40");
      assert.match(await socket.next(), /^40\{"sid":/);
    }));

  test("a raw Engine.IO session has no connectTimeout", () =>
    withEcho({ "ping-interval": 100, "ping-timeout": FOR_EVER, "connect-timeout": 50 }, async (port) => {
      const socket = await WebSocketSession.open(port, RAW);
      for (let n = 0; n < 3; ++n) {
        assert.equal(await socket.next(), "2");
        socket.text("3");
      }
      socket.text("4x");
      assert.equal(await socket.next(), "4x");
    }));

  test("the heartbeat goes on during an upgrade: the ping leaves by poll", () =>
    withEcho({ "ping-interval": 100, "ping-timeout": FOR_EVER }, async (port) => {
      const session = await PollingSession.open(port, RAW);
      const socket = await session.upgrade();
      socket.text("2probe");
      assert.equal(await socket.next(), "3probe");
      // A GET during the upgrade is let go with 6 again and again, and with the ping when that is due.
      await eventually(async () => (await session.get()).body === "2", "the ping comes by poll");
    }));
});
