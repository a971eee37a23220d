// What docs/operations.md says of stores that die, where no other test has it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import pg from "pg";
import { Backend, SECRET, message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll } from "./lib/http.mjs";
import { PATIENCE_MS, eventually, within } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const recheck_ms = 1000;
const world = await World.start({ session: { secrets: [SECRET], recheck_ms } });
const pool = new pg.Pool({ connectionString: world.postgres.url });
pool.on("error", () => {}); // idle connections break when the server stops
const store = new (connectPgSimple(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
const pgBackend = await Backend.start(world.redis, { store });
const user = randomUUID();
const chat = await world.postgres.addChat(user);
const pgCookie = await pgBackend.login(user);
const pgGateway = await world.addGateway({ session: { secrets: [SECRET], store: "postgres", recheck_ms } });
after(async () => {
  await pgBackend.stop();
  await pool.end();
  await world.stop();
});

/** Connections to Redis that this work leaves open. */
async function connectionsOf(work) {
  const count = async () => (await world.redis.admin.sendCommand(["CLIENT", "LIST"])).trim().split("\n").length;
  const before = await count();
  await work();
  return await count() - before;
}

test("a gateway has three connections to Redis, and four with streams", async () => {
  for (const [kind, expected] of [["redis", 3], ["redis-sharded", 3], ["redis-streams", 4]]) {
    let gateway;
    assert.equal(await connectionsOf(async () => {
      gateway = await world.addGateway({ bus: { kind, prefix: `of ${kind}` } });
    }), expected, kind);
    await gateway.stop();
    world.gateways.splice(world.gateways.indexOf(gateway), 1);
  }
});

test("Redis dies: sessions in PostgreSQL still connect, after five seconds; who was logged in by Redis is sent away when it is back without", { timeout: 120_000 }, async () => {
  const cookie = await world.backend.login(user);
  const live = await new Client(world.gateway.url, { cookie }).connect();
  await world.redis.kill();
  const begun = Date.now();
  const other = await new Client(pgGateway.url, { cookie: pgCookie }).connect();
  assert.ok(Date.now() - begun >= 4500, `connected after ${Date.now() - begun} ms`);
  assert.equal((await poll(world.gateway, { Cookie: cookie })).status, 503);
  assert.deepEqual(live.disconnects, [], "as long as nobody can say that the session is gone");

  await world.redis.resume();
  await world.restartBackend();
  await within(eventually(() => live.disconnects.length > 0, "the session is read again"), PATIENCE_MS, "the end");
  assert.deepEqual(live.disconnects, ["io server disconnect"]);
  await world.publishUntilReceived(chat, other);
  assert.deepEqual(other.disconnects, []);
  other.close();
});

test("PostgreSQL dies: handshakes that need it get 503, live sockets stay and get their messages", { timeout: 120_000 }, async () => {
  const queries = { active_users: "select unnest($1::text[])" };
  const asking = await world.addGateway({ postgres: { url: world.postgres.url, queries }, session: { secrets: [SECRET], recheck_ms } });
  const cookie = await world.backend.login(user);
  const clients = [
    await new Client(asking.url, { cookie }).connect(),
    await new Client(pgGateway.url, { cookie: pgCookie }).connect(),
  ];
  await world.postgres.stop();
  assert.equal((await poll(asking, { Cookie: cookie })).status, 503);
  assert.equal((await poll(pgGateway, { Cookie: pgCookie })).status, 503);
  assert.equal((await poll(world.gateway, { Cookie: cookie })).status, 200);
  const failed = "chat_gateway_session_rechecks_failed_total";
  for (const gateway of [asking, pgGateway]) {
    const before = await gateway.metric(failed);
    await eventually(async () => (await gateway.metric(failed)) > before, "sessions are asked for in vain");
  }
  world.backend.publish(chat, message(chat, "meanwhile"));
  for (const client of clients) {
    await client.receives("meanwhile");
    assert.deepEqual(client.disconnects, []);
  }
  await world.postgres.resume();
});
