// The figures of the outbox: each is moved once. Two gateways are to publish; one of them does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "./lib/client.mjs";
import { root } from "./lib/gateway.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const ROLES = ["publisher", "standby", "unable"];
let world;
let publisher;
let standby;
const user = randomUUID();

before(async () => {
  world = await World.start({}, { redis: { durable: true } });
  execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);
  const settings = { postgres: { url: world.postgres.url, outbox: true } };
  publisher = await world.addGateway(settings);
  await hasRole(publisher, "publisher");
  standby = await world.addGateway(settings);
  await hasRole(standby, "standby");
});
after(() => world?.stop());

const figure = (name, gateway = publisher) => gateway.metric(`chat_gateway_outbox_${name}`);
const moves = (name, least, gateway = publisher) => eventually(async () => (await figure(name, gateway)) >= least, `${name} is ${least} at least`, 30_000);
const insert = (chat, content) => world.postgres.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [chat, user, content]);
const rolesOf = (gateway) => Promise.all(ROLES.map((role) => figure(`role{role="${role}"}`, gateway)));

/** It has this role and no other; none without `postgres.outbox`. */
function hasRole(gateway, role) {
  const expected = ROLES.map((one) => Number(one === role)).join();
  return eventually(async () => (await rolesOf(gateway)).join() === expected, `it is ${role}`, 30_000);
}

const connect = async (gateway) => new Client(gateway.url, { cookie: await world.backend.login(user) }).connect();

test("rows that are published, and rows that are left out, are counted where they are published", async () => {
  const chat = await world.postgres.addChat(user);
  const client = await connect(standby);
  const before = await figure('rows_total{result="published"}');
  await insert(chat, "1");
  await world.postgres.query("INSERT INTO chat_gateway.outbox (kind, chat_id, payload) VALUES ('message', $1, 'no message')", [chat]);
  await insert(chat, "2");
  await client.receives("2");
  await moves('rows_total{result="published"}', before + 2);
  assert.equal(await figure('rows_total{result="published"}'), before + 2);
  assert.equal(await figure('rows_total{result="malformed"}'), 1);
  assert.equal(await figure('rows_total{result="published"}', standby), 0);
  await eventually(async () => (await figure("waiting_rows")) === 0 && (await figure("oldest_row_seconds")) === 0, "nothing waits");
  assert.deepEqual(await rolesOf(world.gateway), [0, 0, 0], "of a gateway without an outbox");
  client.close();
});

test("while Redis is away: how many rows wait and for how long, and what was asked of it in vain", { timeout: 120_000 }, async () => {
  const chat = await world.postgres.addChat(user);
  const client = await connect(publisher);
  assert.equal(await figure('failures_total{store="redis"}'), 0);
  await world.redis.kill();
  for (const content of ["1", "2", "3"]) await insert(chat, content);
  // Not just the first row: one of the test before may be about to go.
  const first = "SELECT min(id) FROM chat_gateway.outbox WHERE chat_id = $1";
  await world.postgres.query(`UPDATE chat_gateway.outbox SET written_at = written_at - interval '2 minutes' WHERE id = (${first})`, [chat]);
  await moves("waiting_rows", 3);
  await moves("oldest_row_seconds", 120);
  // It grows with the clock, not with questions to the database alone.
  const [since, age] = [Date.now(), await figure("oldest_row_seconds")];
  await eventually(() => Date.now() - since > 300, "a moment passes");
  const grown = (await figure("oldest_row_seconds")) - age;
  assert.ok(grown > 0.2 && grown < 5, `it has grown by ${grown} s`);
  await moves('failures_total{store="redis"}', 2);
  assert.deepEqual([await figure("waiting_rows", standby), await figure("oldest_row_seconds", standby)], [0, 0]);
  const published = await figure('rows_total{result="published"}');
  await world.redis.resume();
  await client.receives("3");
  assert.deepEqual(client.contents, ["1", "2", "3"]);
  await eventually(async () => (await figure("waiting_rows")) === 0 && (await figure("oldest_row_seconds")) === 0, "nothing waits");
  await moves('rows_total{result="published"}', published + 3);
  client.close();
  await world.restartBackend();
});

test("a publisher whose session ends is followed by another gateway", { timeout: 120_000 }, async () => {
  assert.equal(await figure('failures_total{store="postgres"}', standby), 0);
  await publisher.kill();
  await hasRole(standby, "publisher");
  await publisher.resume();
  await hasRole(publisher, "standby");
  await world.postgres.stop();
  try {
    await hasRole(standby, "unable");
    await hasRole(publisher, "unable");
    await moves('failures_total{store="postgres"}', 1, standby);
  } finally {
    await world.postgres.resume();
  }
  await eventually(async () => (await Promise.all([publisher, standby].map((gateway) => figure('role{role="publisher"}', gateway)))).join() !== "0,0", "one of them publishes again", 30_000);
});
