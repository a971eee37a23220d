// Gaps of the bus are healed from the outbox: on the classic bus over a Redis Cluster of three nodes, where the gateways listen at one node and
// the outbox is published at another.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "./lib/client.mjs";
import { root } from "./lib/gateway.mjs";
import { assertAllHeard, writeNumbers } from "./lib/outbox_traffic.mjs";
import { RedisCluster } from "./lib/redis_cluster.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const CHATS = 8;
const LISTENED = "socket.io"; // gateways listen at the master of its slot
const MARK = "socket.io:outbox";
let world;
let gateways;
const user = randomUUID();

const insert = (chat, content) => world.postgres.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [chat, user, content]);
const ofBoth = (name) => Promise.all(gateways.map((gateway) => gateway.metric(`chat_gateway_outbox_${name}`)));
const sessionKey = (cookie) => `sess:${decodeURIComponent(cookie.split("=")[1]).slice(2).split(".")[0]}`;

before(async () => {
  // A node that is away takes its slots along, and no others.
  const startRedis = () => RedisCluster.start(3, { durable: true, options: ["--cluster-require-full-coverage", "no"] });
  world = await World.start({}, { startRedis });
  execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);
  const listened = await world.redis.ownerOf(LISTENED);
  if ((await world.redis.ownerOf(MARK)) === listened) await world.redis.move(MARK, (listened + 1) % 3);
  const settings = { postgres: { url: world.postgres.url, outbox: true } };
  gateways = [await world.addGateway(settings), await world.addGateway(settings)];
});
after(() => world?.stop());

/** A client at each gateway, whose sessions are at the third node. */
async function connectBoth() {
  const [listened, mark] = [await world.redis.ownerOf(LISTENED), await world.redis.ownerOf(MARK)];
  const third = [0, 1, 2].find((node) => node !== listened && node !== mark);
  const all = [];
  for (const gateway of gateways) {
    const cookie = await world.backend.login(user);
    if ((await world.redis.ownerOf(sessionKey(cookie))) !== third) await world.redis.move(sessionKey(cookie), third);
    all.push(await new Client(gateway.url, { cookie }).connect());
  }
  return all;
}

/** Traffic at the clients of both gateways while `breaks` runs, and until what it begins has passed: they hear everything, once and in order. */
async function heardThrough(t, breaks) {
  const chats = await Promise.all(Array.from({ length: CHATS }, () => world.postgres.addChat(user)));
  const clients = await connectBoth();
  const stop = writeNumbers(t, chats, insert);
  await eventually(() => clients.every((client) => client.messages.length > 200), "messages flow", 30_000);
  await breaks();
  await sleep(1000);
  await assertAllHeard(clients, chats, await stop());
  assert.deepEqual(await ofBoth('gaps_total{result="left"}'), [0, 0]);
  for (const client of clients) client.close();
}

/** The same, where `breaks` makes a gap for both gateways. */
async function heardThroughGap(t, breaks) {
  const [healed, read] = [await ofBoth('gaps_total{result="healed"}'), await ofBoth("healed_total")];
  await heardThrough(t, async () => {
    await breaks();
    await eventually(async () => (await ofBoth('gaps_total{result="healed"}')).every((n, i) => n > healed[i]), "both have healed a gap", 60_000);
  });
  const missed = (await ofBoth("healed_total")).map((n, i) => n - read[i]);
  assert.ok(Math.min(...missed) > 0, `${missed} messages were read, not heard`);
}

// What the node has remembered as published, and not passed on to the others, dies with it; the gateways' connections stay.
test("the node with the outbox's mark is killed, and comes back: rows wait for it, and what it took along is read", { timeout: 180_000 }, async (t) => {
  const node = world.redis.nodes[await world.redis.ownerOf(MARK)];
  const healed = await ofBoth('gaps_total{result="healed"}');
  await heardThrough(t, async () => {
    await node.kill();
    await eventually(async () => Math.max(...(await ofBoth("oldest_row_seconds"))) > 2, "rows wait", 30_000);
    await node.resume();
    await world.redis.whole();
    await eventually(async () => Math.max(...(await ofBoth("waiting_rows"))) < 100, "they have been published", 60_000);
    await eventually(async () => (await ofBoth('gaps_total{result="healed"}')).every((n, i) => n > healed[i]), "both have looked into the table", 30_000);
  });
  assert.ok(Math.max(...(await ofBoth('failures_total{store="redis"}'))) > 0);
});

// Ahead of the next: gateways that have lost their connections may listen elsewhere.
test("the node that is listened to is killed: the next one is listened to, and what was missed is read", { timeout: 180_000 }, async (t) => {
  const node = world.redis.nodes[await world.redis.ownerOf(LISTENED)];
  t.after(async () => {
    await node.resume();
    await world.redis.whole();
  });
  await heardThroughGap(t, () => node.kill());
});

test("the connections that listen break, again and again", { timeout: 120_000 }, (t) =>
  heardThroughGap(t, async () => {
    for (let i = 0; i < 50; i += 1) {
      for (const node of world.redis.nodes) await node.admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      await sleep(50);
    }
  }));
