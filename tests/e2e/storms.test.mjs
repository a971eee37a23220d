// Many handshakes at once, also while Redis or PostgreSQL fall behind.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message, signedCookie } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const CLIENTS = 500;
// More than what counts as a crowd on one loop.
const CROWD = 1100;
const MOST_UNQUESTIONED = 1024; // however long they wait
const CHAT_LIST = /execute .*from chat_participants where user_id = any/g;

// Bounds are a loop's: with one of them they are the gateway's.
const world = await World.start({ server: { threads: 1 }, log: { level: "warn" } });
after(() => world.stop());

/** Sessions of this many new users who are in one chat; returns it and their cookies. */
async function members(count) {
  const users = Array.from({ length: count }, () => randomUUID());
  const cookie = { originalMaxAge: 86_400_000, httpOnly: true, path: "/" };
  await Promise.all(users.map((user) => world.redis.admin.set(`sess:of-${user}`, JSON.stringify({ cookie, passport: { user } }))));
  return { chat: await world.postgres.addChat(...users), cookies: users.map((user) => signedCookie(`of-${user}`)) };
}

const results = (name) => world.gateway.metric(`chat_gateway_handshakes_total{result="${name}"}`);

function assertUnavailable(answer) {
  assert.deepEqual([answer.status, answer.body], [503, '{"code":5,"message":"Service unavailable"}']);
  assert.match(answer.headers["retry-after"], /^\d+$/);
}

/** While the crowd waits: handshakes, one after the other, until one is put off; it must not wait for its answer. */
async function putOffAtOnce(cookie, crowd) {
  const before = await results("too_slow");
  const later = [];
  await eventually(async () => {
    later.push(poll(world.gateway, { Cookie: cookie }));
    return (await results("too_slow")) > before;
  }, "a handshake is put off");
  const first = await Promise.race([poll(world.gateway, { Cookie: cookie }), crowd.then(() => "the crowd's end")]);
  assertUnavailable(first);
  return later;
}

test("hundreds of clients that come at once all get in, with few questions to the stores", async () => {
  const { chat, cookies } = await members(CLIENTS);
  await world.postgres.query("ALTER SYSTEM SET log_statement = 'all'");
  await world.postgres.query("SELECT pg_reload_conf()");
  await eventually(async () => {
    await world.postgres.query("SELECT 'is this logged'");
    return /is this logged/.test(world.postgres.process.output);
  }, "statements are logged");

  const clients = await Promise.all(cookies.map((cookie) => new Client(world.gateway.url, { cookie }).connect()));
  const statements = world.postgres.process.output.match(CHAT_LIST)?.length ?? 0;
  assert.ok(statements > 0 && statements < CLIENTS / 5, `${statements} statements for ${CLIENTS} chat lists`);
  assert.equal(await world.gateway.metric("chat_gateway_handshakes_under_way"), 0);

  world.backend.publish(chat, message(chat, "to all"));
  await Promise.all(clients.map((client) => client.receives("to all")));
  for (const client of clients) client.close();
  await world.postgres.query("ALTER SYSTEM RESET log_statement");
  await world.postgres.query("SELECT pg_reload_conf()");
});

test("Redis hangs in a storm: 503, at once when many wait; live clients stay; it ends by itself", async () => {
  const { chat, cookies: [cookie] } = await members(1);
  const live = await new Client(world.gateway.url, { cookie }).connect();
  world.redis.freeze();
  try {
    const crowd = Promise.all(Array.from({ length: CROWD }, () => poll(world.gateway, { Cookie: cookie })));
    const later = await putOffAtOnce(cookie, crowd);
    assert.deepEqual(await live.leave(randomUUID()), [], "a live client is served");
    for (const answer of await crowd) assertUnavailable(answer);
    for (const answer of await Promise.all(later)) assertUnavailable(answer);
    assert.equal(await world.gateway.metric("chat_gateway_handshakes_under_way"), 0);
  } finally {
    world.redis.unfreeze();
  }
  await eventually(async () => (await poll(world.gateway, { Cookie: cookie })).status === 200, "handshakes succeed again");
  await world.publishUntilReceived(chat, live);
  assert.deepEqual(live.disconnects, []);
});

test("PostgreSQL hangs in a storm: 503 at once when many wait; live clients get their messages; it ends by itself", async () => {
  const { chat, cookies: [cookie] } = await members(1);
  const live = await new Client(world.gateway.url, { cookie }).connect();
  const unlock = await world.postgres.lockParticipants();
  let over;
  const end = new Promise((resolve) => {
    over = resolve;
  });
  try {
    // They have their answer: it is the chat list that they wait for.
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => poll(world.gateway, { Cookie: cookie })));
    // On a slow machine the last ones may have been put off already.
    const late = crowd.filter(({ status }) => status !== 200);
    assert.ok(crowd.length - late.length >= MOST_UNQUESTIONED, `${late.length} of ${crowd.length} were put off`);
    for (const answer of late) assertUnavailable(answer);
    await putOffAtOnce(cookie, end);
    world.backend.publish(chat, message(chat, "meanwhile"));
    await live.receives("meanwhile");
  } finally {
    over();
    await unlock();
  }
  await eventually(async () => (await poll(world.gateway, { Cookie: cookie })).status === 200, "handshakes succeed again");
  const next = await new Client(world.gateway.url, { cookie }).connect();
  world.backend.publish(chat, message(chat, "afterwards"));
  await Promise.all([live.receives("afterwards"), next.receives("afterwards")]);
  assert.deepEqual(live.disconnects, []);
});
