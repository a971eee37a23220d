// Records what members of a cluster of Node servers publish through a real Redis, for tests/unit/socketio/cluster:
//   classic.json    @socket.io/redis-adapter's createAdapter, and @socket.io/redis-emitter
//   sharded.json    @socket.io/redis-adapter's createShardedAdapter
//   streams.json    @socket.io/redis-streams-adapter: stream entries, ephemeral messages and kept sessions
// A row: its name, the channel (stream, key), the bytes in hex, and what the JavaScript libraries read in them.
// Run it with the packages of tests/e2e and @socket.io/redis-streams-adapter@0.3.1 where Node finds them (NODE_PATH) and
// redis-server in PATH. It starts its own Redis on a free loopback port and writes next to itself, the same bytes every time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);

// Ids of nodes, requests (uid2 takes 6 bytes, the cluster adapter 8) and sockets, in the order they are made.
const crypto = require("node:crypto");
const { randomBytes } = crypto;
const made = {};
crypto.randomBytes = (size, callback) => {
  if (!callback && ![6, 8, 12].includes(size)) return randomBytes(size);
  made[size] = (made[size] ?? 0) + 1;
  const bytes = crypto.createHash("shake256", { outputLength: size }).update(`${size}/${made[size]}`).digest();
  if (!callback) return bytes;
  setImmediate(callback, null, bytes);
};

const { createClient } = require("redis");
const notepack = require("notepack.io");
const msgpack = require("@msgpack/msgpack");
const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");
const { Encoder } = require("socket.io-parser");
const { createAdapter, createShardedAdapter } = require("@socket.io/redis-adapter");
const { createAdapter: createStreamsAdapter } = require("@socket.io/redis-streams-adapter");
const { Emitter } = require("@socket.io/redis-emitter");

const hex = (bytes) => Buffer.from(bytes).toString("hex");

function save(name, rows) {
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  writeFileSync(new URL(name, import.meta.url), `[\n${lines}\n]\n`);
}

// ---- Redis -------------------------------------------------------------------------------------------------------

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function startRedis() {
  const dir = mkdtempSync(join(tmpdir(), "cluster-data-"));
  const port = await freePort();
  const child = spawn("redis-server", ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir]);
  process.on("exit", () => child.kill());  // also after an error that nothing here catches
  for await (const chunk of child.stdout) if (`${chunk}`.includes("Ready to accept connections")) break;
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await once(child, "exit");
      rmSync(dir, { recursive: true });
    },
  };
}

/** What is published, whoever does it, in the order of the calls. */
const published = [];
async function openClient(redis) {
  const client = createClient({ url: redis.url });
  for (const name of ["publish", "sPublish"]) {
    const call = client[name];
    client[name] = (channel, bytes) => {
      published.push({ channel, bytes: hex(bytes) });
      return call.call(client, channel, bytes);
    };
  }
  const { xAdd, set } = client;
  client.xAdd = (stream, id, fields, options) => {
    published.push({ stream, fields: Object.entries(fields).flat() });
    return xAdd.call(client, stream, id, fields, options);
  };
  client.set = (key, value, options) => {
    published.push({ key, value });
    return set.call(client, key, value, options);
  };
  client.on("error", () => {});  // when Redis ends, last of all
  await client.connect();
  return client;
}

// ---- what the libraries read -------------------------------------------------------------------------------------

/** A value as its JSON text and its binaries. */
function textOf(value) {
  if (value === undefined) return { data: "", attachments: [] };
  const [text, ...attachments] = new Encoder().encode({ type: 2, nsp: "/", data: [value] });
  return { data: text.slice(text.indexOf("[") + 1, -1), attachments: attachments.map(hex) };
}
function packetOf(nsp, { type, data }) {
  const [packet, ...attachments] = new Encoder().encode({ type, nsp, data: structuredClone(data) });
  return { packet, attachments: attachments.map(hex) };
}
const socketsOf = (sockets) => sockets.map(({ id, handshake, rooms, data }) => ({ id, handshake: JSON.stringify(handshake), rooms, ...textOf(data) }));
const names = (list) => list.map(String);
function selectionOf({ rooms, except, flags = {} }) {
  return { to: { rooms: names(rooms), except: names(except) }, flags, volatile: flags.volatile === true, timeout: flags.timeout ?? null };
}

const kinds = {
  classic: ["sockets", "all_rooms", "join", "leave", "disconnect", "fetch_sockets", "server_side_emit", "broadcast", "client_count", "client_ack"],
  cluster: [, , , "message", "join", "leave", "disconnect", "fetch_sockets", "fetched", "server_side_emit", "server_side", "client_count", "client_ack"],
};

function readClassic({ channel, bytes }) {
  const raw = Buffer.from(bytes, "hex");
  const m = raw[0] === 0x7b ? JSON.parse(raw) : notepack.decode(raw);
  const [, area, nsp] = channel.match(/^socket\.io(-request|-response|)#([^#]*)#/);
  if (area === "") return undefined;  // tests/data/msgpack/broadcasts.json has them
  const common = { nsp, from: m.uid ?? "", id: m.requestId ?? "" };
  if (area === "-response") {
    if (Array.isArray(m.sockets)) return { response: "fetched", ...common, fetched: socketsOf(m.sockets) };
    if (Array.isArray(m.rooms)) return { response: "rooms", ...common, names: m.rooms };
    if (m.type === 6) return { response: "server_side", ...common, ...textOf(m.data) };
    if (m.type === 8) return { response: "client_count", ...common, count: m.clientCount };
    if (m.type === 9) return { response: "client_ack", ...common, ...textOf(m.packet) };
    throw new Error(`unknown response ${JSON.stringify(m)}`);
  }
  const read = { request: kinds.classic[m.type], ...common };
  if (m.opts) Object.assign(read, selectionOf(m.opts));
  if (m.type === 2 || m.type === 3) read.rooms = names(m.rooms);
  if (m.type === 4) read.close = m.close;
  if (m.type === 6) Object.assign(read, textOf(m.data));
  if (m.type === 7) Object.assign(read, packetOf(nsp, m.packet));
  return read;
}

/** The form that the sharded and the streams adapter share. */
function readCluster({ type, data: d, uid, nsp }) {
  const common = { nsp, from: uid, id: d.requestId ?? "" };
  const kind = kinds.cluster[type];
  switch (type) {
    case 3:
      return { [d.requestId === undefined ? "message" : "request"]: d.requestId === undefined ? kind : "broadcast", ...common,
        ...packetOf(nsp, d.packet), ...selectionOf(d.opts) };
    case 4: case 5: return { request: kind, ...common, ...selectionOf(d.opts), rooms: names(d.rooms) };
    case 6: return { request: kind, ...common, ...selectionOf(d.opts), close: d.close };
    case 7: return { request: kind, ...common, ...selectionOf(d.opts) };
    case 8: return { response: kind, ...common, fetched: socketsOf(d.sockets) };
    case 9: return { request: kind, ...common, ...textOf(d.packet) };
    case 11: return { response: kind, ...common, count: d.clientCount };
    case 10: case 12: return { response: kind, ...common, ...textOf(d.packet) };
  }
  throw new Error(`unknown type ${type}`);
}
function readSharded({ channel, bytes }) {
  const raw = Buffer.from(bytes, "hex");
  const m = raw[0] === 0x7b ? JSON.parse(raw) : notepack.decode(raw);
  const read = readCluster(m);
  return read.response ? { ...read, to: channel.split("#")[2] } : read;
}
function readStreams({ channel, bytes, fields, key, value }) {
  if (key) {
    const { sid, pid, rooms, data } = msgpack.decode(Buffer.from(value, "base64"));
    return { session: { sid, pid, rooms, ...textOf(data) } };
  }
  if (fields) {
    const m = Object.fromEntries(fields.flatMap((f, i) => (i % 2 ? [] : [[f, fields[i + 1]]])));
    const data = m.data.startsWith("{") ? JSON.parse(m.data) : msgpack.decode(Buffer.from(m.data, "base64"));
    return readCluster({ uid: m.uid, nsp: m.nsp, type: Number(m.type), data });
  }
  return readSharded({ channel, bytes: hex(JSON.stringify(0)), ...{ bytes: hex(notepack.encode(msgpack.decode(Buffer.from(bytes, "hex")))) } });
}

// ---- two servers and a client of the second ----------------------------------------------------------------------

const handshake = { headers: { host: "chat.example", "user-agent": "test/1" }, time: "Thu Nov 26 2026", address: "::1", xdomain: false, secure: true,
  issued: 1795651200000, url: "/socket.io/?EIO=4", query: { EIO: "4", transport: "websocket" }, auth: { token: "ü\"1" } };
const spaces = ["/", "/admin"];
const waitUntil = async (condition) => {
  for (const end = Date.now() + 5000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`never: ${condition}`);
  }
};

/** calls(io, row) makes the first server publish; what both publish until then is in the row. */
async function cluster(redis, makeAdapter, { options = {} } = {}) {
  const members = [];
  for (let i = 0; i < 2; ++i) {
    const clients = [await openClient(redis), await openClient(redis)];
    const server = new Server(0, { adapter: makeAdapter(...clients), transports: ["websocket"], ...options });
    for (const name of spaces) {
      const space = server.of(name);
      space.on("connection", (socket) => {
        socket.handshake = handshake;
        socket.data = { user: "ada", tags: ["a", 1], at: null };
        socket.join(["r1", "ü#2"]);
      });
      space.on("ask", (what, answer) => answer(what));
      space.on("silent", (answer) => answer());
    }
    members.push({ clients, server });
  }
  const { port } = members[1].server.httpServer.address();
  const users = [];
  for (const name of spaces) {
    const user = connect(`http://127.0.0.1:${port}${name}`, { transports: ["websocket"], forceNew: true });
    user.on("ask", (what, answer) => answer(what));
    user.on("silent", (answer) => answer());
    await once(user, "connect");
    users.push(user);
  }
  // The subscriptions are made in the background.
  await waitUntil(() => members[1].server.of("/admin").sockets.size === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { io: members[0].server, peer: members[1].server, users, stop: async () => {
    for (const user of users) user.disconnect();
    for (const { server } of members) await server.close();  // its clients end with this process
  } };
}

const answered = (io, ...args) => new Promise((resolve) => io.timeout(2000).emit(...args, (error, answers) => resolve(error ?? answers)));
const asked = (io, ...args) => new Promise((resolve) => io.serverSideEmit(...args, (error, answers) => resolve(error ?? answers)));
const chat = { message_id: "m1", author: "ada", chat_id: "r1", content: "Hi 👋 \"all\"\n\u2028\ud800", timestamp: 1700000000000, type: "text" };

const broadcasts = {
  "everybody": (io) => io.emit("news", 1, "two", null, [3.5], true),
  "one room": (io) => io.to("r1").emit("serverMessage", chat),
  "a socket": (io) => io.to("AbCdEfGhIjKlMnOpQrSt").emit("x"),
  "a room of twenty characters": (io) => io.to("é".repeat(20)).emit("x"),
  "a room of twenty bytes": (io) => io.to("é".repeat(10)).emit("x"),
  "a room of ten emojis": (io) => io.to("👋".repeat(10)).emit("x"),
  "rooms and except": (io) => io.to(["r1", "r2"]).except(["a", "b"]).emit("x", {}),
  "volatile": (io) => io.volatile.to("r1").emit("typing", { user: "ada" }),
  "compress": (io) => io.compress(true).to("r1").emit("x", 1),
  "binary": (io) => io.to("r1").emit("file", { name: "f", bytes: Buffer.from([1, 2, 3]), more: [Buffer.from("xyz")] }, Buffer.alloc(0)),
  "volatile binary to all": (io) => io.volatile.emit("b", Buffer.from("b"), undefined, { u: undefined, v: 1.5 }),
  "a date": (io) => io.emit("at", new Date(1700000000123)),
  "a date with binary": (io) => io.emit("at", new Date(1700000000123), Buffer.from("d")),
  "integer-like keys": (io) => io.emit("m", { b: 1, 10: 2, 9: { z: 1, 1: 2 } }),
  "numbers": (io) => io.emit("n", 1e21, 1e-7, -0, 2 ** 53, -1.5, NaN),
};
const requests = {
  "join": (io) => io.in("nowhere").except("e").socketsJoin(["j1", "j2"]),
  "leave": (io) => io.in(["nowhere", "never"]).socketsLeave("j1"),
  "disconnect": (io) => io.in("nowhere").disconnectSockets(),
  "disconnect and close": (io) => io.in("nowhere").disconnectSockets(true),
  "serverSideEmit": (io) => io.serverSideEmit("noted", 1, { a: [null] }, "ü\""),
};
const questions = {
  "fetchSockets": (io) => io.fetchSockets(),
  "fetchSockets of rooms": (io) => io.in("r1").except("none").fetchSockets(),
  "fetchSockets of nobody": (io) => io.in("nowhere").fetchSockets(),
  "serverSideEmit with ack": (io) => asked(io, "ask", { a: "b", n: [1, null] }),
  "serverSideEmit with empty ack": (io) => asked(io, "silent"),
  "emit with ack": (io) => answered(io, "ask", { a: "b", n: [1, null] }),
  "emit with ack to rooms": (io) => answered(io.to("r1").except("none"), "ask", 1),
  "emit with ack to nobody": (io) => answered(io.to("nowhere"), "ask", 1),
  "volatile emit with ack": (io) => answered(io.volatile, "ask", "v"),
  "emit with empty ack": (io) => answered(io, "silent"),
  "emit with binary ack": (io) => answered(io, "ask", { bytes: Buffer.from([0, 255]), l: [Buffer.from("x")] }),
};
const binaryQuestions = {
  "serverSideEmit with binary": (io) => io.serverSideEmit("noted", Buffer.from("bin"), 2),
  "serverSideEmit with binary ack": (io) => asked(io, "ask", Buffer.from("bin")),
};

async function record(calls, spaceOf, read, prefix = "") {
  const rows = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const [which, io] of Object.entries(spaceOf)) {
      published.length = 0;
      await call(io);
      await new Promise((resolve) => setTimeout(resolve, 30));
      for (const message of published) {
        const expected = read(message);
        if (expected) rows.push({ name: `${prefix}${name}, ${which}`, ...message, expected });
      }
    }
  }
  return rows;
}

const redis = await startRedis();
try {
  const classic = await cluster(redis, (a, b) => createAdapter(a, b));
  const both = { "/": classic.io, "/admin": classic.io.of("/admin") };
  const rows = await record({ ...requests, ...questions, ...binaryQuestions }, both, readClassic);
  rows.push(...await record({ allRooms: (io) => io.adapter.allRooms() }, { "/": classic.io.of("/"), "/admin": classic.io.of("/admin") }, readClassic));
  const emitter = new Emitter(await openClient(redis));
  rows.push(...await record(requests, { "/": emitter, "/admin": emitter.of("/admin") }, readClassic, "emitter, "));
  save("classic.json", rows);
  await emitter.redisClient.close();
  await classic.stop();

  const sharded = await cluster(redis, (a, b) => createShardedAdapter(a, b));
  save("sharded.json", await record({ ...broadcasts, ...requests, ...questions, ...binaryQuestions },
    { "/": sharded.io, "/admin": sharded.io.of("/admin") }, readSharded));
  await sharded.stop();

  const streams = await cluster(redis, (a) => createStreamsAdapter(a), { options: { connectionStateRecovery: {} } });
  const streamed = await record({ ...broadcasts, ...requests, ...questions, ...binaryQuestions },
    { "/": streams.io, "/admin": streams.io.of("/admin") }, readStreams);
  const leave = (data) => async (io) => {
    for (const socket of io.sockets.values()) socket.data = data;
    const [user] = streams.users;
    user.io.engine.close();
    await waitUntil(() => published.length > 0);
    await once(user.connect(), "connect");
  };
  streamed.push(...await record({ "a session": leave({ user: "ada", n: [1, 2.5, null] }), "a session with binary": leave({ token: Buffer.from([7, 8]) }),
    "a session without data": leave({}) }, { "/": streams.peer.of("/") }, readStreams));
  save("streams.json", streamed);
  await streams.stop();
} finally {
  await redis.stop();
}
process.exit(0);
