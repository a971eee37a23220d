// An INSERT is a serverMessage: the outbox of config/postgres/outbox.sql, two gateways, and restarts of everything.
// CHAT_GATEWAY_OUTBOX_ROWS: how many rows the long test writes (default 4000; 50000 is the full size).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "./lib/client.mjs";
import { root } from "./lib/gateway.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const ROWS = Number(process.env.CHAT_GATEWAY_OUTBOX_ROWS ?? 4000);
const WRITERS = 8;

let world;
let gateways;
const user = randomUUID();

before(async () => {
  world = await World.start();
  await world.postgres.query("CREATE ROLE low LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO low");
  execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-v", "role=low", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);
  const settings = { postgres: { url: world.postgres.url.replace("postgres@", "low@"), outbox: true } };
  gateways = [await world.addGateway(settings), await world.addGateway(settings)];
});
after(() => world?.stop());

const insert = (chat, content, client = world.postgres) =>
  client.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [chat, user, content]);

const connect = async (gateway) => new Client(gateway.url, { cookie: await world.backend.login(user) }).connect();

test("an INSERT reaches the clients of every gateway once", async () => {
  const chat = await world.postgres.addChat(user);
  const clients = [await connect(gateways[0]), await connect(gateways[1])];
  const from = Date.now();
  await insert(chat, "it's \"here\" €");
  await insert(chat, "next");
  for (const client of clients) {
    await client.receives("next");
    assert.deepEqual(client.contents, ["it's \"here\" €", "next"]);
    const [{ message_id, timestamp, ...rest }] = client.messages;
    assert.deepEqual(rest, { chat_id: chat, author: user, content: "it's \"here\" €", type: "text" });
    assert.match(message_id, /^[0-9a-f-]{36}$/);
    assert.ok(timestamp >= from - 1 && timestamp <= Date.now(), `${timestamp}`);
    client.close();
  }
});

test("what is rolled back is never seen; what is large is", async () => {
  const chat = await world.postgres.addChat(user);
  const client = await connect(gateways[0]);
  await world.postgres.query(`BEGIN; INSERT INTO messages (chat_id, content) VALUES ('${chat}', 'never'); ROLLBACK`);
  await insert(chat, "€".repeat(21_846));
  await insert(chat, "end");
  await client.receives("end");
  assert.deepEqual(client.contents, ["€".repeat(21_846), "end"]);
  client.close();
});

test("rows of many writers arrive once and in order, while the publisher is killed", async () => {
  const chats = await Promise.all(Array.from({ length: WRITERS }, () => world.postgres.addChat(user)));
  const client = await connect(world.gateway); // publishes nothing itself
  const each = Math.floor(ROWS / WRITERS);
  let written = 0;
  const write = async (chat) => {
    const connection = await world.postgres.connect();
    for (let i = 0; i < each; i += 1) {
      if (i % 10 === 3) await connection.query(`BEGIN; INSERT INTO messages (chat_id, content) VALUES ('${chat}', 'never'); ROLLBACK`);
      await insert(chat, String(i), connection);
      written += 1;
    }
    await connection.end();
  };
  const writing = Promise.all(chats.map(write));
  // Whichever of the two publishes: both are killed in turn, each while the other lives.
  for (const [part, gateway] of [[1, gateways[0]], [2, gateways[1]]]) {
    await eventually(() => written > (part * ROWS) / 3, "a part of the rows is written");
    await gateway.kill();
    await gateway.resume();
  }
  await writing;
  const expected = Array.from({ length: each }, (_, i) => String(i));
  await eventually(() => client.messages.length >= each * WRITERS, `${each * WRITERS} messages arrive`, 120_000);
  for (const chat of chats) {
    assert.deepEqual(client.messages.filter((m) => m.chat_id === chat).map((m) => m.content), expected);
  }
  assert.equal(client.messages.length, each * WRITERS);
  await eventually(
    async () => (await world.postgres.query("SELECT count(*)::int AS n FROM chat_gateway.outbox")).rows[0].n === 0,
    "the table is empty",
  );
  client.close();
});
