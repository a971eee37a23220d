// Records what socket.io-parser does, for tests/unit/socketio/recorded_test.cpp:
//   encoded.json   packets -> the messages that Node's Encoder makes of them; `data` is the JSON in the text
//   decoded.json   messages (`text`, or `hex` for binary ones) -> what Node's Decoder says after the last of them: accepted,
//                  rejected or incomplete, and the packet. `data` is printed before placeholders are replaced.
// Run it with socket.io-parser@4.2 where Node finds it from here (a node_modules folder above this one, or
// NODE_PATH=tests/e2e/node_modules). It writes next to itself, the same bytes every time.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { Encoder, Decoder, PacketType } = require("socket.io-parser");

const hex = (bytes) => Buffer.from(bytes).toString("hex");

function save(name, rows) {
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  writeFileSync(new URL(name, import.meta.url), `[\n${lines}\n]\n`);
}

// ---- encoder -----------------------------------------------------------------------------------------------------

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR } = PacketType;
const b = (...bytes) => Buffer.from(bytes);
const nested = (depth) => JSON.parse("[".repeat(depth) + "]".repeat(depth));

const packets = {
  "connect": { type: CONNECT, nsp: "/" },
  "connect with payload": { type: CONNECT, nsp: "/", data: { token: "123" } },
  "connect to a namespace": { type: CONNECT, nsp: "/admin" },
  "connect with a query": { type: CONNECT, nsp: "/admin?token=1234&uid=abcd", data: {} },
  "connect with a query of other characters": { type: CONNECT, nsp: "/a-b_c.d/é?x=%2C&y=[1]", data: { a: null } },
  "connect reply": { type: CONNECT, nsp: "/", data: { sid: "oSO0OpakMV_3jnilAAAA" } },
  "connect reply with pid": { type: CONNECT, nsp: "/admin", data: { sid: "oSO0OpakMV_3jnilAAAA", pid: "YHcX2sdAF1z452-HAAAW" } },
  "disconnect": { type: DISCONNECT, nsp: "/" },
  "disconnect from a namespace": { type: DISCONNECT, nsp: "/admin" },
  "event": { type: EVENT, nsp: "/", data: ["hello"] },
  "event with arguments": { type: EVENT, nsp: "/", data: ["hello", 1, "two", { three: [3] }, null, true, false] },
  "event in a namespace": { type: EVENT, nsp: "/admin", data: ["hello", 1] },
  "event with id": { type: EVENT, nsp: "/", id: 12, data: ["hello"] },
  "event with id 0": { type: EVENT, nsp: "/", id: 0, data: ["hello"] },
  "event in a namespace with id": { type: EVENT, nsp: "/admin", id: 456, data: ["project:delete", 123] },
  "event with the largest exact id": { type: EVENT, nsp: "/", id: Number.MAX_SAFE_INTEGER, data: ["hello"] },
  "event with a number for a name": { type: EVENT, nsp: "/", data: [1.5, "a"] },
  "event with an empty name": { type: EVENT, nsp: "/", data: [""] },
  "ack": { type: ACK, nsp: "/", id: 13, data: [] },
  "ack with arguments": { type: ACK, nsp: "/admin", id: 456, data: ["a", 1, { ok: true }] },
  "connect error": { type: CONNECT_ERROR, nsp: "/", data: { message: "Unauthorized" } },
  "connect error in a namespace": { type: CONNECT_ERROR, nsp: "/admin", data: { message: "a \"b\"\n\u0001é" } },
  "connect error with data": { type: CONNECT_ERROR, nsp: "/", data: { message: "x", data: { code: 1 } } },
  "connect error that is text": { type: CONNECT_ERROR, nsp: "/", data: "Unauthorized" },
  "nesting": { type: EVENT, nsp: "/", data: ["a", { b: { c: [{ d: [[], {}, [[1]]] }] } }] },
  "nesting of 100": { type: EVENT, nsp: "/", data: ["a", nested(100)] },
  "odd keys": { type: EVENT, nsp: "/", data: ["a", { "": 1, b: 1, 10: 2, 2: 3, "01": 4, "-1": 5, "a b": 6, "\"": 7, "\u0000": 8, toString: 9 }] },
  "undefined and functions": { type: EVENT, nsp: "/", data: ["a", undefined, () => 1, { x: undefined, y: 1 }, [undefined]] },
  "escapes": { type: EVENT, nsp: "/", data: ["a", "\"\\/\b\f\n\r\t\v\0\x1f\x7f\u2028\u2029", "</script>"] },
  "every ASCII character": { type: EVENT, nsp: "/", data: ["a", Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join("")] },
  "unicode": { type: EVENT, nsp: "/", data: ["Grüße", "Привет, 你好, 👋🏽, \uffff\ue000\ud7ff\ufeff"] },
  "numbers": { type: EVENT, nsp: "/", data: ["a", 0, -0, 1.5, -2.25, 1e21, 1e20, 1e-6, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740993, NaN, Infinity, 0.1 + 0.2] },
  "dates": { type: EVENT, nsp: "/", data: ["a", new Date(0), new Date(1700000000123), { at: new Date(253402300800000) }, new Date(NaN)] },
  "toJSON": { type: EVENT, nsp: "/", data: ["a", { toJSON: () => ({ x: 1 }) }] },
  "what looks like packets": { type: EVENT, nsp: "/", data: ["2[\"a\"]", "\x1e", "51-[]"] },
  "what looks like a placeholder": { type: EVENT, nsp: "/", data: ["a", { _placeholder: true, num: 0 }] },
  "binary": { type: EVENT, nsp: "/", data: ["a", b(1, 2, 3)] },
  "binary that is empty": { type: EVENT, nsp: "/", data: ["a", b()] },
  "binary in a namespace with id": { type: EVENT, nsp: "/cool", id: 23, data: ["a", { n: [b(0), "x", { d: b(255, 254) }] }] },
  "binary twice the same": { type: EVENT, nsp: "/", data: ["a", b(7), b(7)] },
  "binary ack": { type: ACK, nsp: "/", id: 127, data: ["a", b(1), {}] },
  "binary ack in a namespace": { type: ACK, nsp: "/back", id: 0, data: [b(1), b(2)] },
  "ten attachments": { type: EVENT, nsp: "/", data: ["a", ...Array.from({ length: 10 }, (_, i) => b(i))] },
  "attachments under integer-like keys": { type: EVENT, nsp: "/", data: ["a", { z: b(1), 2: b(2), 1: { y: b(3), 0: b(4) } }] },
  "typed arrays": { type: EVENT, nsp: "/", data: ["a", new Uint8Array([1, 2]), new Uint16Array([258]), new Uint8Array([9]).buffer] },
  "binary with a date": { type: EVENT, nsp: "/", data: ["a", { at: new Date(5), x: b(1) }] },
  "binary out of toJSON": { type: EVENT, nsp: "/", data: ["a", { toJSON: () => ({ x: b(1) }) }] },
};

const bytesOf = (view) => (ArrayBuffer.isView(view) ? Buffer.from(view.buffer, view.byteOffset, view.byteLength) : view);

save("encoded.json", Object.entries(packets).map(([name, packet]) => {
  const [text, ...attachments] = new Encoder().encode({ ...packet });
  const head = `${text[0]}${attachments.length ? attachments.length + "-" : ""}${packet.nsp === "/" ? "" : packet.nsp + ","}${packet.id ?? ""}`;
  if (!text.startsWith(head)) throw new Error(`${name}: ${text}`);
  return {
    name, type: Number(text[0]), nsp: packet.nsp, id: packet.id === undefined ? "" : String(packet.id),
    data: text.slice(head.length), attachments: attachments.map((a) => hex(bytesOf(a))), text,
  };
}));

// ---- decoder -----------------------------------------------------------------------------------------------------

const p0 = '{"_placeholder":true,"num":0}';
const p1 = '{"_placeholder":true,"num":1}';
const cases = {
  // types
  "nothing": [""], "space": [" "], "type 7": ["7"], "type 9": ["9[1]"], "a letter": ["a"], "a minus": ["-1"], "only a type": ["2"],
  // CONNECT
  "connect": ["0"], "connect with payload": ['0{"token":"123"}'], "connect to a namespace": ["0/admin"],
  "connect to a namespace, comma": ["0/admin,"], "connect with a query": ['0/admin?token=1234&uid=abcd,{"a":1}'],
  "connect with an array": ["0[]"], "connect with a string": ['0"x"'], "connect with null": ["0null"], "connect with a number": ["01"],
  "connect with an id": ["012{}"], "connect with bad JSON": ["0{a}"], "connect with an empty namespace": ["0/,{}"],
  "connect payload without comma": ['0/admin{"a":1}'],
  // DISCONNECT
  "disconnect": ["1"], "disconnect from a namespace": ["1/admin,"], "disconnect with payload": ["1{}"], "disconnect with null": ["1null"],
  "disconnect with an id": ["112"],
  // EVENT
  "event": ['2["hello"]'], "event with arguments": ['2["hello",1,{"a":[null,true]}]'], "event in a namespace": ['2/admin,["hello"]'],
  "event with id": ['212["hello"]'], "event with id 0": ['20["hello"]'], "event in a namespace with id": ['2/admin,7["hello"]'],
  "event with leading zeros in the id": ['2007["hello"]'], "event with an id past 2^53": ['29007199254740993["hello"]'],
  "event with an id of 21 digits": ['2123456789012345678901["hello"]'],
  "event with an id of 22 digits": ['21234567890123456789012["hello"]'],
  "event with an id of 100 digits": [`2${"9".repeat(100)}["hello"]`], "event with an id of 400 digits": [`2${"9".repeat(400)}["hello"]`],
  "event with a minus": ['2-1["hello"]'], "event with a point": ['21.5["hello"]'], "event with an id and no data": ["212"],
  "event, empty array": ["2[]"], "event, object": ['2{"a":1}'], "event, string": ['2"a"'], "event, null": ["2null"],
  "event name null": ["2[null]"], "event name true": ["2[true]"], "event name object": ["2[{}]"], "event name array": ["2[[]]"],
  "event name number": ["2[1]"], "event name float": ["2[-1.5e3,1]"], "event name empty": ['2[""]'],
  "event with a namespace only": ["2/admin"], "event with a namespace that is not closed": ['2/admin["a"]'],
  "namespace with a bracket": ['2/a[b,["a"]'],
  ...Object.fromEntries(["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].flatMap((name) => [
    [`reserved name ${name}`, [`2["${name}"]`]], [`reserved name ${name}, binary`, [`51-["${name}",${p0}]`, b(1)]]])),
  "reserved name, escaped": ['2["\\u0063onnect"]'], "reserved name, other case": ['2["Connect"]'], "name error": ['2["error"]'],
  "reserved name in an ack": ['31["connect"]'],
  // JSON
  "JSON cut": ['2["a"'], "JSON with more behind it": ['2["a"]x'], "JSON with a comma at the end": ['2["a",]'],
  "JSON with a comment": ['2["a"/**/]'], "JSON in single quotes": ["2['a']"], "JSON with NaN": ['2["a",NaN]'],
  "JSON with hexadecimal": ['2["a",0x1]'], "JSON with a leading zero": ['2["a",01]'], "JSON with a plus": ['2["a",+1]'],
  "JSON with a bare point": ['2["a",1.]'], "JSON with a control character": ['2["a","\n"]'], "JSON with a tab in a string": ['2["a","\t"]'],
  "JSON with a NUL behind it": ['2["a"]\0'], "JSON with a byte order mark": ['2\ufeff["a"]'], "JSON with a bad escape": ['2["a","\\x"]'],
  "JSON with a number past a double": ['2["a",1e999]'], "JSON with a tiny number": ['2["a",1e-999]'], "JSON with -0": ['2["a",-0]'],
  "JSON with a long integer": ['2["a",123456789012345678901234567890]'], "JSON with surrogates": ['2["a","\\ud83d\\ude00"]'],
  "JSON with a lone surrogate": ['2["a","\\ud83d"]'], "JSON with a key twice": ['2["a",{"x":1,"x":2}]'],
  "JSON with __proto__": ['2["a",{"__proto__":1}]'], "JSON with unicode": ['2["Grüße","你好 👋🏽\u2028"]'],
  "JSON with whitespace inside": ['2[ "a" , { "b" : 1 } ]'], "JSON with whitespace behind it": ['2["a"] \n'],
  "JSON with whitespace before it": ['2 ["a"]'], "JSON with a line feed before it": ['2\n["a"]'],
  "JSON with whitespace before it, after an id": ['21 ["a"]'], "JSON with whitespace before it, in a namespace": ['2/a, ["a"]'],
  "whitespace within the id": ['21 2["a"]'], "connect with whitespace behind it": ["0 "],
  "only whitespace": ["2 "], "JSON with a no-break space": ['2\u00a0["a"]'],
  "nesting of 256": [`2["a",${"[".repeat(255)}${"]".repeat(255)}]`], "nesting of 257": [`2["a",${"[".repeat(256)}${"]".repeat(256)}]`],
  // ACK
  "ack": ["312[]"], "ack with arguments": ['3/admin,12["a",1]'], "ack without id": ['3["a"]'], "ack with an object": ["31{}"],
  "ack without data": ["31"], "ack with null": ["31null"],
  // CONNECT_ERROR
  "connect error": ['4{"message":"x"}'], "connect error, string": ['4"x"'], "connect error, null": ["4null"], "connect error, array": ["4[]"],
  "connect error without data": ["4"],
  // attachments
  "binary": [`51-["a",${p0}]`, b(1, 2)], "binary, empty": [`51-["a",${p0}]`, b()], "binary in a namespace with id": [`51-/admin,3["a",${p0}]`, b(1)],
  "two attachments": [`52-["a",${p0},{"x":[${p1}]}]`, b(1), b(2)], "two attachments, other way round": [`52-["a",${p1},${p0}]`, b(1), b(2)],
  "binary ack": [`61-7[${p0}]`, b(1)], "binary ack without id": [`61-[${p0}]`, b(1)], "binary ack in a namespace": [`61-/a,7[${p0}]`, b(1)],
  "attachment due": [`52-["a",${p0},${p1}]`, b(1)], "no attachment yet": [`51-["a",${p0}]`],
  "attachment nobody names": ['51-["a"]', b(1)], "attachment named twice": [`51-["a",${p0},${p0}]`, b(1)],
  "text while an attachment is due": [`51-["a",${p0}]`, '2["b"]'], "binary that nobody waits for": [b(1)], "one attachment too many": [`51-["a",${p0}]`, b(1), b(2)],
  "ten attachments": ['510-["a"]', ...Array(10).fill(b(1))], "eleven attachments": ['511-["a"]'], "zero attachments": ['50-["a"]'],
  "no number of attachments": ['5-["a"]'], "no dash": ['51["a"]'], "nothing behind the type": ["5"], "negative attachments": ['5-1-["a"]'],
  "attachments 1.5": ['51.5-["a"]'], "attachments 1.0": ['51.0-["a"]', b(1)], "attachments 1e0": ['51e0-["a"]', b(1)], "attachments 0x1": ['50x1-["a"]', b(1)],
  "attachments 01": ['501-["a"]', b(1)], "attachments +1": ['5+1-["a"]', b(1)], "attachments with spaces": ['5 1 -["a"]', b(1)],
  "attachments NaN": ['5a-["a"]'], "attachments of an object": ["51-{}", b(1)], "attachments of nothing": ["51-", b(1)],
  // placeholders
  "placeholder out of range": [`51-["a",${p1}]`, b(1)], "placeholder -1": ['51-["a",{"_placeholder":true,"num":-1}]', b(1)],
  "placeholder 0.5": ['51-["a",{"_placeholder":true,"num":0.5}]', b(1)], "placeholder 0.0": ['51-["a",{"_placeholder":true,"num":0.0}]', b(1)],
  "placeholder -0": ['51-["a",{"_placeholder":true,"num":-0}]', b(1)], "placeholder 1e0 of two": ['52-["a",{"_placeholder":true,"num":1e0}]', b(1), b(2)],
  "placeholder text": ['51-["a",{"_placeholder":true,"num":"0"}]', b(1)], "placeholder null": ['51-["a",{"_placeholder":true,"num":null}]', b(1)],
  "placeholder without num": ['51-["a",{"_placeholder":true}]', b(1)], "placeholder __proto__": ['51-["a",{"_placeholder":true,"num":"__proto__"}]', b(1)],
  "placeholder false": ['51-["a",{"_placeholder":false,"num":9}]', b(1)], "placeholder 1": ['51-["a",{"_placeholder":1,"num":9}]', b(1)],
  "placeholder in the other order": ['51-["a",{"num":0,"_placeholder":true}]', b(1)], "placeholder with more in it": ['51-["a",{"_placeholder":true,"num":0,"x":1}]', b(1)],
  "placeholder within a placeholder": [`51-["a",{"_placeholder":true,"num":0,"x":${p1}}]`, b(1)],
  "placeholder for a name": [`51-[${p0}]`, b(1)], "placeholder in a plain event": [`2["a",${p1}]`],
};

function judge(messages) {
  const decoder = new Decoder();
  let packet;
  decoder.on("decoded", (p) => (packet = p));
  try {
    for (const m of messages) {
      packet = undefined;
      decoder.add(m);
    }
  } catch (e) {
    return { outcome: "rejected", error: e.message };
  }
  if (!packet) return { outcome: "incomplete" };
  const texts = messages.filter((m) => typeof m === "string");
  const raw = new Decoder().decodeString(texts[texts.length - 1]);
  return {
    outcome: "accepted", type: raw.type, nsp: raw.nsp, id: raw.id === undefined ? "" : String(raw.id),
    data: raw.data === undefined ? "" : JSON.stringify(raw.data),
  };
}

save("decoded.json", Object.entries(cases).map(([name, messages]) => ({
  name, messages: messages.map((m) => (typeof m === "string" ? { text: m } : { hex: hex(m) })), node: judge(messages),
})));
