// Records what engine.io-parser does, for tests/unit/engineio/recorded_test.cpp:
//   packets.json    packets -> encodePacket, with and without binary support (`hex`: a binary message)
//   payloads.json   lists of packets -> encodePayload
//   decoded.json    polling bodies -> the packets of decodePayload, and whether an error ends them
// Run it with engine.io-parser@5 where Node finds it from here (a node_modules folder above this one, or
// NODE_PATH=tests/e2e/node_modules). It writes next to itself, the same bytes every time.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { encodePacket, encodePayload, decodePayload } = require("engine.io-parser");

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const b = (...bytes) => Buffer.from(bytes);
const printed = ({ type, data = "" }) => (typeof data === "string" ? { type, text: data } : { type, hex: hex(data) });

function save(name, rows) {
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  writeFileSync(new URL(name, import.meta.url), `[\n${lines}\n]\n`);
}

const open = JSON.stringify({ sid: "lv_VI97HAXpY6yYWAAAC", upgrades: ["websocket"], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000 });
const packets = [
  { type: "open", data: open }, { type: "close" }, { type: "ping" }, { type: "ping", data: "probe" }, { type: "pong" }, { type: "pong", data: "probe" },
  { type: "message" }, { type: "message", data: "" }, { type: "message", data: "hello" }, { type: "message", data: "0" }, { type: "message", data: "b" },
  { type: "message", data: "2[\"hello\",{\"a\":1}]" }, { type: "message", data: "€ 👋🏽 \0 \ufeff" }, { type: "upgrade" }, { type: "noop" },
  { type: "message", data: b() }, { type: "message", data: b(1) }, { type: "message", data: b(1, 2) }, { type: "message", data: b(1, 2, 3) },
  { type: "message", data: b(1, 2, 3, 4) }, { type: "message", data: b(...Array.from({ length: 256 }, (_, i) => i)) },
  { type: "message", data: b(0xfb, 0xff, 0xbf) },
];
const encode = (packet, supportsBinary) => {
  let result;
  encodePacket(packet, supportsBinary, (encoded) => (result = encoded));
  return typeof result === "string" ? { text: result } : { hex: hex(result) };
};
save("packets.json", packets.map((p) => ({ packet: printed(p), websocket: encode(p, true), polling: encode(p, false) })));

const lists = [
  [packets[0]], [packets[8]], [packets[15]], [packets[8], packets[9]], [packets[8], packets[18], packets[3]], [packets[15], packets[15]], packets,
];
save("payloads.json", lists.map((list) => {
  let result;
  encodePayload(list, (encoded) => (result = encoded));
  return { packets: list.map(printed), text: result };
}));

const bodies = [
  "", "4", "4hello", "4hello\x1e4world", "4a\x1e", "\x1e4a", "4a\x1e\x1e4b", "\x1e", "0{}", "1", "2", "2probe", "3", "5", "6", "7", "8x", "a", " 4a", "-1",
  "4a\x1e7\x1e4b", "4a\x1ex", "b", "bAQIDBA==", "bAQIDBA", "bAQID\x1e4x\x1ebBA==", "b!!!", "bA", "bAQ", "bA=Q=", "bAQ==AQ==", "b-_-_", "b+/+/", "b AQ\nID",
  "bAQIé", "B", "4\u20ac\x1e4👋🏽", "4\0", "4b", "44\x1e33", "40/admin,\x1e42[\"a\"]", "٤x",
];
save("decoded.json", bodies.map((body) => {
  const decoded = decodePayload(body);
  const failed = decoded[decoded.length - 1].type === "error";
  return { text: body, packets: decoded.slice(0, decoded.length - (failed ? 1 : 0)).map(printed), error: failed };
}));
