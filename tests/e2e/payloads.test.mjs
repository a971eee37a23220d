// What a back end publishes reaches the gateway's client exactly as a Node Socket.IO server would have delivered it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { createAdapter } from "@socket.io/redis-adapter";
import { Server } from "socket.io";
import { Client } from "./lib/client.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { World } from "./lib/world.mjs";

// Without recovery: its offsets are no part of what was published.
const world = await World.start({ socket: { recovery_ms: 0 } });
after(() => world.stop());
const node = await startNodeServer();
after(() => node.stop());

const user = randomUUID();
const chat = await world.postgres.addChat(user);
const cookie = await world.backend.login(user);
const headers = { Cookie: cookie };

/** A Socket.IO server on the same Redis whose sockets are all in the chat's room. */
async function startNodeServer() {
  const clients = [await world.redis.connect(), await world.redis.connect()];
  const http = createServer();
  const io = new Server(http, { path: "/ws", adapter: createAdapter(...clients) });
  io.on("connection", (socket) => socket.join(chat));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    io,
    url: `http://127.0.0.1:${http.address().port}`,
    async stop() {
      await io.close();
      for (const client of clients) if (client.isOpen) client.destroy();
    },
  };
}

/** Every event until the one named `end`, with its arguments. */
function eventsOf(client) {
  const events = [];
  return new Promise((resolve) => {
    client.socket.onAny((...event) => {
      if (event[0] === "end") resolve(events);
      else events.push(event);
    });
  });
}

/** Every packet until the one of the event `end`; text as text, attachments as bytes. */
async function packetsOf(raw) {
  const packets = [];
  for (;;) {
    const packet = await raw.next();
    if (packet === '42["end"]') return packets;
    packets.push(packet);
  }
}

/** What `publish` puts on the bus, seen by both sides' clients and as both sides' packets. */
async function seenByBoth(publish) {
  const gatewayClient = await new Client(world.gateway.url, { cookie }).connect();
  const nodeClient = await new Client(node.url).connect();
  const gatewayRaw = await RawSocket.connect(world.gateway.url, { headers });
  const nodeRaw = await RawSocket.connect(node.url);
  const seen = Promise.all([
    eventsOf(gatewayClient), eventsOf(nodeClient), packetsOf(gatewayRaw), packetsOf(nodeRaw),
  ]);
  publish();
  world.backend.emitter.to(chat).emit("end");
  const [gatewayEvents, nodeEvents, gatewayPackets, nodePackets] = await seen;
  for (const client of [gatewayClient, nodeClient, gatewayRaw, nodeRaw]) client.close();
  return { gatewayEvents, nodeEvents, gatewayPackets, nodePackets };
}

const emit = (...args) => world.backend.emitter.to(chat).emit("serverMessage", ...args);

const payloads = {
  "text": ["", "plain", 'quote " backslash \\ slash /', "\b\t\n\f\r\u0000\u001f\u007f\u2028\u2029", "ü 漢字 🙂"],
  "lone surrogates": ["\ud800 lone", "\udc00"],
  "long text": ["a".repeat(31), "b".repeat(32), "c".repeat(255), "d".repeat(256), "é".repeat(40_000)],
  "literals": [null, true, false, undefined, NaN, Infinity, -Infinity],
  "small integers": [0, -0, 1, -1, 127, 128, -32, -33, 255, 256, -128, -129, 65535, 65536, -32768, -32769],
  "large integers": [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1, 1_700_000_000_000],
  "integers beyond 2^53": [2 ** 53, 2 ** 53 + 2, -(2 ** 53) - 2, 2 ** 60, 2 ** 63, -(2 ** 63), 2 ** 64 - 2048, 12345678901234567890],
  "floats": [0.1, -0.5, 1.5e300, 5e-324, 1e-7, 0.000001, 123456789.123456789, 4.35, 1.7976931348623157e308, 1e21 + 0.5, -1e-10],
  "dates": [new Date(0), new Date(1_700_000_000_123), new Date("2026-11-22T20:46:14.383Z"), new Date(-1), new Date("1969-07-20T20:17:40Z"),
    new Date("2500-01-01T00:00:00.001Z"), new Date("0099-03-01"), new Date(NaN)],
  "undefined members": [{ a: undefined, b: 1, c: () => 1 }, [undefined, 1], { nested: { x: undefined } }],
  "nested": [{ a: { b: { c: [1, [2, [3, { d: null }]]] } } }, [[], {}, [[]], { "": {} }]],
  "deeply nested": [Array.from({ length: 60 }).reduce((inner) => ({ inner }), "core")],
  "integer-like keys": [{ b: 1, 10: 2, 2: 3, "01": 4, "-1": 5, 4294967294: 6, 4294967295: 7, "1.5": 8, a: 9, 0: 10 }],
  "odd keys": [{ "": 1, 'quote"': 2, "ünï": 3, "new\nline": 4, "constructor": 5 }],
  "wide": [Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`k${i}`, i])), Array.from({ length: 70_000 }, (_, i) => i % 10)],
  "binary": [Buffer.from([1, 2, 3]), { file: Buffer.alloc(300, 7), more: [Buffer.alloc(0), "text", Buffer.alloc(70_000, 9)] }],
  "binary and dates": [{ at: new Date(1_700_000_000_000), bytes: Buffer.from("x") }],
  "toJSON": [{ toJSON: () => ({ told: true }) }],
};

for (const [name, values] of Object.entries(payloads)) {
  test(`${name}: as a Node server delivers it`, async () => {
    const seen = await seenByBoth(() => {
      for (const value of values) emit(value);
      emit(...values);
    });
    assert.equal(seen.nodeEvents.length, values.length + 1, "the Node server delivered all of it");
    assert.deepStrictEqual(seen.gatewayEvents, seen.nodeEvents);
    assert.deepStrictEqual(seen.gatewayPackets, seen.nodePackets);
  });
}

test("other events, and events without arguments", async () => {
  const seen = await seenByBoth(() => {
    const room = world.backend.emitter.to(chat);
    room.emit("typing");
    room.emit("an event with spaces", 1);
    room.emit('quote"', {});
    world.backend.emitter.emit("to everybody", 1);
    world.backend.emitter.to(chat).to("elsewhere").emit("to two rooms", 1);
    world.backend.emitter.to(chat).except("elsewhere").emit("but not elsewhere", 1);
    world.backend.emitter.to("elsewhere").emit("not ours", 1);
    world.backend.emitter.of("/other").to(chat).emit("another namespace", 1);
  });
  assert.deepStrictEqual(
    seen.gatewayEvents.map(([event]) => event),
    ["typing", "an event with spaces", 'quote"', "to everybody", "to two rooms", "but not elsewhere"],
  );
  assert.deepStrictEqual(seen.gatewayEvents, seen.nodeEvents);
  assert.deepStrictEqual(seen.gatewayPackets, seen.nodePackets);
});

test("what a Node server broadcasts itself reaches the gateway's clients", async () => {
  const seen = await seenByBoth(() => {
    node.io.to(chat).emit("serverMessage", { from: "node", at: new Date(1_700_000_000_000), bytes: Buffer.from([1]) });
  });
  assert.deepStrictEqual(seen.gatewayEvents, seen.nodeEvents);
  assert.deepStrictEqual(seen.gatewayPackets, seen.nodePackets);
});

test("a back end that publishes rubbish harms nobody", async () => {
  // To a room that the Node server has not: it would not survive it.
  const user = randomUUID();
  const room = await world.postgres.addChat(user);
  const client = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
  const rubbish = ["", "{}", "text", Buffer.from([0xc1]), Buffer.from([0x93]), Buffer.from([0x93, 0xa1, 0x61, 0xc0, 0xc0]), Buffer.alloc(100_000, 0x91)];
  for (const bytes of rubbish) await world.backend.redis.publish(`socket.io#/#${room}#`, bytes);
  world.backend.publish(room, { content: "still here" });
  await client.receives("still here");
  assert.deepEqual(client.contents, ["still here"]);
});
