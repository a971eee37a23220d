// The operator's door: who is on a gateway, and the end of a user's sockets.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll, request } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start();
after(() => world.stop());
const second = await world.addGateway();

const sentAway = "io server disconnect";

test("an operator lists and disconnects a user's sockets", async () => {
  const user = `user ${randomUUID()}/é`;
  const cookie = await world.backend.login(user);
  const client = await new Client(world.gateway.url, { cookie }).connect();
  const url = `${world.gateway.adminUrl}/v1/users/${encodeURIComponent(user)}`;
  const listed = JSON.parse((await request(url)).body);
  assert.equal(listed.scope, "gateway");
  assert.equal(listed.user, user);
  assert.deepEqual(listed.sockets.map((s) => [s.id, s.transport, s.connected]), [[client.socket.id, "websocket", true]]);
  const done = await request(url, { method: "DELETE" });
  assert.deepEqual(JSON.parse(done.body), { scope: "gateway", user, disconnected: 1 });
  await eventually(() => client.disconnects.length === 1, "the socket is disconnected");
  assert.deepEqual(client.disconnects, [sentAway]);
  assert.deepEqual(JSON.parse((await request(url)).body).sockets, []);
});

test("a socket that has not sent its CONNECT has no id yet", async () => {
  const user = randomUUID();
  assert.equal((await poll(world.gateway, { Cookie: await world.backend.login(user) })).status, 200);
  for (const scope of ["gateway", "cluster"]) {
    const { body } = await request(`${world.gateway.adminUrl}/v1/users/${user}?scope=${scope}`);
    assert.deepEqual(JSON.parse(body).sockets.map((s) => [s.id, s.transport, s.connected, s.rooms]), [[null, "polling", false, 0]], scope);
  }
});

test("figures of this gateway", async () => {
  const user = randomUUID();
  const cookie = await world.backend.login(user);
  await new Client(second.url, { cookie }).connect();
  await new Client(second.url, { cookie }).connect();
  const answer = await request(`${second.adminUrl}/v1/stats`);
  const stats = JSON.parse(answer.body);
  assert.equal(stats.scope, "gateway");
  assert.deepEqual(
    stats.connections_per_user.find((u) => u.user === user),
    { user, connections: 2 },
  );
  assert.ok(stats.connections >= 2 && stats.sockets >= 2 && stats.users >= 1);
  assert.equal((await request(`${second.adminUrl}/v1/users/${user}/more`)).status, 404);
  const refused = await request(`${second.adminUrl}/v1/users/${user}`, { method: "POST" });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.allow, "GET, DELETE");
});

const rooms = async (gateway, query = "") => {
  const answer = await request(`${gateway.adminUrl}/v1/rooms${query}`);
  return { status: answer.status, ...JSON.parse(answer.body) };
};

test("the busiest rooms of this gateway", async () => {
  const [ann, bob] = [randomUUID(), randomUUID()];
  const [busy, quiet] = [await world.postgres.addChat(ann, bob), await world.postgres.addChat(ann)];
  const gateway = await world.addGateway();
  const clients = [];
  for (const user of [ann, ann, bob]) clients.push(await new Client(gateway.url, { cookie: await world.backend.login(user) }).connect());
  await clients[2].join(quiet); // denied
  await clients[1].leave(quiet);
  for (let i = 0; i < 3; i += 1) world.backend.publish(busy, message(busy, `${i}`));
  world.backend.publish(quiet, message(quiet, "the only one"));
  await clients[0].receives("the only one");
  await Promise.all(clients.map((client) => client.receives("2")));
  const idle = { messages_in: 0, messages_out: 0, leaves: 0, denials: 0 };
  const expected = [
    { ...idle, room: busy, members: 3, messages_in: 3, messages_out: 9, joins: 3 },
    { ...idle, room: quiet, members: 1, messages_in: 1, messages_out: 1, joins: 2, leaves: 1, denials: 1 },
  ];
  assert.deepEqual(await rooms(gateway), { status: 200, scope: "gateway", rooms: expected });
  assert.deepEqual((await rooms(gateway, "?limit=1")).rooms, expected.slice(0, 1));
  for (const client of clients) client.close();
  await eventually(async () => (await rooms(gateway)).rooms.length === 0, "rooms without members are forgotten");
});

test("a limit that is none is named", async () => {
  for (const limit of ["0", "1001", "-1", "ten", ""]) {
    assert.deepEqual(await rooms(world.gateway, `?limit=${limit}`), { status: 400, error: "limit is not a number from 1 to 1000" });
  }
});
