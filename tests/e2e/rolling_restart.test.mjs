// A rolling restart of two gateways behind nginx under stock clients and steady traffic: nobody misses anything, nobody is sent round twice, and
// the clients come back as evenly as they were let go. CHAT_GATEWAY_TEST_CLIENTS: how many (default 300; 2000 is the full size).
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const CLIENTS = Number(process.env.CHAT_GATEWAY_TEST_CLIENTS ?? 300);
const USERS = 100;
const CHATS = 10;
const DRAIN_MS = Math.max(4000, CLIENTS * 10); // 100 a second
const settings = {
  server: { drain_ms: DRAIN_MS },
  bus: { kind: "redis-streams", stream_length: 100_000 },
};

const world = await World.start(settings);
const gateways = [world.gateway, await world.addGateway(settings)];
const front = await world.addNginx(gateways);
const redis = createClient({ url: world.redis.url });
await redis.connect();
const io = new Server({ adapter: createAdapter(redis, { maxLen: 100_000 }) });
after(async () => {
  await io.of("/").adapter.close();
  redis.destroy();
  await world.stop();
});

/** Handshakes that were accepted, by both; a gateway that is restarted begins at 0. */
async function accepted() {
  const counts = await Promise.all(gateways.map((gateway) =>
    gateway.metric('chat_gateway_handshakes_total{result="accepted"}').catch(() => 0)));
  return counts;
}

test(`${CLIENTS} clients and two restarts`, { timeout: 280_000 }, async () => {
  const users = Array.from({ length: USERS }, randomUUID);
  const chats = await Promise.all(Array.from({ length: CHATS }, (_, c) => world.postgres.addChat(...users.filter((_, u) => u % CHATS === c))));
  const cookies = await Promise.all(users.map((user) => world.backend.login(user)));
  const clients = [];
  for (let i = 0; i < CLIENTS; i += 1) {
    const client = new Client(front.url, { cookie: cookies[i % USERS], reconnection: true });
    client.chat = chats[(i % USERS) % CHATS];
    client.returns = [];
    client.errors = 0;
    client.socket.io.on("reconnect_error", () => (client.errors += 1));
    clients.push(client);
    if (i % 50 === 49) await Promise.all(clients.slice(-50).map((one) => one.connect()));
  }
  await Promise.all(clients.filter((client) => !client.socket.connected).map((client) => client.connect()));
  for (const client of clients) client.socket.on("connect", () => client.returns.push(client.socket.recovered));
  const atStart = await Promise.all(gateways.map((gateway) => gateway.metric("chat_gateway_sockets")));
  assert.ok(atStart.every((n) => n > CLIENTS / 10), `both gateways have clients: ${atStart}`);

  const sent = Object.fromEntries(chats.map((chat) => [chat, []]));
  let flowing = true;
  const flow = (async () => {
    for (let i = 0; flowing; i += 1) {
      const chat = chats[i % CHATS];
      io.to(chat).emit("serverMessage", message(chat, `message ${i}`));
      sent[chat].push(`message ${i}`);
      await sleep(20);
    }
  })();
  await sleep(1000);

  for (const gateway of gateways) {
    const leaving = await gateway.metric("chat_gateway_sockets");
    // Accepted handshakes a second, over every second of the restart.
    const times = [];
    let watching = true;
    const watch = (async () => {
      let last = await accepted();
      while (watching) {
        await sleep(100);
        const now = await accepted();
        const fresh = now.reduce((sum, n, i) => sum + Math.max(0, n - last[i]), 0);
        last = now;
        for (let i = 0; i < fresh; i += 1) times.push(Date.now());
      }
    })();
    const from = Date.now();
    const before = clients.map((client) => client.returns.length);
    await gateway.stop();
    assert.ok(Date.now() - from < DRAIN_MS + 10_000, "in time");
    await gateway.resume();
    await eventually(() => clients.every((client) => client.socket.connected), "all are back", 60_000);
    await sleep(500);
    watching = false;
    await watch;
    const returns = clients.map((client, i) => client.returns.length - before[i]);
    assert.ok(returns.every((n) => n <= 1), `reconnects of a client in one restart: ${Math.max(...returns)}`);
    assert.equal(returns.reduce((a, b) => a + b, 0), leaving, "those of the gateway that was restarted");
    const paced = leaving / (DRAIN_MS * 0.9 / 1000);
    let peak = 0;
    for (let i = 0, j = 0; j < times.length; j += 1) {
      while (times[j] - times[i] >= 1000) i += 1;
      peak = Math.max(peak, j - i + 1);
    }
    console.log(`${leaving} clients handed off at ${paced.toFixed(0)} a second; peak ${peak} handshakes in a second`);
    // Unpaced, all would be here within the second over which the clients themselves spread their return.
    assert.ok(peak < 2 * paced, `${peak} handshakes in a second, paced ${paced}`);
  }

  flowing = false;
  await flow;
  for (const chat of chats) {
    io.to(chat).emit("serverMessage", message(chat, "the last one"));
    sent[chat].push("the last one");
  }
  for (const client of clients) {
    await client.receives("the last one");
    assert.deepEqual(client.contents, sent[client.chat]);
    assert.ok(client.returns.every((recovered) => recovered === true), `recovered: ${client.returns}`);
    assert.equal(client.errors, 0, "attempts to come back that failed");
  }
  const received = clients.reduce((sum, client) => sum + client.messages.length, 0);
  console.log(`${Object.values(sent).flat().length} messages, ${received} received, none lost, none twice, in order`);
});
