// Socket.IO v5 inside Engine.IO messages: its grammar, what closes the connection, what does not.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { PollingSession, WebSocketSession } from "./lib/engineio.mjs";
import { readResponse } from "./lib/http.mjs";
import { demoCookie, startDemo, startEcho } from "./lib/servers.mjs";
import { closeFrame, frame, opcode } from "./lib/websocket.mjs";
import { dropWires } from "./lib/wire.mjs";

const PATH = "/socket.io/";
const SID = /^[A-Za-z0-9_-]{20}$/;

let server;
before(async () => {
  server = await startEcho();
});
after(() => server.stop());
afterEach(dropWires);

const open = () => WebSocketSession.open(server.port, PATH);

/** CONNECT to a namespace; returns the socket id. `payload` is JSON text. */
async function join(socket, nsp = "/", payload = "") {
  const prefix = nsp === "/" ? "" : `${nsp},`;
  socket.text(`40${prefix}${payload}`);
  const reply = await socket.next();
  assert.ok(reply.startsWith(`40${prefix}{`), reply);
  assert.equal(await socket.next(), `42${prefix}["auth",${payload || "{}"}]`);
  const answer = JSON.parse(reply.slice(2 + prefix.length));
  assert.deepEqual(Object.keys(answer), ["sid"]);
  assert.match(answer.sid, SID);
  return answer.sid;
}

async function joined() {
  const socket = await open();
  await join(socket);
  return socket;
}

async function echoes(socket, nsp = "") {
  socket.text(`42${nsp}["message","alive"]`);
  assert.equal(await socket.next(), `42${nsp}["message-back","alive"]`);
}

// --- CONNECT

test("40: the answer is a sid of 20 characters, not the Engine.IO sid; then the server's events", async () => {
  const socket = await open();
  assert.notEqual(await join(socket), socket.sid);
});

test("40 with a payload: the server sees it as it was sent", async () => {
  await join(await open(), "/", '{"token":"123","n":[1.50,{"ü":null}]}');
});

test("40 with an empty object", async () => {
  await join(await open(), "/", "{}");
});

test("a custom namespace, with a payload, with and without the comma", async () => {
  await join(await open(), "/custom", '{"t":1}');
  const socket = await open();
  socket.text("40/custom");
  assert.match(await socket.next(), /^40\/custom,\{"sid":"[A-Za-z0-9_-]{20}"\}$/);
  assert.equal(await socket.next(), '42/custom,["auth",{}]');
});

test("/ may be written by the client, never by the server", async () => {
  const socket = await open();
  socket.text("40/,");
  assert.match(await socket.next(), /^40\{"sid":"/);
  assert.equal(await socket.next(), '42["auth",{}]');
});

test("a custom namespace without the main one; several on one connection, each with its own sid", async () => {
  const socket = await open();
  const custom = await join(socket, "/custom");
  const main = await join(socket);
  assert.notEqual(custom, main);
  await echoes(socket);
  await echoes(socket, "/custom,");
});

test("CONNECT with an id is accepted", async () => {
  const socket = await open();
  socket.text("401");
  assert.match(await socket.next(), /^40\{"sid":"/);
});

for (const [nsp, name] of [["/random", "/random"], ["/?a=b", "/?a=b"], ["/custom?x=y", "/custom?x=y"], ["/custom/", "/custom/"]]) {
  test(`unknown namespace ${nsp}: CONNECT_ERROR, and the connection stays`, async () => {
    const socket = await open();
    socket.text(`40${nsp},{"token":"abc"}`);
    assert.equal(await socket.next(), `44${name},{"message":"Invalid namespace"}`);
    await join(socket);
    socket.text(`40${nsp}`);
    assert.equal(await socket.next(), `44${name},{"message":"Invalid namespace"}`);
    await echoes(socket);
  });
}

// --- packets behind CONNECT

test("packets right behind 40, in one piece, wait for the answer", async () => {
  const socket = await open();
  const texts = ["40", '42["message",1]', '427["message-with-ack",2]', '451-["message",{"_placeholder":true,"num":0}]'];
  socket.send(...texts.map((text) => frame(opcode.text, text)), frame(opcode.binary, [9]));
  assert.match(await socket.next(), /^40\{"sid":"/);
  const rest = [];
  for (let n = 0; n < 5; ++n) rest.push(await socket.next());
  assert.deepEqual(rest, ['42["auth",{}]', '42["message-back",1]', "437[2]",
    '451-["message-back",{"_placeholder":true,"num":0}]', Buffer.from([9])]);
});

test("packets right behind 40 wait while a real session is being looked at", async () => {
  const gateway = await startDemo();
  const headers = { Cookie: await demoCookie(gateway) };
  const socket = await WebSocketSession.open(gateway.port, "/ws/", { headers });
  socket.send(frame(opcode.text, "40"), frame(opcode.text, '421["clientJoinRoom",{"chat_id":"c-lobby"}]'));
  assert.match(await socket.next(), /^40\{"sid":"[^"]{20}"/);
  assert.equal(await socket.next(), "431[]");
  socket.drop();
  await gateway.stop();
});

test("42 behind the CONNECT of an unknown namespace: refused, then closed", async () => {
  const socket = await open();
  socket.send(frame(opcode.text, "40/random,"), frame(opcode.text, '42/random,["message"]'));
  assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
  assert.equal(await socket.hex(), "8800");
});

// --- EVENT and ACK

test("an event with arguments of every kind comes back as it was sent", async () => {
  const socket = await joined();
  for (const args of ['1,"2",{"3":[true]}', '"€ \u{1F600}","\\u0000\\n"', "null,false,-0.5e10", "[],[[]],{}", '"]","[",","']) {
    socket.text(`42["message",${args}]`);
    assert.equal(await socket.next(), `42["message-back",${args}]`);
  }
  socket.text('42["message"]');
  assert.equal(await socket.next(), '42["message-back"]');
});

test("an event of a namespace comes back in it", async () => {
  const socket = await joined();
  await join(socket, "/custom");
  socket.text('42/custom,["message",1]');
  assert.equal(await socket.next(), '42/custom,["message-back",1]');
  socket.text('42/custom,5["message-with-ack",1]');
  assert.equal(await socket.next(), "43/custom,5[1]");
});

test("an ack carries the arguments; without any it is an empty array", async () => {
  const socket = await joined();
  socket.text('42456["message-with-ack",1,"2",{"3":[false]}]');
  assert.equal(await socket.next(), '43456[1,"2",{"3":[false]}]');
  socket.text('421["message-with-ack"]');
  assert.equal(await socket.next(), "431[]");
  socket.text('420["message-with-ack","zero is an id"]');
  assert.equal(await socket.next(), '430["zero is an id"]');
});

test("an event without an id is not acknowledged", async () => {
  const socket = await joined();
  socket.text('42["message-with-ack",1]');
  await echoes(socket);
});

test("acks are answered once, in the order of the events", async () => {
  const socket = await joined();
  for (const id of [3, 1, 2]) socket.text(`42${id}["message-with-ack",${id}]`);
  assert.deepEqual([await socket.next(), await socket.next(), await socket.next()], ["433[3]", "431[1]", "432[2]"]);
  await echoes(socket); // and no fourth before it
});

test("ids beyond 2^53 come back as JavaScript's numbers", async () => {
  const socket = await joined();
  for (const [id, printed] of [["9007199254740993", "9007199254740992"], ["007", "7"], ["1000000000000000000000", "1e+21"]]) {
    socket.text(`42${id}["message-with-ack"]`);
    assert.equal(await socket.next(), `43${printed}[]`);
  }
});

test("numeric event names, unknown events, and acks that nobody waits for are fine", async () => {
  const socket = await joined();
  for (const text of ["42[1,2]", '42["no such event",1]', "4312[]", '4399["x"]', '42["__proto__"]', "43[]"]) socket.text(text);
  await echoes(socket);
});

// --- binary

test("binary event: attachments follow in the order of their numbers", async () => {
  const socket = await joined();
  socket.text('452-["message",{"a":{"_placeholder":true,"num":1},"b":{"_placeholder":true,"num":0}}]');
  socket.binary([1, 2, 3]);
  socket.binary([]);
  assert.equal(await socket.next(), '452-["message-back",{"a":{"_placeholder":true,"num":1},"b":{"_placeholder":true,"num":0}}]');
  assert.deepEqual([await socket.next(), await socket.next()], [Buffer.from([1, 2, 3]), Buffer.alloc(0)]);
});

test("binary ack: 46, the id, and the attachments", async () => {
  const socket = await joined();
  await join(socket, "/custom");
  for (const nsp of ["", "/custom,"]) {
    socket.text(`452-${nsp}789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`);
    socket.binary([1, 2, 3]);
    socket.binary([4, 5, 6]);
    assert.equal(await socket.next(), `462-${nsp}789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`);
    assert.deepEqual([await socket.next(), await socket.next()], [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])]);
  }
});

test("ten attachments are fine, and other messages may not come between: the last completes the event", async () => {
  const socket = await joined();
  const places = Array.from({ length: 10 }, (_, n) => `{"_placeholder":true,"num":${n}}`).join(",");
  socket.text(`4510-["message",${places}]`);
  for (let n = 0; n < 10; ++n) socket.binary([n]);
  assert.equal(await socket.next(), `4510-["message-back",${places}]`);
  for (let n = 0; n < 10; ++n) assert.deepEqual(await socket.next(), Buffer.from([n]));
});

test("a binary ack from the client that nobody waits for is fine", async () => {
  const socket = await joined();
  socket.text('461-5[{"_placeholder":true,"num":0}]');
  socket.binary([1]);
  await echoes(socket);
});

test("on polling an event and its attachments share the payload", async () => {
  const session = await PollingSession.open(server.port, PATH);
  await session.post("40");
  const reply = await session.get();
  assert.match(reply.body, /^40\{"sid":"[^"]{20}"\}\x1e42\["auth",\{\}\]$/);
  await session.post('451-["message",{"_placeholder":true,"num":0}]\x1ebAQIDBA==\x1e421["message-with-ack","b"]');
  assert.equal((await session.get()).body, '451-["message-back",{"_placeholder":true,"num":0}]\x1ebAQIDBA==\x1e431["b"]');
});

test("an event whose attachments come in another POST", async () => {
  const session = await PollingSession.open(server.port, PATH);
  await session.post("40");
  await session.get();
  await session.post('451-["message",{"_placeholder":true,"num":0}]');
  await session.post("bAQIDBA==");
  assert.equal((await session.get()).body, '451-["message-back",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
});

// --- DISCONNECT

test("41 ends the namespace only: the connection, and the other namespace, stay", async () => {
  const socket = await joined();
  await join(socket, "/custom");
  socket.text("41/custom,");
  await echoes(socket);
  socket.text("41");
  assert.match(await join(socket, "/custom"), SID);
  await echoes(socket, "/custom,");
});

test("a namespace that was left can be joined again, with a new sid", async () => {
  const socket = await open();
  await join(socket, "/custom");
  const first = await join(socket);
  socket.text("41");
  await echoes(socket, "/custom,");
  assert.notEqual(await join(socket), first);
  await echoes(socket);
});

test("an event for a namespace that was left closes the connection", async () => {
  const socket = await joined();
  await join(socket, "/custom");
  socket.text("41");
  await echoes(socket, "/custom,");
  socket.text('42["message"]');
  assert.equal(await socket.hex(), "8800");
});

// --- what the stock client does

test("its way in and out by polling: GET, POST 40, GET, ..., POST 41, POST 1", async () => {
  const session = await PollingSession.open(server.port, PATH);
  await session.post("40");
  assert.match((await session.get()).body, /^40\{"sid":/);
  const held = await session.hold();
  await session.post('42["message","x"]');
  assert.equal((await readResponse(held)).body, '42["message-back","x"]');
  const last = await session.hold();
  assert.equal((await session.post("41")).body, "ok");
  assert.equal((await session.post("1")).body, "ok");
  assert.equal((await readResponse(last)).body, "6");
  assert.equal((await session.get()).body, '{"code":1,"message":"Session ID unknown"}');
});

test("its upgrade: GET, POST 40, WebSocket and GET in parallel, 2probe, the GET returns, 5", async () => {
  const session = await PollingSession.open(server.port, PATH);
  await session.post("40");
  const poll = await session.beginGet();
  const socket = await session.upgrade();
  assert.match((await readResponse(poll)).body, /^40\{"sid":/);
  const held = await session.hold();
  socket.text("2probe");
  assert.equal(await socket.next(), "3probe");
  assert.equal((await readResponse(held)).body, "6");
  socket.text("5");
  socket.text('421["message-with-ack","x"]');
  assert.equal(await socket.next(), '431["x"]');
  socket.text("41");
  socket.send(closeFrame(1000));
  assert.equal(await socket.closeCode(), 1000);
});

// --- what closes the whole connection

const attachment = '{"_placeholder":true,"num":0}';
for (const [what, ...messages] of [
  ["an unknown type", "4abc"],
  ["type 7", '47["message"]'],
  ["type 8", "48"],
  ["type 9", "49"],
  ["an empty message", "4"],
  ["bad JSON", '42["message"'],
  ["something behind the JSON", '42["message"]x'],
  ["JavaScript that is no JSON", "42['message']"],
  ["a payload that is an object", "42{}"],
  ["a payload that is a string", '42"message"'],
  ["no payload", "42"],
  ["an empty array", "42[]"],
  ["null as event name", "42[null]"],
  ["a boolean as event name", "42[true]"],
  ["an object as event name", "42[{}]"],
  ["an array as event name", '42[["message"]]'],
  ["an ack id that is no number", '42abc["message-with-ack",1]'],
  ["a namespace that is not joined", '42/custom,["message"]'],
  ["a disconnect from a namespace that is not joined", "41/custom,"],
  ["an ack for a namespace that is not joined", "43/custom,1[]"],
  ["a second CONNECT", "40"],
  ["a disconnect with a payload", '41{"x":1}'],
  ["CONNECT_ERROR from a client", '44{"message":"x"}'],
  ["an ack whose payload is an object", "431{}"],
  ["an ack without payload", "431"],
  ["text while attachments are due", `451-["message",${attachment}]`, '42["message"]'],
  ["a binary message when none is due", Buffer.from([1])],
  ["a placeholder number out of range", '451-["message",{"_placeholder":true,"num":1}]', Buffer.from([1])],
  ["a negative placeholder number", '451-["message",{"_placeholder":true,"num":-1}]', Buffer.from([1])],
  ["a placeholder number that is a string", '451-["message",{"_placeholder":true,"num":"0"}]', Buffer.from([1])],
  ["more than ten attachments", `4511-["message",${attachment}]`],
  ["zero attachments", '450-["message"]'],
  ["no attachment count", '45["message"]'],
  ["an attachment count without its dash", `451["message",${attachment}]`],
  ["an attachment count that is no number", `45x-["message",${attachment}]`],
]) {
  test(`closes the connection: ${what}`, async () => {
    const socket = await joined();
    for (const message of messages) {
      if (typeof message === "string") socket.text(message);
      else socket.binary(message);
    }
    assert.equal(await socket.hex(), "8800");
  });
}

for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
  test(`closes the connection: the reserved event name ${name}`, async () => {
    const socket = await joined();
    socket.text(`42["${name}"]`);
    assert.equal(await socket.hex(), "8800");
  });
}

for (const payload of ['"s"', "[1]", "null", "1x", "true", "{"]) {
  test(`closes the connection: CONNECT with the payload ${payload}`, async () => {
    const socket = await open();
    socket.text(`40${payload}`);
    assert.equal(await socket.hex(), "8800");
  });
}

for (const packet of ['42["message"]', "41", "43[]", '451-["message",{"_placeholder":true,"num":0}]']) {
  test(`closes the connection: ${packet} before any CONNECT`, async () => {
    const socket = await open();
    socket.text(packet);
    if (packet.startsWith("45")) socket.binary([1]);
    assert.equal(await socket.hex(), "8800");
  });
}

test("closes the connection, also on polling: the held GET gets 1, the POST ok", async () => {
  const session = await PollingSession.open(server.port, PATH);
  await session.post("40");
  await session.get();
  const held = await session.hold();
  assert.equal((await session.post("42{}")).body, "ok");
  assert.equal((await readResponse(held)).body, "1");
  assert.equal((await session.get()).body, '{"code":1,"message":"Session ID unknown"}');
});
