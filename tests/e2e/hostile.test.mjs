// What one client does wrong costs that client at most; another keeps receiving.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { RawPolling, RawSocket } from "./lib/raw.mjs";
import { pollingPath, request } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const MAX_PAYLOAD = 100_000;

const world = await World.start({ engine: { max_payload_bytes: MAX_PAYLOAD } });
after(() => world.stop());

const user = randomUUID();
const chat = await world.postgres.addChat(user);
const cookie = await world.backend.login(user);
const bystander = await new Client(world.gateway.url, { cookie }).connect();

let rounds = 0;
async function bystanderStillReceives() {
  rounds += 1;
  world.backend.publish(chat, message(chat, `round ${rounds}`));
  await bystander.receives(`round ${rounds}`);
  assert.deepEqual(bystander.disconnects, []);
  assert.equal(bystander.messages.length, rounds);
}

/** What was sent before has been handled, and the raw connection is still a member in good standing. */
async function stillServed(raw) {
  await raw.send('429["clientLeaveRoom",{"chat_id":"none"}]');
  await raw.receives("439[]");
  rounds += 1;
  const sent = message(chat, randomUUID());
  world.backend.publish(chat, sent);
  await Promise.all([raw.receives(sent.content), bystander.receives(sent.content)]);
}

/** A POST of which the last byte never comes; `Expect` is not sent, so the rest comes at once. */
async function unfinishedPost(path, headers = {}) {
  const socket = connect(world.gateway.port, "127.0.0.1");
  const answer = { text: "" };
  socket.on("data", (bytes) => (answer.text += bytes));
  socket.on("error", () => {}); // refused while it was sending
  await once(socket, "connect");
  const lines = Object.entries({ Host: "gateway.test", "Content-Length": MAX_PAYLOAD, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  await new Promise((resolve) => socket.write("x".repeat(MAX_PAYLOAD - 1), resolve));
  return { socket, answer };
}

test("bodies of requests that will be refused take no memory, and one for no session is refused before it is whole", { timeout: 60_000 }, async () => {
  const unknown = `${pollingPath}&sid=${"A".repeat(20)}`;
  const early = await unfinishedPost(unknown);
  await eventually(() => early.answer.text.startsWith("HTTP/1.1 400 "), "refused");
  assert.match(early.answer.text, /\{"code":1,"message":"Session ID unknown"\}/);

  const resident = () => world.gateway.metric("chat_gateway_resident_memory_bytes");
  const before = await resident();
  const COUNT = 400; // 40 MB, were they kept
  const open = [];
  for (let n = 0; n < COUNT; n += 1) {
    const [path, headers] = [
      ["/nowhere", {}],
      [unknown, {}],
      [pollingPath, { Cookie: cookie }],
      [unknown, { Origin: "https://elsewhere.example" }],
    ][n % 4];
    open.push(await unfinishedPost(path, headers));
  }
  const kept = (await resident()) - before;
  // A sanitizer keeps what was freed.
  const sanitized = /lib[at]san\.so/.test(readFileSync(`/proc/${world.gateway.process.child.pid}/maps`, "utf8"));
  assert.ok(sanitized || kept < (COUNT * MAX_PAYLOAD) / 4, `${kept} bytes more`);
  for (const { socket } of [early, ...open]) socket.destroy();
  await bystanderStillReceives();
});

const endsTheConnection = {
  "an unknown Engine.IO packet type": "9",
  "a ping from the client": "2",
  "an unknown Socket.IO packet type": "49",
  "an event that is no JSON": "42[",
  "an event that is no array": '42{"a":1}',
  "an event without a name": "42[]",
  "an event whose name is an object": "42[{}]",
  "a reserved event name": '42["disconnect"]',
  "a second CONNECT": "40",
  "a CONNECT_ERROR from a client": '44{"message":"x"}',
  "an ack that is no array": '430{"a":1}',
  "text where an attachment is due": ['451-["e",{"_placeholder":true,"num":0}]', '42["e"]'],
  "too many attachments": '4599-["e",{"_placeholder":true,"num":0}]',
  "deep nesting": `42["e",${"[".repeat(50_000)}`,
};

for (const [name, sent] of Object.entries(endsTheConnection)) {
  const packets = [sent].flat();
  test(`${name} ends that WebSocket only`, async () => {
    const raw = await RawSocket.connect(world.gateway.url, { headers: { Cookie: cookie } });
    for (const packet of packets) raw.send(packet);
    await raw.end();
    await bystanderStillReceives();
  });

  test(`${name} ends that polling session only`, async () => {
    const raw = await RawPolling.connect(world.gateway.url, { Cookie: cookie });
    const answer = await raw.send(packets.join("\x1e"));
    assert.deepEqual([answer.status, answer.body], [200, "ok"]);
    for (let polls = 0; ; polls += 1) {
      const polled = await raw.poll();
      if (polled.status === 400) break;
      assert.ok(polls < 3, `the session goes on: ${polled.body}`);
    }
    await bystanderStillReceives();
  });
}

const isIgnored = {
  "an unknown event": '42["noSuchEvent",{"a":1}]',
  "a numeric event name": "42[1,2]",
  "an ack that nobody asked for": '4312345["x"]',
  "clientJoinRoom without arguments": '42["clientJoinRoom"]',
  "clientJoinRoom with a number": '42["clientJoinRoom",7]',
  "clientJoinRoom with a list for an id": '42["clientJoinRoom",{"chat_id":["x"]}]',
  "clientJoinRoom with an object for an id": '42["clientJoinRoom",{"chat_id":{"toString":"x"}}]',
  "clientLeaveRoom with null": '42["clientLeaveRoom",null]',
  "a serverMessage from a client": `42["serverMessage",{"chat_id":"${chat}","content":"forged"}]`,
  "an unasked pong": "3",
};

for (const [name, packet] of Object.entries(isIgnored)) {
  test(`${name} is ignored`, async () => {
    const socket = await RawSocket.connect(world.gateway.url, { headers: { Cookie: cookie } });
    socket.send(packet);
    await stillServed(socket);
    socket.close();

    const polling = await RawPolling.connect(world.gateway.url, { Cookie: cookie });
    assert.equal((await polling.send(packet)).status, 200);
    await stillServed(polling);
    assert.ok(!bystander.contents.includes("forged"));
  });
}

test("a polling body over the limit is answered 413 and the session lives on", async () => {
  const raw = await RawPolling.connect(world.gateway.url, { Cookie: cookie });
  const answer = await raw.send(`42["e","${"x".repeat(MAX_PAYLOAD)}"]`);
  assert.equal(answer.status, 413);
  await stillServed(raw);
});

test("a polling body just within the limit is taken", async () => {
  const raw = await RawPolling.connect(world.gateway.url, { Cookie: cookie });
  const empty = '42["e",""]';
  const body = `42["e","${"x".repeat(MAX_PAYLOAD - empty.length)}"]`;
  assert.equal((await raw.send(body)).status, 200);
  await stillServed(raw);
});

test("a WebSocket message over the limit closes that WebSocket with 1009", async () => {
  const raw = await RawSocket.connect(world.gateway.url, { headers: { Cookie: cookie } });
  raw.send(`42["e","${"x".repeat(MAX_PAYLOAD)}"]`);
  assert.equal(await raw.end(), 1009);
  await bystanderStillReceives();
});

test("a session id says nothing without its secret part", async () => {
  for (const sid of ["__proto__", "x".repeat(4000), "%00", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAA"]) {
    const answer = await request(`${world.gateway.url}/ws/?EIO=4&transport=polling&sid=${sid}`, { headers: { Cookie: cookie } });
    assert.equal(answer.status, 400, sid.slice(0, 30));
  }
  await bystanderStillReceives();
});

test("what is not the gateway's path is not found", async () => {
  for (const path of ["/", "/other", "/demo/users", "/metrics", "/v1/messages"]) {
    assert.equal((await request(world.gateway.url + path)).status, 404, path);
  }
});
