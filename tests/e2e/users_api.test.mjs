// The operator's door: who is on a gateway, and the end of a user's sockets.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
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
