// Redis or PostgreSQL go away and come back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll, upgrade } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const UNAVAILABLE = '{"code":5,"message":"Service unavailable"}';

const world = await World.start();
after(() => world.stop());

function assertUnavailable(answer) {
  assert.deepEqual([answer.status, answer.body], [503, UNAVAILABLE]);
  assert.match(answer.headers["retry-after"], /^\d+$/);
}

async function memberWithCookie() {
  const user = randomUUID();
  return { user, chat: await world.postgres.addChat(user), cookie: await world.backend.login(user) };
}

test("without Redis a handshake is answered 503; all works again when it is back", { timeout: 240_000 }, async () => {
  const { chat, cookie } = await memberWithCookie();
  const before = await new Client(world.gateway.url, { cookie }).connect();
  world.backend.publish(chat, message(chat, "before"));
  await before.receives("before");

  await world.redis.stop();
  assertUnavailable(await poll(world.gateway, { Cookie: cookie }));
  assertUnavailable(await upgrade(world.gateway, { Cookie: cookie }));
  const down = await world.gateway.answers("/readyz", 503);
  assert.match(down.body, /redis/i);
  assert.equal((await world.gateway.admin("/healthz")).status, 200);

  await world.redis.resume();
  await world.restartBackend();
  await world.gateway.answers("/readyz");
  await eventually(async () => (await poll(world.gateway, { Cookie: cookie })).status === 200, "handshakes succeed again");
  const afterwards = await new Client(world.gateway.url, { cookie }).connect();
  world.backend.publish(chat, message(chat, "after"));
  await afterwards.receives("after");
  await world.publishUntilReceived(chat, before);
  assert.deepEqual(before.disconnects, [], "an outage of Redis closes no connection");
});

test("Redis is killed and starts again: messages flow by themselves, and the gap is told", { timeout: 120_000 }, async () => {
  const { chat, cookie } = await memberWithCookie();
  const client = await new Client(world.gateway.url, { cookie }).connect();
  world.backend.publish(chat, message(chat, "before"));
  await client.receives("before");
  const gaps = await world.gateway.metric("chat_gateway_recovery_gaps_total");
  const log = world.gateway.process.output.length;
  await world.redis.kill();
  await world.gateway.answers("/readyz", 503);
  // Another connection may have been the first to be found dead.
  await eventually(async () => (await world.gateway.metric("chat_gateway_recovery_gaps_total")) > gaps, "the gap is counted");
  await world.redis.resume();
  await world.restartBackend();
  await world.gateway.answers("/readyz");
  await world.publishUntilReceived(chat, client);
  assert.deepEqual(client.disconnects, []);
  assert.match(world.gateway.process.output.slice(log), /warn redis connection lost.*connection=bus/, "the log says so");
  // The sessions are gone with Redis' memory: the logged-in user logs in again.
  client.close();
});

test("a Redis that does not answer counts as unreachable", { timeout: 120_000 }, async () => {
  const { cookie } = await memberWithCookie();
  world.redis.freeze();
  try {
    assertUnavailable(await poll(world.gateway, { Cookie: cookie }));
  } finally {
    world.redis.unfreeze();
  }
  await world.gateway.answers("/readyz");
  await eventually(async () => (await poll(world.gateway, { Cookie: cookie })).status === 200, "handshakes succeed again");
});

test("without PostgreSQL a client connects without rooms, and gets them later", { timeout: 240_000 }, async () => {
  const { chat, cookie } = await memberWithCookie();
  await world.postgres.stop();

  const client = await new Client(world.gateway.url, { cookie }).connect();
  const id = client.socket.id;
  const down = await world.gateway.answers("/readyz", 503);
  assert.match(down.body, /postgres/i);
  assert.equal(await world.redis.subscribers(chat), 0, "nobody can be in the room yet");

  await world.postgres.resume();
  await world.gateway.answers("/readyz");
  await world.publishUntilReceived(chat, client);
  assert.equal(client.socket.id, id);
  assert.deepEqual(client.disconnects, []);
});

test("without PostgreSQL a join is denied, and works when it is back", { timeout: 240_000 }, async () => {
  const { user, cookie } = await memberWithCookie();
  const client = await new Client(world.gateway.url, { cookie }).connect();
  const chat = await world.postgres.addChat(user);
  await world.postgres.stop();
  assert.deepEqual(await client.join(chat), []);

  await world.postgres.resume();
  await eventually(async () => {
    await client.join(chat);
    return (await world.redis.subscribers(chat)) === 1;
  }, "a join succeeds");
  world.backend.publish(chat, message(chat, "joined at last"));
  await client.receives("joined at last");
});
