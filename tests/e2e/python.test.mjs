// A client that is not JavaScript: python-socketio, in both its forms, over each transport.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { transportSettings } from "./lib/client.mjs";
import { PythonClient, endAllPythonClients, told } from "./lib/python.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const MESSAGES = 300;
// A client that missed its pings would leave within interval and timeout.
const heartbeat = { ping_interval_ms: 200, ping_timeout_ms: 2500 };

const world = await World.start({ engine: heartbeat });
after(() => world.stop());
after(endAllPythonClients);

const cases = ["asyncio", "threads"].flatMap((kind) =>
  Object.entries(transportSettings).map(([transport, transports]) => ({ kind, transport, transports, title: `${kind}, ${transport}` })));

async function member() {
  const user = randomUUID();
  return { user, chat: await world.postgres.addChat(user), cookie: await world.backend.login(user) };
}

/** The contents that come of one message to `chat`: one more, to a room that the client is in, tells when to look. */
async function delivered(client, chat, home) {
  const before = client.messages.length;
  const content = randomUUID();
  world.backend.publish(chat, message(chat, content));
  world.backend.publish(home, message(home, "end"));
  await eventually(() => client.contents.slice(before).includes("end"), "the end arrives");
  return client.contents.slice(before).filter((one) => one === content);
}

// The client with threads gives every packet to a thread of its own: neither the order of messages nor whole attachments are promised there.
const inOrder = (kind, messages) => (kind === "asyncio" ? messages : [...messages].sort((a, b) => a.timestamp - b.timestamp));

for (const { kind, transport, transports, title } of cases) {
  test(`${title}: refused, connected, messages, rooms, bytes, the end`, async () => {
    const { user, chat, cookie } = await member();
    const client = new PythonClient(kind);

    await assert.rejects(client.connect(world.gateway.url, { transports }), /401|Connection error/);
    const refusal = await client.seen("connect_error");
    if (transport !== "websocket") assert.deepEqual(refusal, { code: 4, message: "Unauthorized" });

    await client.connect(world.gateway.url, { cookie, transports });
    const sent = Array.from({ length: MESSAGES }, (_, i) => message(chat, `message ${i}`));
    for (const [i, one] of sent.entries()) {
      world.backend.publish(chat, one);
      if (i % 20 === 0) await setImmediate();
    }
    await client.receives(MESSAGES);
    assert.deepEqual(inOrder(kind, client.messages), sent);
    assert.equal(await client.do("transport"), transport === "polling" ? "polling" : "websocket");

    const newer = await world.postgres.addChat(user);
    assert.deepEqual(await delivered(client, newer, chat), []);
    assert.equal(await client.do("call", { event: "clientJoinRoom", data: { chat_id: newer } }), null);
    assert.equal((await delivered(client, newer, chat)).length, 1);
    assert.equal(await client.do("call", { event: "clientLeaveRoom", data: { chat_id: newer } }), null);
    assert.deepEqual(await delivered(client, newer, chat), []);

    assert.equal(await client.do("send_bytes", { event: "clientJoinRoom", key: "chat_id", size: 300 }), null);
    if (kind === "asyncio") {
      const files = [Buffer.from([0, 1, 254, 255]), Buffer.alloc(0), Buffer.alloc(70_000, 9)];
      world.backend.publish(chat, { content: "files", files });
      await eventually(() => client.contents.includes("files"), "the files arrive");
      assert.deepEqual(client.messages.at(-1), { content: "files", files: files.map(told) });
    }

    assert.equal(await world.gateway.metric("chat_gateway_sessions"), 1);
    await client.do("disconnect");
    await eventually(async () => (await world.gateway.metric("chat_gateway_sessions")) === 0, "the session ends");
    assert.deepEqual(await client.end(), { code: 0, signal: null });
  });
}

test("every client answers its pings, and comes back by itself when the gateway is killed", { timeout: 120_000 }, async () => {
  const gateway = await world.addGateway({ engine: heartbeat });
  const members = await Promise.all(cases.map(async (one) => ({ ...one, ...await member(), client: new PythonClient(one.kind) })));
  await Promise.all(members.map(({ client, cookie, transports }) => client.connect(gateway.url, { cookie, transports })));

  const over = Date.now() + heartbeat.ping_interval_ms + heartbeat.ping_timeout_ms;
  await eventually(() => Date.now() > over, "a silent client would be gone");
  await Promise.all(members.map(async ({ title, client, chat }) => {
    world.backend.publish(chat, message(chat, "alive"));
    await client.receives(1);
    assert.deepEqual(client.events.map(({ event }) => event), ["connect", "serverMessage"], title);
  }));

  await gateway.kill();
  await Promise.all(members.map(({ client }) => client.seen("disconnect")));
  await gateway.resume();
  await Promise.all(members.map(({ client }) => client.seen("connect", 2)));
  await Promise.all(members.map(async ({ title, client, chat }) => {
    world.backend.publish(chat, message(chat, "again"));
    await client.receives(2);
    assert.deepEqual(client.contents, ["alive", "again"], title);
  }));

  // With a farewell over polling this client stays away, whoever the server is: it takes the close packet for the last word.
  const lost = members.filter(({ transport }) => transport !== "polling");
  await gateway.stop();
  await Promise.all(lost.map(({ client }) => client.seen("disconnect", 2)));
  await gateway.resume();
  await Promise.all(lost.map(({ client }) => client.seen("connect", 3)));
  for (const { client } of members) await client.end();
});
