// Gateways on a Redis Cluster whose slots move and whose nodes die.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client } from "./lib/client.mjs";
import { Member, answering } from "./lib/cluster.mjs";
import { RedisCluster } from "./lib/redis_cluster.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const kind = "redis-sharded";
const world = await World.start({ bus: { kind } }, { startRedis: () => RedisCluster.start() });
const gateways = [world.gateway, await world.addGateway({ bus: { kind } })];
const member = await Member.startMember("gateway code", { kind, redis: world.redis.url });
after(async () => {
  await world.stop();
  await member.stop();
});

const sessionKey = (cookie) => `sess:${decodeURIComponent(cookie.split("=")[1]).slice(2).split(".")[0]}`;

test("rooms whose channels move to another node go on, sessions too", async () => {
  const users = gateways.map(() => randomUUID());
  const chats = [];
  for (let i = 0; i < 6; i += 1) chats.push(await world.postgres.addChat(...users));
  const cookies = await Promise.all(users.map((user) => world.backend.login(user)));
  const clients = gateways.map((gateway, i) => answering(new Client(gateway.url, { cookie: cookies[i] }), `gateway-${i + 1}`));
  for (const client of clients) await client.connect();
  for (const chat of chats) {
    const channel = `socket.io#/#${chat}#`;
    await world.redis.move(channel, ((await world.redis.ownerOf(channel)) + 1) % 3);
  }
  for (const [i, cookie] of cookies.entries()) {
    const key = sessionKey(cookie);
    await world.redis.move(key, ((await world.redis.ownerOf(key)) + 1) % 3);
    await answering(new Client(gateways[i].url, { cookie }), "again").connect();
  }
  for (const chat of chats) {
    let n = 0;
    await eventually(async () => {
      n += 1;
      await member.call("emit", { rooms: [chat], event: ["tell", `${chat} ${n}`] });
      return clients.every((client) => client.told.some((value) => value.startsWith(chat)));
    }, "a message reaches both gateways again");
  }
  for (const client of clients) {
    assert.equal(new Set(client.told).size, client.told.length, "nothing comes twice");
    assert.equal(client.disconnects.length, 0);
  }
});

test("a node that is killed and comes back is listened to again", async () => {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const cookie = await world.backend.login(user);
  const at = await world.redis.ownerOf(`socket.io#/#${chat}#`);
  // Elsewhere: a node that is killed takes its sessions along, and with them their sockets.
  const key = sessionKey(cookie);
  if ((await world.redis.ownerOf(key)) === at) await world.redis.move(key, (at + 1) % 3);
  const client = answering(new Client(gateways[0].url, { cookie }), "gateway-1");
  await client.connect();
  const owner = world.redis.nodes[at];
  await owner.process.stop("SIGKILL");
  await gateways[0].answers("/readyz", 503);
  await owner.resume();
  await world.redis.whole();
  await gateways[0].answers("/readyz", 200);
  let n = 0;
  await eventually(async () => {
    n += 1;
    await member.call("emit", { rooms: [chat], event: ["tell", n] }).catch((error) => {
      assert.match(error.message, /unavailable|reached|timeout/i); // it may not know yet that the node is back
    });
    return client.told.length > 0;
  }, "a message arrives");
  assert.deepEqual(client.disconnects, []);
});
