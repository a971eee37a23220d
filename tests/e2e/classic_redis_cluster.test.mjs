// The classic adapter over a Redis Cluster of three nodes: a gateway, another one and a Node server. Shorter than lib/cluster_cases.mjs,
// which asks for one order of a Node server's messages: its client publishes each at another node.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Emitter } from "@socket.io/redis-emitter";
import { Client } from "./lib/client.mjs";
import { Member, answering, nodeClient } from "./lib/cluster.mjs";
import { RedisCluster } from "./lib/redis_cluster.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const kind = "redis";
const world = await World.start({ bus: { kind } }, { startRedis: () => RedisCluster.start() });
const gateways = [world.gateway, await world.addGateway({ bus: { kind } })];
const node = await Member.startNode("node-1", { kind, redis: world.redis.url });
const member = await Member.startMember("gateway code", { kind, redis: world.redis.url });
after(async () => {
  const alive = node.alive;
  await world.stop();
  await Promise.all([node, member].map((one) => one.stop()));
  assert.ok(alive, "the Node server has died");
});

async function crowd() {
  const users = gateways.map(() => randomUUID());
  const chat = await world.postgres.addChat(...users);
  const clients = { "node-1": nodeClient(node, [chat]) };
  for (const [i, gateway] of gateways.entries()) {
    clients[`gateway-${i + 1}`] = new Client(gateway.url, { cookie: await world.backend.login(users[i]) });
  }
  for (const [name, client] of Object.entries(clients)) await answering(client, name).connect();
  const ids = Object.values(clients).map((client) => client.socket.id).sort();
  return { chat, clients, ids, close: () => Object.values(clients).forEach((client) => client.close()) };
}
const callers = { "a Node server": node, "a gateway": member };

test("everybody counts everybody, over all nodes of the Redis Cluster", async () => {
  for (const caller of Object.values(callers)) {
    await eventually(async () => (await caller.call("serverCount")) === 4, `${caller.name} knows 4 servers`);
  }
});

for (const [who, caller] of Object.entries(callers)) {
  test(`${who} broadcasts, fetches and asks for acks`, async () => {
    const { chat, clients, ids, close } = await crowd();
    for (let i = 0; i < 100; i += 1) await caller.call("emit", { rooms: [chat], event: ["tell", i] });
    const all = Object.values(clients);
    await eventually(() => all.every((client) => client.told.length >= 100), "all messages have arrived");
    for (const client of all) {
      assert.deepEqual([...client.told].sort((x, y) => x - y), Array.from({ length: 100 }, (_, i) => i));
    }
    const sockets = await caller.call("fetchSockets", { rooms: [chat] });
    assert.deepEqual(sockets.map((socket) => socket.id).sort(), ids);
    const acks = await caller.call("emitWithAck", { rooms: [chat], event: ["ask", 1], timeout: 5000 });
    assert.deepEqual(acks.sort(), Object.keys(clients).map((name) => [name, 1]).sort());
    close();
  });
}

test("what one gateway publishes arrives in its order, everywhere", async () => {
  const { chat, clients, close } = await crowd();
  for (let i = 0; i < 2000; i += 1) member.call("emit", { rooms: [chat], event: ["tell", i] });
  const all = Object.values(clients);
  await eventually(() => all.every((client) => client.told.length >= 2000), "all messages have arrived");
  for (const client of all) assert.deepEqual(client.told, Array.from({ length: 2000 }, (_, i) => i));
  close();
});

test("an emitter's messages reach all servers", async () => {
  const { chat, clients, close } = await crowd();
  new Emitter(world.backend.redis).to(chat).emit("tell", "from the emitter");
  for (const [name, client] of Object.entries(clients)) {
    await eventually(() => client.told.includes("from the emitter"), `${name} has it`);
  }
  close();
});

test("with the node that is listened to gone, gateways listen to another one", async () => {
  const { chat, clients, close } = await crowd();
  const home = world.redis.nodes[await world.redis.ownerOf("socket.io")];
  await home.process.stop("SIGKILL");
  const told = (name) => clients[name].told.length > 0;
  let n = 0;
  await eventually(async () => {
    n += 1;
    await member.call("emit", { rooms: [chat], event: ["tell", n] }).catch((error) => {
      assert.match(error.message, /unavailable|reached|timeout/i); // until the loss is noticed
    });
    return told("gateway-1") && told("gateway-2");
  }, "messages arrive again");
  for (const gateway of gateways) await gateway.answers("/readyz", 200);
  await home.resume();
  await world.redis.whole();
  close();
});
