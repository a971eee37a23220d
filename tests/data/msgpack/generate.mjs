// Records what the real packages do, for the unit tests of src/socketio/cluster:
//   values.json      MessagePack -> what a Node server's clients are sent for it (JSON text, attachments)
//   malformed.json   bytes that notepack.io refuses
//   encodings.json   JSON text -> notepack.io's bytes for the parsed value
//   broadcasts.json  payloads of @socket.io/redis-emitter and of a server's @socket.io/redis-adapter
//   numbers.json     doubles (hex of the big-endian bytes) -> their text
// Run it with notepack.io@3, socket.io@4.8, socket.io-parser, @socket.io/redis-emitter@5 and @socket.io/redis-adapter@8
// where Node finds them from here (a node_modules folder above this one, or NODE_PATH). It writes next to itself, the
// same bytes every time.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const notepack = require("notepack.io");
const { Encoder } = require("socket.io-parser");
const { Emitter } = require("@socket.io/redis-emitter");
const { createAdapter } = require("@socket.io/redis-adapter");
const { Server } = require("socket.io");

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const encodePacket = (packet) => new Encoder().encode(packet);

function save(name, rows) {
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  writeFileSync(new URL(name, import.meta.url), `[\n${lines}\n]\n`);
}

// ---- values ------------------------------------------------------------------------------------------------------

/** What clients get for a value, as the argument of an event. */
function seenByClient(bytes) {
  const [text, ...attachments] = encodePacket({ type: 2, nsp: "/", data: ["v", notepack.decode(bytes)] });
  return { json: text.slice(text.indexOf('["v",') + 5, -1), attachments: attachments.map(hex) };
}

const wide = (n, f) => Object.fromEntries(Array.from({ length: n }, (_, i) => f(i)));
const nested = (depth) => JSON.parse("[".repeat(depth) + "]".repeat(depth));

const jsValues = {
  null: null, true: true, false: false, undefined: undefined,
  "integers around every width": [0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, 9007199254740991,
    9007199254740992, 9007199254740994, 18446744073709549568, -1, -32, -33, -128, -129, -32768, -32769, -2147483648,
    -2147483649, -9007199254740991, -9007199254740992, -9223372036854775808],
  "floats": [0.1, -0, 1.5, -2.25, 1e-7, 1e-6, 123456.789, 1.7976931348623157e308, 5e-324, NaN, Infinity, -Infinity],
  "escapes": "\"\\/\b\f\n\r\t\v\0\x1f\x7f\u2028\u2029",
  "every ASCII character": Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join(""),
  "one escape at each place of a run": Array.from({ length: 20 }, (_, i) => "a".repeat(i) + "\n" + "b".repeat(19 - i)),
  "many scripts": "Grüße, Привет, 你好, 👋🏽, \uffff\ue000\ud7ff",
  "string of 31": "x".repeat(31), "string of 32": "x".repeat(32), "string of 255": "é".repeat(127) + "x",
  "string of 256": "x".repeat(256), "string of 1000": "xy".repeat(500),
  "empty": ["", [], {}],
  "array of 15": Array(15).fill(0), "array of 16": Array(16).fill(1),
  "map of 15": wide(15, (i) => ["k" + i, i]), "map of 16": wide(16, (i) => ["k" + i, i]),
  "integer-like keys": { b: 1, 10: 2, a: 3, 9: 4, "01": 5, "-1": 6, "1.0": 7, 0: 8, " 1": 9, "1e3": 10 },
  "ends of the integer-like keys": { z: 0, 4294967296: 1, 4294967295: 2, 4294967294: 3, 4294967293: 4, "99999999999": 5 },
  "ascending integer-like keys": { 1: "a", 2: "b", 30: "c", z: "d" },
  "integer-like keys at every level": { x: { b: [{ q: 1, 5: 2 }], 7: { w: 1, 3: {} } }, 1: { y: 2, 0: 3 } },
  "undefined members": { a: undefined, b: 1, c: () => 1, d: [undefined, 1], e: undefined },
  "only undefined members": { a: undefined },
  "toJSON": { toJSON: () => ({ x: [1, "two"] }) },
  "toJSON member that is data": { toJSON: "text" },
  "dates": [new Date(0), new Date(1700000000123), new Date(1700000000000), new Date(-1), new Date(-62198755200000),
    new Date(-62167219200001), new Date(-62167219200000), new Date(253402300799999), new Date(253402300800000),
    new Date(8.64e15), new Date(-8.64e15), new Date(4294967295000), new Date(4294967296000), new Date(17179869183999),
    new Date(17179869184000), new Date(951782400000), new Date(1709164800000), new Date(NaN)],
  "date in a map": { at: new Date(1234567890123) },
  "binary": Buffer.from([0, 1, 254, 255]), "empty binary": Buffer.alloc(0),
  "binary of 255": Buffer.alloc(255, 7), "binary of 256": Buffer.alloc(256, 8),
  "typed array": { f: new Uint8Array([1, 2, 3]), g: new Uint8Array([4]).buffer },
  "binaries and dates": [Buffer.from("a"), { b: Buffer.from("b"), at: new Date(5), l: [Buffer.from("c"), undefined] }],
  "binaries under integer-like keys": { z: Buffer.from("z"), 2: Buffer.from("2"), a: { y: Buffer.from("y"), 0: Buffer.from("0") }, 1: [Buffer.from("1")] },
  "eleven binaries backwards": wide(11, (i) => [i < 5 ? "s" + i : 100 - i, [Buffer.from([i]), "x"]]),
  "what looks like a placeholder": [{ _placeholder: true, num: 0 }, Buffer.from("real")],
  "nesting of 200": nested(200),
  "a chat message": { message_id: "7f0c", author: "ada", chat_id: "r1", content: "Hi \"all\" 👋", timestamp: 1700000000000, type: "text" },
};

// What notepack.io 3 reads but does not write. (Surrogates in UTF-8, ED A0..BF xx, are left out on purpose: the gateway
// keeps them as \ud800 escapes, as @msgpack/msgpack reads them, where Node's Buffer has three U+FFFD.)
const rawValues = {
  "float 32": ["9a", "ca3dcccccd", "ca3f800000", "ca80000000", "ca7f7fffff", "ca00000001", "ca7fc00000", "ca7f800000",
    "caff800000", "ca47c35000", "ca4b800000"],
  "float 64 with integral values": ["95", "cb3ff0000000000000", "cb8000000000000000", "cb43e0000000000000",
    "cb4415af1d78b58c40", "cb444b1ae4d6e2ef50"],
  "wide forms of small numbers": ["96", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d0ff", "d3ffffffffffffffff"],
  "64-bit integers past 2^53": ["96", "cf0020000000000001", "cf0020000000000003", "cfffffffffffffffff",
    "cf8000000000000000", "d38000000000000001", "d3ffdffffffffffffd"],
  "wide forms of strings and containers": ["97", "da000161", "db0000000162", "dd0000000101", "de0001d90161c0",
    "df00000000", "dc0000", "d900"],
  "undefined of notepack 2": ["92", "83a161d40000a16201a163d40000", "92d40000d40001"],
  "undefined alone": ["d40000"],
  "dates of notepack 2": ["96", "d7000000018bcfe5687b", "d700ffffffffffffffff", "d700001eb208c2dc0000",
    "d700001eb208c2dc0001", "d700ffe14df73d240000", "d7007fffffffffffffff"],
  "timestamps with odd parts": ["98", "d6ffffffffff", "d7fffffffffc00000000", "d7ffffffffffffffffff",
    "d7ff0000000400000001", "c70cff1dcd6500ffffffffffffffff", "c70cffffffffff0000000000000001",
    "c70cff00000001ffffffffffffffff", "c70cff3b9ac9ff00000000659080ff"],
  "timestamps at the ends of the range": ["94", "c70cff000000007fffffffffffffff", "c70cff000000008000000000000000",
    "c70cff00000001000007dba8218000", "c70cff000f4240000007dba8218000"],
  "ArrayBuffer of notepack 2": ["93", "c70200aabb", "c8000100cc", "c90000000000"],
  "other extensions": ["9a", "d40107", "d5020708", "d6030708090a", "d7040708090a0b0c0d0e",
    "d805000102030405060708090a0b0c0d0e0f", "c70106aa", "c8000107bb", "c90000000180cc", "d4ff01", "d60000000000"],
  "odd pairings of type and size": ["96", "d500aabb", "d80000000000000000000000000000000000", "d5ffaabb",
    "d8ff00000000000000000000000000000000", "c70201dead", "c8000cff000102030405060708090a0b"],
  "keys that are no strings": ["8a", "a16101", "2302", "c003", "c304", "cb3ff800000000000005", "ff06", "cd010007", "c402616208",
    "cb800000000000000009", "a1620a"],
  "key __proto__": ["83", "a16101", "a95f5f70726f746f5f5f81a178c40161", "a162c40162"],
  "key __proto__ with a plain value": ["82", "a95f5f70726f746f5f5f01", "a16202"],
  "bytes that are no UTF-8": ["dc0014", "a180", "a1bf", "a1c0", "a2c0af", "a2c328", "a1e2", "a2e282", "a3e28228",
    "a3e08080", "a4f0808080", "a3f09f98", "a4f09f9861", "a4f4908080", "a1f5", "a1ff", "a4e282e282", "a5f09f9180f0",
    "a6f8808080af61", "a2c3c3", "a4fffefdfc"],
  "a byte order mark": ["a6efbbbf616263"],
};

const values = [];
for (const [name, value] of Object.entries(jsValues)) {
  const bytes = notepack.encode(value);
  values.push({ name, msgpack: hex(bytes), ...seenByClient(bytes) });
}
for (const [name, parts] of Object.entries(rawValues)) {
  const text = parts.join("");
  values.push({ name, msgpack: text, ...seenByClient(Buffer.from(text, "hex")) });
}
save("values.json", values);

// ---- malformed ---------------------------------------------------------------------------------------------------

const malformed = {
  "nothing": "", "the byte that is never used": "c1", "the same in an array": "91c1", "the same as a key": "81c101",
  "the same in a map": "81a161c1", "cut string": "a261", "cut array": "9201", "cut map": "81a161",
  "string past the end": "d9ff61", "16-bit string past the end": "daffff61", "32-bit string past the end": "dbffffffff61",
  "binary past the end": "c4ff00", "32-bit binary past the end": "c6ffffffff00", "array past the end": "dcffff00",
  "32-bit array past the end": "ddffffffff00", "map past the end": "deffff00", "32-bit map past the end": "dfffffffff0000",
  "extension past the end": "c9ffffffff01aa", "cut timestamp": "c70cff0000000000000000000000", "cut float": "cb3ff00000",
  "cut integer": "cf00000000000000",
};
for (const [name, text] of Object.entries(malformed)) {
  let refused = false;
  try {
    notepack.decode(Buffer.from(text, "hex"));
  } catch {
    refused = true;
  }
  if (!refused) throw new Error(`notepack reads ${name}`);
}
save("malformed.json", Object.entries(malformed).map(([name, msgpack]) => ({ name, msgpack })));

// ---- encodings ---------------------------------------------------------------------------------------------------

const jsonTexts = [
  "null", "true", "false", "0", "-0", "1.0", "1e3", "-1.0e2", "0.5", "-5e-324", "1e-7",
  "127", "128", "255", "256", "65535", "65536", "4294967295", "4294967296", "9007199254740993",
  "12345678901234567890", "18446744073709549568", "-32", "-33", "-128", "-129", "-32768", "-32769", "-2147483648",
  "-2147483649", "-9007199254740993", "-9223372036854775808",
  '""', '"\\u0041\\n\\u00e9\\ud83d\\ude00"', JSON.stringify("Привет, 👋 " + "y".repeat(40)),
  "[]", "{}", " [ 1 , { \"a\" : [ ] } ] ", '{"z":1,"a":{"y":2,"b":[null,true]}}', '{"__proto__":{"x":1}}',
  '{"_placeholder":true,"num":0}',
];
for (const n of [31, 32, 255, 256, 65535, 65536]) jsonTexts.push(`repeat:${n}`);
for (const n of [15, 16, 40]) {
  jsonTexts.push(JSON.stringify(Array.from({ length: n }, (_, i) => i)));
  jsonTexts.push(JSON.stringify(wide(n, (i) => ["k" + i, [i]])));
}
// `repeat:n` stands for a string of n times x, of which the first bytes and the size are kept.
save("encodings.json", jsonTexts.map((json) => {
  if (!json.startsWith("repeat:")) return { json, msgpack: hex(notepack.encode(JSON.parse(json))) };
  const size = Number(json.slice(7));
  const bytes = notepack.encode("x".repeat(size));
  return { repeat: size, size: bytes.length, begin: hex(bytes.subarray(0, 8)) };
}));

// ---- broadcasts --------------------------------------------------------------------------------------------------

const chat = { message_id: "m1", author: "ada", chat_id: "r1", content: "Hi 👋", timestamp: 1700000000000, type: "text" };
const file = { name: "f", bytes: Buffer.from([1, 2, 3]), more: [Buffer.from("xyz")] };

/** Each call is made on the emitter and, where it can, on a server: their operators have the same methods. */
const calls = {
  "one room": (io) => io.to("r1").emit("serverMessage", chat),
  "everybody": (io) => io.emit("news", 1, "two", null, [3.5]),
  "several rooms": (io) => io.to(["r1", "r2"]).to("r3").emit("x"),
  "except": (io) => io.to("r1").except(["a", "b"]).emit("x", {}),
  "everybody except": (io) => io.except("a").emit("x", true),
  "volatile": (io) => io.volatile.to("r1").emit("typing", { user: "ada" }),
  "compress": (io) => io.compress(true).to("r1").emit("x", 1),
  "binary arguments": (io) => io.to("r1").emit("file", file, Buffer.from("tail")),
  "no arguments": (io) => io.to("r1").emit("ping"),
  "numeric event name": (io) => io.to("r1").emit(7, "seven"),
  "long room name": (io) => io.to("é".repeat(100)).emit("x"),
};
const emitterOnly = {
  "a date": (io) => io.to("r1").emit("at", new Date(1700000000123)),
  "integer-like keys": (io) => io.to("r1").emit("m", { b: Buffer.from("b"), 10: Buffer.from("10") }),
  "an undefined argument": (io) => io.to("r1").emit("m", undefined, { u: undefined }),
};

const published = [];
const record = { publish: (channel, bytes) => published.push([channel, Buffer.from(bytes)]) };

const broadcasts = [];
function add(name, call, io) {
  published.length = 0;
  call(io);
  const [channel, bytes] = published[0];
  const [uid, packet, opts] = notepack.decode(bytes);
  const [text, ...attachments] = encodePacket(packet);
  broadcasts.push({
    name, channel, uid, msgpack: hex(bytes), nsp: packet.nsp, packet: text, attachments: attachments.map(hex),
    rooms: opts.rooms, except: opts.except, volatile: opts.flags.volatile === true, flags: opts.flags,
  });
}

const emitter = new Emitter(record);
for (const [name, call] of Object.entries({ ...calls, ...emitterOnly })) add(`emitter, ${name}`, call, emitter);
add("emitter, namespace", calls["one room"], emitter.of("/admin"));
add("emitter, namespace and binary", calls["binary arguments"], emitter.of("/admin"));
add("emitter, prefix", calls["one room"], new Emitter(record, { key: "chat" }));

// A server whose Redis clients only record what is published.
const silent = { ...record, on() {}, listenerCount: () => 2, psubscribe() {}, subscribe() {} };
const server = new Server({ adapter: createAdapter(silent, silent) });
for (const name of ["/", "/admin"]) server.of(name).adapter.uid = "AbC123";
for (const [name, call] of Object.entries(calls)) add(`server, ${name}`, call, server);
add("server, namespace and binary", calls["binary arguments"], server.of("/admin"));
save("broadcasts.json", broadcasts);

// ---- numbers -----------------------------------------------------------------------------------------------------

/** xorshift64*, so that every run records the same doubles. */
let state = 88172645463325252n;
function random64() {
  const mask = (1n << 64n) - 1n;
  state ^= state >> 12n;
  state = (state ^ (state << 25n)) & mask;
  state ^= state >> 27n;
  return (state * 2685821657736338717n) & mask;
}

const view = new DataView(new ArrayBuffer(8));
const bitsOf = (x) => (view.setFloat64(0, x), view.getBigUint64(0));
const ofBits = (bits) => (view.setBigUint64(0, bits), view.getFloat64(0));

const doubles = new Map();
const addNumber = (x) => doubles.set(bitsOf(x).toString(16).padStart(16, "0"), JSON.stringify(x));
const addNeighbours = (x) => {
  for (const step of [-1n, 0n, 1n]) addNumber(ofBits(BigInt.asUintN(64, bitsOf(x) + step)));
};
[0, -0, NaN, Infinity, -Infinity, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308,
  2 ** 53, -(2 ** 53), 2 ** 63, 2 ** 64, 4.35, 0.3, 2 / 3, 9.5367431640625e-7, 5e-7, 123e-20, 1e23, 9007199254740993,
  4.4501477170144023e-308, 9.109e-31, 2.98023223876953125e-8].forEach(addNumber);
for (let e = -30; e <= 30; ++e) addNeighbours(Number(`1e${e}`));
for (let e = -30; e <= 30; ++e) addNeighbours(Number(`-1.2345678901234567e${e}`));
for (let e = -323; e <= 308; e += 7) addNumber(Number(`9.87e${e}`));
for (let e = -1074; e <= 1023; e += 5) addNumber(2 ** e);
for (let i = 0; i < 900; ++i) addNumber(ofBits(random64()));
for (let i = 0; i < 500; ++i) addNumber(Number(random64() % 2000000000n - 1000000000n) / 1000);
for (let i = 0; i < 500; ++i) addNumber(Number(random64()) * (i % 2 ? 1 : 2 ** -20));
save("numbers.json", [...doubles]);
process.exit(0);
