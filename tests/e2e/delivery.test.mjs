// Every message reaches every member once and in order, over each transport, and nobody else.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { World } from "./lib/world.mjs";

const MESSAGES = 1000;
const ROOMS = 3;
const CLIENTS = 20;

const world = await World.start();
after(() => world.stop());
const secondGateway = await world.addGateway();

test("1,000 messages to 3 rooms reach 20 clients once, in order, and members only", { timeout: 240_000 }, async () => {
  const users = Array.from({ length: CLIENTS }, () => randomUUID());
  // The bits of a client's number say which rooms it is in: none, each alone, and each combination.
  const isMember = (client, room) => ((client >> room) & 1) === 1;
  const rooms = [];
  for (let room = 0; room < ROOMS; room += 1) {
    rooms.push(await world.postgres.addChat(...users.filter((_, client) => isMember(client, room))));
  }
  const everybody = await world.postgres.addChat(...users);

  const settings = Object.values(transportSettings);
  const clients = await Promise.all(users.map(async (user, i) => {
    const gateway = i % 2 === 0 ? world.gateway : secondGateway;
    const cookie = await world.backend.login(user);
    return new Client(gateway.url, { cookie, transports: settings[i % settings.length] }).connect();
  }));

  // Starts while the upgrading clients are still on their way from one transport to the other.
  const sent = [];
  for (let i = 0; i < MESSAGES; i += 1) {
    const chat = rooms[i % ROOMS];
    sent.push(message(chat, `message ${i}`));
    world.backend.publish(chat, sent[i]);
    if (i % 20 === 0) await setImmediate();
  }
  world.backend.publish(everybody, message(everybody, "the last one"));
  await Promise.all(clients.map((client) => client.receives("the last one", 120_000)));

  clients.forEach((client, i) => {
    const expected = sent.filter((m) => isMember(i, rooms.indexOf(m.chat_id)));
    assert.deepEqual(client.messages.slice(0, -1), expected, `what client ${i} received`);
  });
  const upgrading = clients.filter((_, i) => settings[i % settings.length] === transportSettings.upgrade);
  await Promise.all(upgrading.map((client) => client.upgraded()));
});

test("a message posted through the Express application arrives", async () => {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const client = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
  const sent = message(chat, "posted");
  assert.equal((await world.backend.post(chat, sent)).status, 202);
  assert.deepEqual(await client.receives("posted"), sent);
});

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`two connections of one user both receive, ${name}`, async () => {
    const user = randomUUID();
    const chat = await world.postgres.addChat(user);
    const cookie = await world.backend.login(user);
    const open = (gateway) => new Client(gateway.url, { cookie, transports }).connect();
    const windows = await Promise.all([open(world.gateway), open(secondGateway)]);
    world.backend.publish(chat, message(chat, "to both"));
    await Promise.all(windows.map((client) => client.receives("to both")));
  });
}
