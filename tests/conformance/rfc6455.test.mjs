// RFC 6455 and RFC 7692, case by case, in the order and by the numbers of the Autobahn test suite (fuzzingclient), written
// anew for a server that speaks Engine.IO: a text message begins with `4` and comes back so, a binary one comes back as it is.
// 9.x, 12.x and 13.x take few sizes: they are here for what is right, not for what is fast.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { RSV1, binary, bytes, continuation, deflate, fragments, hex, inflate, ping, pong, sendChopped, text } from "./lib/frames.mjs";
import { startEcho } from "./lib/servers.mjs";
import { WebSocketWire, closeFrame as close, frame, opcode as OP } from "./lib/websocket.mjs";
import { dropWires } from "./lib/wire.mjs";

const MAX_PAYLOAD = 5_000_000;
const TARGET = "/engine.io/?EIO=4&transport=websocket";
let plain;
let deflating;
before(async () => {
  const settings = { "max-payload": MAX_PAYLOAD };
  [plain, deflating] = await Promise.all([startEcho(settings), startEcho({ ...settings, compression: true })]);
});
afterEach(dropWires);
after(async () => {
  await Promise.all([plain?.stop(), deflating?.stop()]);
});

/** A WebSocket behind its open packet. */
async function connect(port, headers = {}) {
  const wire = await WebSocketWire.open(port, TARGET, { headers });
  assert.match(await wire.next(), /^0\{"sid"/);
  return wire;
}

// --- what is expected

const aText = (payload) => ({ opcode: OP.text, payload: bytes(payload) });
const aBinary = (payload) => ({ opcode: OP.binary, payload: bytes(payload) });
const aPong = (payload) => ({ opcode: OP.pong, payload: bytes(payload) });

async function expectFrame(wire, { opcode, payload }, what) {
  const got = await wire.frame();
  assert.equal(got.opcode, opcode, `${what}: ${got.payload.subarray(0, 100)}`);
  assert.equal(got.fin, true, "servers here do not fragment");
  assert.equal(got.masked, false, "a server does not mask");
  assert.equal(got.rsv, 0);
  assert.ok(got.payload.equals(payload), `${what}: ${got.payload.length} bytes came, ${payload.length} were expected`);
}

async function expectFrames(wire, expected) {
  for (const [i, one] of expected.entries()) await expectFrame(wire, one, `frame ${i + 1} of ${expected.length}`);
}

/** A close frame of that code (undefined: of none), nothing behind it, and the end of the stream. */
async function expectClose(wire, code) {
  const got = await wire.frame();
  assert.equal(got.opcode, OP.close, `not closed, but ${got.payload.subarray(0, 100)}`);
  assert.equal(got.rsv, 0);
  assert.equal(got.payload.toString("hex"), code === undefined ? "" : code.toString(16).padStart(4, "0"));
  wire.send(close(1000));
  wire.wire.finish();
  assert.equal((await wire.wire.takeRest()).toString("hex"), "", "nothing comes behind a close frame");
}

/** The connection is still good, and nothing else has come: a message makes the round. Then both sides close. */
async function expectHealth(wire) {
  wire.send(text("4health"));
  await expectFrame(wire, aText("4health"), "still there");
  wire.send(close(1000));
  await expectClose(wire, 1000);
}

const octets = 1;
const WAYS = { "at once": (wire, frames) => wire.send(...frames), "frame by frame": sendFrames, "octet by octet": (wire, frames) => sendChopped(wire, octets, ...frames) };
async function sendFrames(wire, frames) {
  for (const f of frames) await sendChopped(wire, f.length, f);
}

/** Sends, and expects these frames; then the end that is named: `health`, a code to be failed with, or `{closed: code}`. */
function exchange(name, { send, way = "at once", expect = [], fails, closed, health = fails === undefined && closed === undefined }) {
  test(name, async () => {
    const wire = await connect(plain.port);
    await WAYS[way](wire, send);
    await expectFrames(wire, expect);
    if (fails !== undefined) await expectClose(wire, fails);
    if (closed !== undefined) await expectClose(wire, closed.code);
    if (health) await expectHealth(wire);
  });
}

const filler = (n, c = "*") => Buffer.alloc(n, c);
/** A text message of so many bytes on the wire. */
const sized = (n) => Buffer.concat([bytes("4"), filler(Math.max(0, n - 1))]);

describe("1 framing", () => {
  const sizes = [0, 125, 126, 127, 128, 65535, 65536];
  sizes.forEach((n, i) => {
    exchange(`1.1.${i + 1} text message of ${n} bytes`, { send: [text(sized(n))], expect: [aText(sized(n))] });
    exchange(`1.2.${i + 1} binary message of ${n} bytes`, { send: [binary(filler(n, 0xfe))], expect: [aBinary(filler(n, 0xfe))] });
  });
  for (const [name, make, expected] of [
    ["1.1.8 text message of 65536 bytes in chops of 997", text, aText],
    ["1.2.8 binary message of 65536 bytes in chops of 997", binary, aBinary],
  ]) {
    test(name, async () => {
      const wire = await connect(plain.port);
      await sendChopped(wire, 997, make(sized(65536)));
      await expectFrame(wire, expected(sized(65536)), "echo");
      await expectHealth(wire);
    });
  }
});

describe("2 pings and pongs", () => {
  const some = "Hello, world!";
  const raw = [0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff];
  const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
  exchange("2.1 ping without payload", { send: [ping()], expect: [aPong()] });
  exchange("2.2 ping with text", { send: [ping(some)], expect: [aPong(some)] });
  exchange("2.3 ping with bytes that are no UTF-8", { send: [ping(raw)], expect: [aPong(raw)] });
  exchange("2.4 ping of 125 bytes", { send: [ping(filler(125, 0xfe))], expect: [aPong(filler(125, 0xfe))] });
  exchange("2.5 ping of 126 bytes", { send: [ping(filler(126, 0xfe))], fails: 1002 });
  exchange("2.6 ping of 125 bytes, octet by octet", { send: [ping(filler(125, 0xfe))], way: "octet by octet", expect: [aPong(filler(125, 0xfe))] });
  exchange("2.7 unsolicited pong without payload", { send: [pong()] });
  exchange("2.8 unsolicited pong with payload", { send: [pong("unsolicited")] });
  exchange("2.9 unsolicited pong, then a ping", { send: [pong("unsolicited"), ping("our ping")], expect: [aPong("our ping")] });
  exchange("2.10 ten pings", { send: ten.map((p) => ping(p)), expect: ten.map(aPong) });
  exchange("2.11 ten pings, octet by octet", { send: ten.map((p) => ping(p)), way: "octet by octet", expect: ten.map(aPong) });
});

describe("3 reserved bits", () => {
  const good = [text("4good")];
  const echo = [aText("4good")];
  exchange("3.1 RSV3 on a text message", { send: [text("4a", { rsv: 1 })], fails: 1002 });
  exchange("3.2 RSV2 behind a good message, then a ping", { send: [...good, text("4a", { rsv: 2 }), ping()], expect: echo, fails: 1002 });
  exchange("3.3 RSV2 and 3, frame by frame", { send: [...good, text("4a", { rsv: 3 }), ping()], way: "frame by frame", expect: echo, fails: 1002 });
  exchange("3.4 RSV1, octet by octet", { send: [...good, text("4a", { rsv: 4 }), ping()], way: "octet by octet", expect: echo, fails: 1002 });
  exchange("3.5 RSV1 and 3 on a binary message", { send: [binary("a", { rsv: 5 })], fails: 1002 });
  exchange("3.6 RSV1 and 2 on a ping", { send: [ping("a", { rsv: 6 })], fails: 1002 });
  exchange("3.7 all of them on a close", { send: [frame(OP.close, [], { rsv: 7 })], fails: 1002 });
});

describe("4 opcodes", () => {
  for (const [section, first] of [["4.1", 3], ["4.2", 11]]) {
    const good = text("4good");
    const echo = [aText("4good")];
    exchange(`${section}.1 reserved opcode ${first}`, { send: [frame(first)], fails: 1002 });
    exchange(`${section}.2 reserved opcode ${first + 1} with payload`, { send: [frame(first + 1, "reserved")], fails: 1002 });
    exchange(`${section}.3 reserved opcode ${first + 2} behind a message`, { send: [good, frame(first + 2), ping()], expect: echo, fails: 1002 });
    exchange(`${section}.4 reserved opcode ${first + 3} with payload behind a message, octet by octet`, {
      send: [good, frame(first + 3, "reserved"), ping()],
      way: "octet by octet",
      expect: echo,
      fails: 1002,
    });
    exchange(`${section}.5 reserved opcode ${first + 4} behind a message, frame by frame`, {
      send: [good, frame(first + 4, "reserved"), ping()],
      way: "frame by frame",
      expect: echo,
      fails: 1002,
    });
  }
  exchange("RFC 6455 5.1: a frame that is not masked", { send: [text("4a", { mask: null })], fails: 1002 });
});

describe("5 fragments", () => {
  const [first, second] = fragments(OP.text, "4fragment1fragment2", [10]);
  const whole = aText("4fragment1fragment2");
  const more = (payload, fin) => continuation(payload, { fin });
  exchange("5.1 ping in two fragments", { send: fragments(OP.ping, "fragment1fragment2", [9]), fails: 1002 });
  exchange("5.2 pong in two fragments", { send: fragments(OP.pong, "fragment1fragment2", [9]), fails: 1002 });
  Object.keys(WAYS).forEach((way, i) => {
    exchange(`5.${3 + i} text in two fragments, ${way}`, { send: [first, second], way, expect: [whole] });
    exchange(`5.${6 + i} a ping between them, ${way}`, { send: [first, ping("ping"), second], way, expect: [aPong("ping"), whole] });
    exchange(`5.${9 + i} last fragment of nothing, ${way}`, { send: [more("non-continuation", true), text("4a")], way, fails: 1002 });
    exchange(`5.${12 + i} fragment of nothing, ${way}`, { send: [more("non-continuation", false), text("4a")], way, fails: 1002 });
  });
  exchange("5.15 fragment of nothing behind a fragmented message", {
    send: [first, second, more("fragment3", false), text("4a")],
    expect: [whole],
    fails: 1002,
  });
  for (const [n, fin] of [[16, false], [17, true]]) {
    const turn = [more("fragment1", fin), text("4fragment2", { fin: false }), more("fragment3", true)];
    exchange(`5.${n} fragment of nothing (FIN ${fin}) before a fragmented message, twice`, { send: [...turn, ...turn], fails: 1002 });
  }
  exchange("5.18 a message inside a fragmented one", { send: [first, text("4a")], fails: 1002 });
  const five = fragments(OP.text, "4fragment1fragment2fragment3fragment4fragment5", [10, 19, 28, 37]);
  const withPings = [...five.slice(0, 2), ping("one"), ...five.slice(2, 4), ping("two"), five[4]];
  for (const [n, way] of [[19, "at once"], [20, "octet by octet"]]) {
    exchange(`5.${n} five fragments with pings between, ${way}`, {
      send: withPings,
      way,
      expect: [aPong("one"), aPong("two"), aText("4fragment1fragment2fragment3fragment4fragment5")],
    });
  }
});

// --- 6 UTF-8

const kosme = "κόσμε";
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const spaced = (from, to) => range(from, to).flatMap((b) => [b, 0x20]);

describe("6 UTF-8", () => {
  const packet = (payload) => Buffer.concat([bytes("4"), bytes(payload)]);
  const valid = (name, payload, options = {}) => exchange(`${name}, which is`, { send: [text(packet(payload))], expect: [aText(packet(payload))], ...options });
  const invalid = (name, payload, options = {}) => exchange(`${name}, which is not`, { send: [text(packet(payload))], fails: 1007, ...options });
  const cases = (section, what, check, list) => list.forEach((payload, i) => check(`${section}.${i + 1} ${what}: ${bytes(payload).subarray(0, 8).toString("hex")}`, payload));

  exchange("6.1.1 empty text", { send: [text("4")], expect: [aText("4")] });
  exchange("6.1.2 empty text in three fragments", { send: fragments(OP.text, "4", [1, 1]), expect: [aText("4")] });
  exchange("6.1.3 three fragments, the first and the last empty", { send: fragments(OP.text, "4middle", [0, 7]), expect: [aText("4middle")] });

  const several = "Hello-µ@ßöäüàá-UTF-8!!";
  valid("6.2.1 valid text", several);
  exchange("6.2.2 valid text, cut between characters", { send: fragments(OP.text, packet(several), [7]), expect: [aText(packet(several))] });
  exchange("6.2.3 valid text, a fragment for each octet", { send: fragments(OP.text, packet(several), 1), expect: [aText(packet(several))] });
  exchange("6.2.4 valid text, a fragment for each octet", { send: fragments(OP.text, packet(kosme), 1), expect: [aText(packet(kosme))] });

  const bad = Buffer.concat([bytes(kosme), hex("ed a0 80"), bytes("edited")]);
  invalid("6.3.1 text with a surrogate", bad);
  invalid("6.3.2 text with a surrogate, a fragment for each octet", bad, { send: fragments(OP.text, packet(bad), 1) });

  // Fail fast: the last part is never sent.
  const late = [
    [Buffer.concat([packet(kosme), hex("f4")]), hex("90"), hex("80 80 65")],
    [packet(kosme), hex("f4 90 80 80"), hex("65 64")],
  ];
  for (const [i, parts] of late.entries()) {
    test(`6.4.${2 - i} invalid text is told with the fragment that shows it`, async () => {
      const wire = await connect(plain.port);
      wire.send(frame(OP.text, parts[0], { fin: false }), ping("first is in"));
      await expectFrame(wire, aPong("first is in"), "nothing wrong yet");
      wire.send(continuation(parts[1], { fin: false }));
      await expectClose(wire, 1007);
    });
    test(`6.4.${4 - i} invalid text is told with the octet that shows it`, async () => {
      const wire = await connect(plain.port);
      const all = text(Buffer.concat(parts));
      const shown = all.length - parts[2].length;
      await sendChopped(wire, octets, all.subarray(0, shown));
      await expectClose(wire, 1007);
    });
  }

  cases("6.5", "valid text", valid, [kosme, "hello world", "hello$world", "hello¢world", "hello€world"]);
  const whole = [2, 5, 7, 9, 11]; // ό is the three octets of U+1F79
  const sigma = bytes("\u03ba\u1f79\u03c3\u03bc\u03b5");
  range(1, sigma.length).forEach((n) => (whole.includes(n) ? valid : invalid)(`6.6.${n} the first ${n} octets of a word`, sigma.subarray(0, n)));
  cases("6.7", "first sequence of its length", valid, ["00", "c2 80", "e0 a0 80", "f0 90 80 80"].map(hex));
  cases("6.8", "first sequence of its length", invalid, ["f8 88 80 80 80", "fc 84 80 80 80 80"].map(hex));
  cases("6.9", "last sequence of its length", valid, ["7f", "df bf", "ef bf bf", "f4 8f bf bf"].map(hex));
  cases("6.10", "last sequence of its length", invalid, ["f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf"].map(hex));
  cases("6.11", "other boundary", valid, ["ed 9f bf", "ee 80 80", "ef bf bd", "f4 8f bf bf"].map(hex));
  invalid("6.11.5 other boundary: f4908080", hex("f4 90 80 80"));
  cases("6.12", "unexpected continuation", invalid, [..."80|bf|80bf|80bf80|80bf80bf|80bf80bf80|80bf80bf80bf".split("|").map(hex), range(0x80, 0xbe)]);
  cases("6.13", "lonely start", invalid, [spaced(0xc0, 0xdf), spaced(0xe0, 0xef), spaced(0xf0, 0xf7), spaced(0xf8, 0xfb), spaced(0xfc, 0xfd)]);
  const cut = ["c0", "e0 80", "f0 80 80", "f8 80 80 80", "fc 80 80 80 80", "df", "ef bf", "f7 bf bf", "fb bf bf bf", "fd bf bf bf bf"];
  cases("6.14", "last continuation missing", invalid, cut.map(hex));
  invalid("6.15.1 all of these in a row", hex(cut.join("")));
  cases("6.16", "impossible bytes", invalid, ["fe", "ff", "fe fe ff ff"].map(hex));
  cases("6.17", "overlong solidus", invalid, ["c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af", "fc 80 80 80 80 af"].map(hex));
  cases("6.18", "longest overlong", invalid, ["c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf", "fc 83 bf bf bf bf"].map(hex));
  cases("6.19", "overlong NUL", invalid, ["c0 80", "e0 80 80", "f0 80 80 80", "f8 80 80 80 80", "fc 80 80 80 80 80"].map(hex));
  const surrogates = ["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf"];
  cases("6.20", "single surrogate", invalid, surrogates.map(hex));
  cases("6.21", "surrogate pair", invalid, surrogates.slice(0, 4).flatMap((high) => [high + "ed b0 80", high + "ed bf bf"]).map(hex));
  const nonCharacters = range(0, 16).flatMap((plane) => [0xfffe, 0xffff].map((c) => String.fromCodePoint(plane * 0x10000 + c)));
  cases("6.22", "non-character", valid, nonCharacters);
  cases("6.23", "special", valid, range(0xfff9, 0xffff).map((c) => String.fromCodePoint(c)));
});

describe("7 closing", () => {
  const closes = (name, options) => exchange(name, { closed: { code: 1000 }, ...options });
  closes("7.1.1 message, then close", { send: [text("4a"), close(1000)], expect: [aText("4a")] });
  closes("7.1.2 two close frames", { send: [close(1000), close(1000)] });
  closes("7.1.3 ping behind a close", { send: [close(1000), ping()] });
  closes("7.1.4 message behind a close", { send: [close(1000), text("4a")] });
  closes("7.1.5 close within a fragmented message, and its end behind it", {
    send: [text("4a", { fin: false }), close(1000), continuation("b")],
  });
  closes("7.1.6 large message, message, close, ping", {
    send: [text(sized(256 * 1024)), text("4a"), close(1000), ping()],
    expect: [aText(sized(256 * 1024)), aText("4a")],
  });
  exchange("7.3.1 close without payload", { send: [close()], closed: { code: undefined } });
  exchange("7.3.2 close payload of one byte", { send: [frame(OP.close, "a")], fails: 1002 });
  closes("7.3.3 close with a code", { send: [close(1000)] });
  closes("7.3.4 close with code and reason", { send: [close(1000, "Hello World!")] });
  closes("7.3.5 close with the longest reason", { send: [close(1000, filler(123))] });
  exchange("7.3.6 close with too long a reason", { send: [close(1000, filler(124))], fails: 1002 });
  exchange("7.5.1 close reason that is no UTF-8", { send: [close(1000, Buffer.concat([bytes(kosme), hex("ed a0 80")]))], fails: 1007 });
  [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].forEach((code, i) => {
    exchange(`7.7.${i + 1} close code ${code}`, { send: [close(code)], closed: { code } });
  });
  [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999].forEach((code, i) => {
    exchange(`7.9.${i + 1} close code ${code}`, { send: [close(code)], fails: 1002 });
  });
  [5000, 65535].forEach((code, i) => exchange(`7.13.${i + 1} close code ${code}`, { send: [close(code)], fails: 1002 }));
});

describe("9 limits", () => {
  const K = 1024;
  const kinds = [
    [1, "text", OP.text, sized, aText],
    [2, "binary", OP.binary, (n) => filler(n, 0xfe), aBinary],
  ];
  for (const [kind, name, opcode, make, expected] of kinds) {
    [64 * K, 256 * K, K * K, 4 * K * K].forEach((n, i) => {
      exchange(`9.${kind}.${i + 1} ${name} message of ${n} bytes`, { send: [frame(opcode, make(n))], expect: [expected(make(n))] });
    });
    [[1, 64, 64 * K], [2, 256, 256 * K], [4, 4 * K, K * K], [6, 64 * K, 4 * K * K]].forEach(([i, size, n]) => {
      exchange(`9.${kind + 2}.${i} ${name} message of ${n} bytes in fragments of ${size}`, {
        send: fragments(opcode, make(n), size),
        expect: [expected(make(n))],
      });
    });
    [[1, 64, 32 * K], [4, 512, 256 * K], [6, 2 * K, K * K]].forEach(([i, size, n]) => {
      test(`9.${kind + 4}.${i} ${name} message of ${n} bytes in chops of ${size}`, async () => {
        const wire = await connect(plain.port);
        await sendChopped(wire, size, frame(opcode, make(n)));
        await expectFrame(wire, expected(make(n)), "echo");
        await expectHealth(wire);
      });
    });
    [1, 16, 256, 4 * K].forEach((n, i) => {
      test(`9.${kind + 6}.${i + 1} 200 round trips of ${name} messages of ${n} bytes`, async () => {
        const wire = await connect(plain.port);
        const message = make(n);
        for (let turn = 0; turn < 200; turn += 1) {
          wire.send(frame(opcode, message));
          await expectFrame(wire, expected(message), `turn ${turn}`);
        }
        await expectHealth(wire);
      });
    });
  }
  exchange("the largest message there may be", { send: [text(sized(MAX_PAYLOAD))], expect: [aText(sized(MAX_PAYLOAD))] });
  exchange("one byte more, told by its header alone", { send: [binary(filler(MAX_PAYLOAD + 1)).subarray(0, 14)], fails: 1009 });
  exchange("one byte more, in fragments", { send: fragments(OP.binary, filler(MAX_PAYLOAD + 1), [MAX_PAYLOAD]), fails: 1009 });
});

describe("10 automatic fragmentation", () => {
  exchange("10.1.1 text message of 65536 bytes in fragments of 1300", { send: fragments(OP.text, sized(65536), 1300), expect: [aText(sized(65536))] });
});

// --- 12, 13 compression

const ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const withOffer = (offer, port = deflating.port) => connect(port, { "Sec-WebSocket-Extensions": offer });
const agreement = (wire) => wire.response.get("Sec-WebSocket-Extensions");

/** The payload of a message that may have come compressed. */
async function nextMessage(wire) {
  const got = await wire.frame();
  assert.ok(got.fin && !got.masked);
  assert.ok(got.rsv === 0 || got.rsv === RSV1);
  assert.notEqual(got.opcode, OP.close, `closed: ${got.payload.toString("hex")}`);
  return { compressed: got.rsv === RSV1, opcode: got.opcode, payload: got.rsv === RSV1 ? inflate(got.payload) : got.payload };
}

/** Numbers that look random and are the same in every run. */
function noise(n) {
  const out = Buffer.alloc(n);
  let state = 0x2545f491;
  for (let i = 0; i < n; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state;
  }
  return out;
}

const cutTo = (n, unit) => bytes(unit.repeat(Math.ceil(n / unit.length))).subarray(0, n);
const words = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, ";
const KINDS = [
  [1, "JSON", OP.text, (n) => cutTo(n, JSON.stringify({ id: 17, tags: ["a", "b"], text: "compressible", nested: { deep: [1, 2, 3] } }))],
  [2, "image", OP.binary, noise],
  [3, "prose", OP.text, (n) => cutTo(n, words)],
  [4, "HTML", OP.text, (n) => cutTo(n, "<div class=\"row\"><a href=\"/item/1\">item</a><span>text</span></div>\n")],
  [5, "binary", OP.binary, (n) => Buffer.from(range(0, n - 1).map((i) => (i >> 4) & 0xff))],
];

/** Round trips of messages of one kind and size, each in this many fragments' size (0: one frame). */
async function roundTrips(wire, opcode, body, { count, fragment = 0, returnsCompressed, level }) {
  const message = opcode === OP.text ? Buffer.concat([bytes("4"), body]) : body;
  for (let turn = 0; turn < count; turn += 1) {
    const packed = deflate(message, level);
    if (fragment === 0) wire.send(frame(opcode, packed, { rsv: RSV1 }));
    else wire.send(...fragments(opcode, packed, fragment, { rsv: RSV1 }));
    const got = await nextMessage(wire);
    assert.equal(got.opcode, opcode);
    assert.ok(got.payload.equals(message), `turn ${turn}: ${got.payload.length} of ${message.length} bytes`);
    if (returnsCompressed !== undefined) assert.equal(got.compressed, returnsCompressed);
  }
}

async function expectDeflateHealth(wire) {
  wire.send(close(1000));
  await expectClose(wire, 1000);
}

describe("12 compression", () => {
  for (const [kind, name, opcode, make] of KINDS) {
    for (const [i, n, fragment] of [[1, 16, 0], [4, 1024, 0], [7, 16 * 1024, 0], [10, 128 * 1024, 0], [11, 8 * 1024, 256], [14, 128 * 1024, 4096]]) {
      test(`12.${kind}.${i} ${name} of ${n} bytes${fragment ? ` in fragments of ${fragment}` : ""}`, async () => {
        const wire = await withOffer("permessage-deflate; client_max_window_bits");
        assert.equal(agreement(wire), ANSWER);
        // From 1024 bytes on what shrinks comes back compressed.
        await roundTrips(wire, opcode, make(n), { count: 10, fragment, returnsCompressed: n >= 1024 && name !== "image" });
        await expectDeflateHealth(wire);
      });
    }
  }
});

describe("13 compression by offer", () => {
  const offers = [
    [1, "permessage-deflate", ANSWER, true],
    [2, "permessage-deflate; server_no_context_takeover", ANSWER, true],
    [3, "permessage-deflate; server_max_window_bits=9", `${ANSWER}; server_max_window_bits=9`, false],
    [4, "permessage-deflate; server_max_window_bits=15", `${ANSWER}; server_max_window_bits=15`, true],
    [5, "permessage-deflate; server_no_context_takeover; server_max_window_bits=9", `${ANSWER}; server_max_window_bits=9`, false],
    [6, "permessage-deflate; server_no_context_takeover; server_max_window_bits=15", `${ANSWER}; server_max_window_bits=15`, true],
    [
      7,
      "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, permessage-deflate; server_no_context_takeover, permessage-deflate",
      `${ANSWER}; server_max_window_bits=9`,
      false,
    ],
  ];
  for (const [section, offer, answer, compresses] of offers) {
    for (const [i, n, fragment] of [[1, 16, 0], [4, 1024, 0], [10, 128 * 1024, 0], [14, 128 * 1024, 4096]]) {
      test(`13.${section}.${i} ${offer}: ${n} bytes${fragment ? ` in fragments of ${fragment}` : ""}`, async () => {
        const wire = await withOffer(offer);
        assert.equal(agreement(wire), answer);
        await roundTrips(wire, OP.text, cutTo(n, words), { count: 10, fragment, returnsCompressed: compresses && n >= 1024 });
        await expectDeflateHealth(wire);
      });
    }
  }
});

describe("RFC 7692", () => {
  /** `send` behind an agreed offer; then that close code. */
  const fails = (name, send, code) =>
    test(name, async () => {
      const wire = await withOffer("permessage-deflate");
      wire.send(...send());
      await expectClose(wire, code);
    });
  const packed = (payload, options) => text(deflate(payload), { rsv: RSV1, ...options });

  test("5: without the setting an offer is not answered", async () => {
    const wire = await withOffer("permessage-deflate", plain.port);
    assert.equal(agreement(wire), undefined);
    await expectHealth(wire);
  });
  test("5: without an offer RSV1 is an error", async () => {
    const wire = await withOffer(undefined);
    assert.equal(agreement(wire), undefined);
    wire.send(packed("4a"));
    await expectClose(wire, 1002);
  });
  for (const offer of ["permessage-deflate; unknown", "permessage-deflate; server_max_window_bits", "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "x-webkit-deflate-frame"]) {
    test(`7.1: declined: ${offer}`, async () => {
      const wire = await withOffer(offer);
        assert.equal(agreement(wire), undefined);
      await expectHealth(wire);
    });
  }
  test("7.1: a declined offer does not spoil the next", async () => {
    const wire = await withOffer("permessage-deflate; unknown, permessage-deflate; client_max_window_bits=10");
    assert.equal(agreement(wire), `${ANSWER}; client_max_window_bits=10`);
    await roundTrips(wire, OP.text, cutTo(4096, words), { count: 2, level: { windowBits: 10 }, returnsCompressed: true });
    await expectDeflateHealth(wire);
  });
  test("RFC 6455 9.1: what is not the header's grammar is refused", async () => {
    const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; =" };
    assert.equal((await WebSocketWire.ask(deflating.port, TARGET, { headers })).response.status, 400);
  });
  fails("6: RSV1 on a continuation", () => [packed("4a", { fin: false }), continuation(deflate("b"), { rsv: RSV1 })], 1002);
  fails("6: RSV1 on a ping", () => [ping("a", { rsv: RSV1 })], 1002);
  fails("6: RSV2 stays reserved", () => [packed("4a", { rsv: RSV1 | 2 })], 1002);
  fails("7.2.2: what is no DEFLATE", () => [binary([0xff, 0xff, 0xff], { rsv: RSV1 })], 1007);
  fails("7.2.2: DEFLATE that is cut off", () => [binary(deflate(words.repeat(20)).subarray(0, 40), { rsv: RSV1 })], 1007);
  fails("8: text that is not UTF-8 once inflated", () => [packed(Buffer.concat([bytes("4"), hex("ed a0 80")]))], 1007);
  fails("9: a bomb", () => [binary(deflate(Buffer.alloc(MAX_PAYLOAD + 1)), { rsv: RSV1 })], 1009);
  test("the largest message there may be", async () => {
    const wire = await withOffer("permessage-deflate");
    await roundTrips(wire, OP.binary, Buffer.alloc(MAX_PAYLOAD), { count: 1, returnsCompressed: true });
    await expectDeflateHealth(wire);
  });
  test("7.2.1: compressed and plain messages may take turns, with controls between fragments", async () => {
    const wire = await withOffer("permessage-deflate");
    const [head, ...tail] = fragments(OP.text, deflate(`4${words}`), 20, { rsv: RSV1 });
    // Of what leaves in one go pongs come first.
    wire.send(packed("4one"), text("4two"), head, ping("between"), ...tail, packed("4"));
    const expected = [aPong("between"), aText("4one"), aText("4two"), aText(`4${words}`), aText("4")];
    for (const one of expected) {
      const got = await nextMessage(wire);
      assert.deepEqual({ opcode: got.opcode, payload: Buffer.from(got.payload) }, one);
    }
    await expectDeflateHealth(wire);
  });
  for (const [name, payload] of [
    ["7.2.3.1 one block", "f248cdc9c90700"],
    ["7.2.3.3 a block that is not compressed", "000500faff48656c6c6f00"],
    ["7.2.3.4 a block with BFINAL", "f348cdc9c9070000"],
    ["7.2.3.5 two blocks", "f248050000 00ffffcac9c90700"],
  ]) {
    test(name, async () => {
      const wire = await withOffer("permessage-deflate");
      wire.send(binary(hex(payload), { rsv: RSV1 }));
      assert.equal((await nextMessage(wire)).payload.toString(), "Hello");
      await expectDeflateHealth(wire);
    });
  }
});
