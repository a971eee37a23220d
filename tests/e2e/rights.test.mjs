// The end of a session, with the real express-session and connect-redis, seen by the user's sockets on two gateways.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const AWAY = "io server disconnect"; // on which the stock client does not come back by itself

const often = { session: { secrets: ["the newest secret"], recheck_ms: 500 } };
const seldom = { session: { secrets: ["the newest secret"], recheck_ms: 3_600_000 } };

const world = await World.start(often);
after(() => world.stop());
const second = await world.addGateway(often);

async function crowd(gateways, cookie) {
  const clients = gateways.flatMap((gateway) => [new Client(gateway.url, { cookie }), new Client(gateway.url, { cookie, transports: ["polling"] })]);
  await Promise.all(clients.map((client) => client.connect()));
  return clients;
}
const sentAway = (clients) => eventually(() => clients.every((client) => client.disconnects[0] === AWAY), "all are sent away");

async function logoutEndsTheSocketsOfTheUserOnly(gateways) {
  const [ann, bob] = [randomUUID(), randomUUID()];
  const chat = await world.postgres.addChat(ann, bob);
  const [annsCookie, bobsCookie] = [await world.backend.login(ann), await world.backend.login(bob)];
  const leaving = await crowd(gateways, annsCookie);
  const staying = await crowd(gateways, bobsCookie);
  await world.backend.logout(annsCookie);
  await sentAway(leaving);
  world.backend.publish(chat, message(chat, "after the logout"));
  await Promise.all(staying.map((client) => client.receives("after the logout")));
  assert.deepEqual(staying.flatMap((client) => client.disconnects), []);
  const again = await crowd(gateways, await world.backend.login(ann));
  assert.ok(again.every((client) => client.socket.connected));
}

test("a logout ends the user's sockets on both gateways within recheck_ms; a login works again; others notice nothing", () =>
  logoutEndsTheSocketsOfTheUserOnly([world.gateway, second]));

test("a session that nobody is logged in to any more ends its sockets", async () => {
  const cookie = await world.backend.login(randomUUID());
  const clients = await crowd([world.gateway, second], cookie);
  await world.backend.forget(cookie);
  await sentAway(clients);
});

test("with keyspace notifications a logout ends the sockets at once", async () => {
  await world.redis.admin.configSet("notify-keyspace-events", "Egxe");
  await logoutEndsTheSocketsOfTheUserOnly([await world.addGateway(seldom), await world.addGateway(seldom)]);
});

test("an outage of Redis ends no socket", async () => {
  const gateway = await world.addGateway(often);
  const [client] = await crowd([gateway], await world.backend.login(randomUUID()));
  await world.redis.stop();
  const failed = "chat_gateway_session_rechecks_failed_total";
  await eventually(async () => (await gateway.metric(failed)) >= 3, "re-checks fail");
  assert.ok(client.socket.connected);
  await world.redis.resume();
});
