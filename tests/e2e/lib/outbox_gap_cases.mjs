// A gateway that misses what a pub/sub bus brings reads it in the outbox: the same cases for every such bus. One gateway publishes, a second
// one reaches Redis through a proxy, and clients stay connected to both.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, transportSettings } from "./client.mjs";
import { root } from "./gateway.mjs";
import { assertAllHeard, heardIn, numbers, writeNumbers } from "./outbox_traffic.mjs";
import { Proxy } from "./proxy.mjs";
import { eventually } from "./wait.mjs";
import { World } from "./world.mjs";

const CHATS = 8;

/** `subscription`: of a bus that has it. */
export function outboxGapCases({ kind, subscription = "rooms" }) {
  let world;
  let proxy;
  let publisher;
  let lonely; // its way to Redis is the proxy's
  const user = randomUUID();

  before(async () => {
    world = await World.start({ bus: { kind } }, { redis: { durable: true } });
    await world.postgres.query("CREATE ROLE low LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO low");
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-v", "role=low", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);
    proxy = await Proxy.start({ port: world.redis.port });
    const settings = { bus: { kind, subscription }, postgres: { url: world.postgres.url.replace("postgres@", "low@"), outbox: true } };
    publisher = await world.addGateway(settings);
    await eventually(() => publisher.process.output.includes("this gateway publishes the outbox"), "the first one publishes");
    lonely = await world.addGateway({ ...settings, redis: { url: proxy.url.replace("http", "redis") } });
  });
  after(async () => {
    await world?.stop();
    proxy?.stop();
  });

  const insert = (chat, content) => world.postgres.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [chat, user, content]);
  const connect = async (gateway, who = user, options = {}) => new Client(gateway.url, { cookie: await world.backend.login(who), ...options }).connect();
  const gaps = (gateway, result) => gateway.metric(`chat_gateway_outbox_gaps_total{result="${result}"}`);
  /** With the gateway's own word of why, if one was. */
  const noneLeft = async (gateway) => assert.equal(await gaps(gateway, "left"), 0, `a gap was left: ${gateway.process.output.match(/what the bus did not bring stays missed.*/)}`);
  const writeTo = (t, chats) => writeNumbers(t, chats, insert);

  const breaks = {
    "its connections break": { begin: () => (proxy.close(), proxy.cut()), end: () => proxy.open(), ms: 2500 },
    // Until it has noticed by itself, and for a while after that.
    "its connections hang, and nobody tells it": { begin: () => proxy.stall(), end: () => proxy.flow(), ms: 14_000 },
  };
  for (const [how, { begin, end, ms }] of Object.entries(breaks)) {
    test(`a gateway alone is away from Redis (${how}): its sockets miss nothing, and memberships are as they were committed`, { timeout: 240_000 }, async (t) => {
      const chats = await Promise.all(Array.from({ length: CHATS }, () => world.postgres.addChat(user)));
      const clients = [await connect(lonely), await connect(lonely, user, { transports: transportSettings.polling }), await connect(publisher)];
      const [ann, bob] = [randomUUID(), randomUUID()];
      const left = await world.postgres.addChat(ann, bob);
      const joined = await world.postgres.addChat(bob); // nobody of the lonely gateway is in it
      const [anns, bobs] = [await connect(lonely, ann), await connect(publisher, bob)];
      const before = { healed: await gaps(lonely, "healed"), others: await gaps(publisher, "healed"), read: await lonely.metric("chat_gateway_outbox_healed_total") };

      const stop = writeTo(t, chats);
      await eventually(() => clients.every((client) => client.messages.length > 200), "messages flow");
      const others = clients.at(-1).messages;
      const heardBefore = others.length;
      begin();
      await sleep(ms / 2);
      await insert(left, "to both");
      await world.postgres.removeParticipant(left, ann);
      await insert(left, "to bob alone");
      await insert(joined, "not to ann yet");
      await world.postgres.addParticipant(joined, ann);
      // Longer than the bus tells every gateway of a chat that somebody has joined.
      const stopJoined = writeTo(t, [joined]);
      await sleep(ms / 2);
      assert.deepEqual(heardIn(anns, left), [], "it is deaf");
      const missed = others.length - heardBefore;
      end();
      const healed = async () => {
        await noneLeft(lonely);
        return (await gaps(lonely, "healed")) > before.healed;
      };
      await eventually(healed, "the gap is healed", 90_000);
      await sleep(1000);
      const [inJoined] = await stopJoined();
      const counts = await stop();

      await assertAllHeard(clients, chats, counts);
      await eventually(() => heardIn(anns, joined).length >= inJoined, "the chat that was joined is heard");
      assert.deepEqual(heardIn(anns, joined), numbers(inJoined));
      assert.deepEqual(heardIn(anns, left), ["to both"]);
      assert.deepEqual(heardIn(bobs, left), ["to both", "to bob alone"]);
      assert.deepEqual(heardIn(bobs, joined), ["not to ann yet", ...numbers(inJoined)]);
      await noneLeft(lonely);
      assert.equal(await gaps(publisher, "healed"), before.others, "the other one was never away");
      assert.ok(missed > CHATS, `messages flowed meanwhile: ${missed}`);
      const read = (await lonely.metric("chat_gateway_outbox_healed_total")) - before.read;
      assert.ok(read > missed / 2, `they were read, not heard: ${read} of ${missed}`);
      for (const client of [...clients, anns, bobs]) client.close();
    });
  }

  test("Redis is killed under the traffic: what it had taken and not sent is read", { timeout: 240_000 }, async (t) => {
    const chats = await Promise.all(Array.from({ length: CHATS }, () => world.postgres.addChat(user)));
    const clients = [await connect(lonely), await connect(publisher)];
    const stop = writeTo(t, chats);
    for (let kill = 0; kill < 3; kill += 1) {
      const heard = clients.map((client) => client.messages.length);
      await eventually(() => clients.every((client, n) => client.messages.length > heard[n] + 200), "messages flow", 60_000);
      await world.redis.kill();
      await sleep(500);
      await world.redis.resume();
    }
    await eventually(async () => (await gaps(publisher, "healed")) >= 3, "the last gap is healed", 60_000);
    await assertAllHeard(clients, chats, await stop());
    for (const gateway of [lonely, publisher]) await noneLeft(gateway);
    for (const client of clients) client.close();
    await world.restartBackend();
  });

  test("a gap that is longer than rows are kept is left, and told", { timeout: 120_000 }, async () => {
    const chat = await world.postgres.addChat(user);
    const client = await connect(lonely);
    await insert(chat, "before");
    await client.receives("before");
    await sleep(1500); // until it is certain of that one
    await world.postgres.query("UPDATE chat_gateway.published_state SET keep_for = '1 second', next_sweep = now()");
    try {
      proxy.close();
      proxy.cut();
      await insert(chat, "missed");
      await sleep(2000);
      await insert(chat, "swept by this one");
      await eventually(async () => (await world.postgres.query("SELECT count(*)::int AS n FROM chat_gateway.published")).rows[0].n <= 1, "rows are swept", 20_000);
      const log = lonely.process.output.length;
      proxy.open();
      await eventually(async () => (await gaps(lonely, "left")) === 1, "the gap is told", 30_000);
      assert.match(lonely.process.output.slice(log), /warn what the bus did not bring stays missed/);
      await insert(chat, "after");
      await client.receives("after");
      assert.ok(!client.contents.includes("missed"));
    } finally {
      proxy.open();
      await world.postgres.query("UPDATE chat_gateway.published_state SET keep_for = '2 minutes'");
    }
    client.close();
  });

  // The last one: whichever gateway is the first to find PostgreSQL again publishes from then on.
  test("PostgreSQL is away for longer than messages may wait, and Redis comes and goes meanwhile: none waits, so the gap does", { timeout: 120_000 }, async () => {
    const chat = await world.postgres.addChat(user);
    const client = await connect(lonely);
    await insert(chat, "before");
    await client.receives("before");
    await sleep(1500); // until it is certain of that one
    const [healed, left] = [await gaps(lonely, "healed"), await gaps(lonely, "left")];
    const cut = () => (proxy.close(), proxy.cut());
    cut();
    await insert(chat, "missed");
    await eventually(async () => (await world.postgres.query("SELECT count(*)::int AS n FROM chat_gateway.outbox")).rows[0].n === 0, "it is published");
    await world.postgres.stop();
    try {
      for (const ms of [3000, 4000, 6000]) {
        proxy.open();
        await sleep(ms);
        if (ms < 6000) cut();
      }
      assert.deepEqual([await gaps(lonely, "healed"), await gaps(lonely, "left")], [healed, left]);
    } finally {
      await world.postgres.resume();
    }
    await client.receives("missed");
    await insert(chat, "after");
    await client.receives("after");
    assert.deepEqual(client.contents, ["before", "missed", "after"]);
    assert.deepEqual(client.disconnects, []);
    assert.deepEqual([await gaps(lonely, "healed"), await gaps(lonely, "left")], [healed + 1, left]);
    client.close();
  });
}
