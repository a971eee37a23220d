// The figures of what goes wrong: each is provoked once, and moves. (monitoring.test.mjs has those of an ordinary day.)
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SECRET, message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
import { RawPolling, RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start({ limits: { send_queue_bytes: 20_000 } });
after(() => world.stop());

const figure = (name, gateway = world.gateway) => gateway.metric(`chat_gateway_${name}`);
const moves = (name, least = 1, gateway = world.gateway) =>
  eventually(async () => (await figure(name, gateway)) >= least, `${name} is ${least} at least`);

/** A user in a chat, logged in: `{user, chat, cookie}`. */
async function member() {
  const user = randomUUID();
  return { user, chat: await world.postgres.addChat(user), cookie: await world.backend.login(user) };
}

const connected = (cookie, gateway = world.gateway) => new Client(gateway.url, { cookie }).connect();

test("sockets that are sent away, by reason; sessions that ended, and for how long they were open", async () => {
  const { user, cookie } = await member();
  await connected(cookie);
  await moves('chat_lists_total{result="loaded"}');
  await sleep(1100); // whole seconds are counted
  await request(`${world.gateway.adminUrl}/v1/users/${user}`, { method: "DELETE" });
  await moves('sockets_disconnected_total{reason="operator"}');
  await moves('sessions_closed_total{reason="server_close"}');
  await moves("session_seconds_total");

  const impatient = await world.addGateway({ session: { secrets: [SECRET], recheck_ms: 200 } });
  await connected(cookie, impatient);
  await moves("session_rechecks_total", 1, impatient);
  await world.backend.logout(cookie);
  await moves('sockets_disconnected_total{reason="session_gone"}', 1, impatient);
  await moves("sockets_cut_total", 1, impatient);

  await world.postgres.query("CREATE TABLE banned (user_id text)");
  const strict = await world.addGateway({
    session: { secrets: [SECRET], recheck_ms: 200 },
    postgres: {
      url: world.postgres.url,
      queries: { active_users: "SELECT u FROM unnest($1::text[]) u WHERE u NOT IN (SELECT user_id FROM banned)" },
    },
  });
  const other = await member();
  await connected(other.cookie, strict);
  await world.postgres.query("INSERT INTO banned VALUES ($1)", [other.user]);
  await moves('sockets_disconnected_total{reason="inactive_user"}', 1, strict);
});

test("a client that does not answer, and one that does not take what it is sent", async () => {
  const heartbeat = await world.addGateway({ engine: { ping_interval_ms: 300, ping_timeout_ms: 300 } });
  const { chat, cookie } = await member();
  await RawPolling.connect(heartbeat.url, { Cookie: cookie });
  await moves('sessions_closed_total{reason="ping_timeout"}', 1, heartbeat);

  await RawPolling.connect(world.gateway.url, { Cookie: cookie });
  for (let n = 0; n < 10; n += 1) world.backend.publish(chat, message(chat, "x".repeat(5000)));
  await moves('sessions_closed_total{reason="slow_consumer"}');
});

test("clients that come back, and what they are replayed", async () => {
  const { chat, cookie } = await member();
  const raw = async () => RawSocket.open(world.gateway.url, { headers: { Cookie: cookie } });
  const first = await raw();
  await first.next();
  first.send("40");
  const { pid } = JSON.parse((await first.next()).slice(2));
  world.backend.publish(chat, message(chat, "seen"));
  const [, seen] = JSON.parse((await first.next()).slice(2));
  assert.equal(seen.content, "seen");
  first.close();
  await moves("recovery_sessions");
  const wrong = await raw();
  await wrong.next();
  wrong.send(`40${JSON.stringify({ pid, offset: "no offset" })}`);
  await wrong.next();
  await moves('recoveries_total{result="unknown_offset"}');
  wrong.close();

  const client = await connected(cookie);
  world.backend.publish(chat, message(chat, "before"));
  await client.receives("before");
  const lost = await figure("recovery_sessions");
  client.socket.io.engine.close();
  await moves("recovery_sessions", lost);
  world.backend.publish(chat, message(chat, "missed"));
  await moves("bus_messages_total", 3);
  client.socket.connect();
  await client.receives("missed");
  await moves('recoveries_total{result="recovered"}');
  await moves("recovery_replayed_total");
});

test("questions between nodes", async () => {
  const second = await world.addGateway();
  const asked = await figure('cluster_requests_total{direction="out"}');
  assert.equal((await request(`${world.gateway.adminUrl}/v1/stats?scope=cluster`)).status, 200);
  await moves('cluster_requests_total{direction="out"}', asked + 1);
  await moves('cluster_requests_total{direction="in"}', 1, second);
});

test("stores that cannot answer", async () => {
  const { cookie } = await member();
  const unlock = await world.postgres.lockParticipants();
  try {
    await connected(cookie);
    await moves('store_failures_total{store="chats"}');
    await moves('chat_lists_total{result="late"}');
  } finally {
    await unlock();
  }
  world.redis.freeze();
  try {
    assert.equal((await request(`${world.gateway.url}/ws/?EIO=4&transport=polling`, { headers: { Cookie: cookie } })).status, 503);
    await moves('store_failures_total{store="sessions"}');
  } finally {
    world.redis.unfreeze();
  }
});
