// The operator's door for a whole cluster, on each adapter: two gateways, and a Node server that must not notice.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { Member, nodeClient } from "./lib/cluster.mjs";
import { request } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const AWAY = "io server disconnect";

async function ask(gateway, path, method = "GET") {
  const answer = await request(gateway.adminUrl + path, { method });
  return { status: answer.status, ...JSON.parse(answer.body) };
}

for (const kind of ["redis", "redis-sharded", "redis-streams"]) {
  const settings = { bus: { kind } };
  const world = await World.start(settings);
  const gateways = [world.gateway, await world.addGateway(settings)];
  const node = await Member.startNode("node", { kind, redis: world.redis.url });
  after(async () => {
    const alive = node.alive;
    await world.stop();
    await node.stop();
    assert.ok(alive, `the Node server on ${kind} lives`);
  });
  const all = { asked: 3, answered: 3 };
  const complete = async (path) => {
    for (const gateway of gateways) {
      await eventually(async () => (await ask(gateway, path)).nodes.asked === 3, `three nodes are known to each on ${kind}`);
    }
    return ask(gateways[1], path);
  };
  /** A client of `user` on each gateway, in `chats`. */
  const connectEverywhere = async (user) => {
    const cookie = await world.backend.login(user);
    return Promise.all(gateways.map((gateway) => new Client(gateway.url, { cookie }).connect()));
  };

  test(`${kind}: the figures of all gateways together`, async () => {
    const user = randomUUID();
    const clients = await connectEverywhere(user);
    const nodes = nodeClient(node, ["a room"]);
    await nodes.connect();
    const stats = await complete("/v1/stats?scope=cluster");
    assert.deepEqual([stats.status, stats.scope, stats.nodes], [200, "cluster", all]);
    assert.deepEqual([stats.connections, stats.websockets, stats.sockets], [2, 2, 2]);
    assert.deepEqual(stats.connections_per_user, [{ user, connections: 2 }]);
    const own = await ask(gateways[0], "/v1/stats");
    assert.deepEqual([own.scope, own.connections, own.nodes], ["gateway", 1, undefined]);
    for (const client of [...clients, nodes]) client.close();
  });

  test(`${kind}: the busiest rooms of all gateways together`, async () => {
    const [ann, bob] = [randomUUID(), randomUUID()];
    const [busy, quiet] = [await world.postgres.addChat(ann), await world.postgres.addChat(ann, bob)];
    const clients = [...(await connectEverywhere(ann)), await new Client(gateways[1].url, { cookie: await world.backend.login(bob) }).connect()];
    await node.call("emit", { rooms: [quiet], event: ["serverMessage", message(quiet, "one")] });
    for (let i = 0; i < 3; i += 1) await node.call("emit", { rooms: [busy], event: ["serverMessage", message(busy, `${i}`)] });
    await Promise.all([clients[0].receives("2"), clients[1].receives("2"), clients[2].receives("one")]);
    const idle = { leaves: 0, denials: 0 };
    const rooms = await complete("/v1/rooms?scope=cluster&limit=5");
    assert.deepEqual([rooms.status, rooms.scope, rooms.nodes], [200, "cluster", all]);
    assert.deepEqual(rooms.rooms, [
      { ...idle, room: busy, members: 2, messages_in: 3, messages_out: 6, joins: 2 },
      { ...idle, room: quiet, members: 3, messages_in: 1, messages_out: 3, joins: 3 },
    ]);
    // The busiest of one gateway is not asked for on the other by its own list alone.
    assert.deepEqual((await complete("/v1/rooms?scope=cluster&limit=1")).rooms, rooms.rooms.slice(0, 1));
    for (const client of clients) client.close();
  });

  test(`${kind}: a user's sockets on all gateways, and their end`, async () => {
    const user = `user ${randomUUID()}/é"`;
    const clients = await connectEverywhere(user);
    const [other] = await connectEverywhere(randomUUID());
    const path = `/v1/users/${encodeURIComponent(user)}?scope=cluster`;
    const found = await complete(path);
    assert.deepEqual([found.status, found.scope, found.user, found.nodes], [200, "cluster", user, all]);
    assert.deepEqual(found.sockets.map((s) => s.id).sort(), clients.map((client) => client.socket.id).sort());
    for (const s of found.sockets) assert.deepEqual([s.transport, s.connected, s.rooms], ["websocket", true, 0]);
    const done = await ask(gateways[0], path, "DELETE");
    assert.deepEqual(done, { status: 200, scope: "cluster", user, nodes: all, disconnected: 2 });
    await eventually(() => clients.every((client) => client.disconnects.length > 0), "both are disconnected");
    for (const client of clients) assert.deepEqual(client.disconnects, [AWAY]);
    assert.deepEqual((await ask(gateways[1], path)).sockets, []);
    assert.deepEqual(other.disconnects, []);
    other.close();
  });

  test(`${kind}: a Node server sends a user away everywhere`, async () => {
    const user = randomUUID();
    const clients = await connectEverywhere(user);
    await complete("/v1/stats?scope=cluster");
    await node.call("disconnectSockets", { rooms: [`user:${user}`], close: true });
    await eventually(() => clients.every((client) => client.disconnects.length > 0), "both are disconnected");
    for (const client of clients) assert.deepEqual(client.disconnects, [AWAY]);
  });

  test(`${kind}: a gateway that does not answer is missing, and the Node server goes on`, async () => {
    await complete("/v1/stats?scope=cluster");
    gateways[1].process.child.kill("SIGSTOP");
    const stats = await ask(gateways[0], "/v1/stats?scope=cluster");
    gateways[1].process.child.kill("SIGCONT");
    assert.deepEqual([stats.status, stats.nodes], [200, { asked: 3, answered: 2 }]);
    assert.equal((await complete("/v1/stats?scope=cluster")).nodes.answered, 3);
    assert.equal(await node.call("serverCount"), 3);
  });

  test(`${kind}: a scope that is none is named`, async () => {
    for (const path of ["/v1/stats", "/v1/rooms", "/v1/users/x"]) {
      const answer = await ask(gateways[0], `${path}?scope=world`);
      assert.deepEqual(answer, { status: 400, error: "scope is neither gateway nor cluster" });
    }
  });
}

test("without the bus there is no answer for a cluster", async () => {
  const world = await World.start();
  await world.redis.stop();
  for (const [path, method] of [["/v1/stats", "GET"], ["/v1/rooms", "GET"], ["/v1/users/x", "GET"], ["/v1/users/x", "DELETE"]]) {
    await eventually(async () => (await ask(world.gateway, `${path}?scope=cluster`, method)).status === 503, `${method} ${path} says 503`);
    assert.equal((await ask(world.gateway, path, method)).status, 200);
  }
  await world.redis.resume();
  await world.stop();
});
