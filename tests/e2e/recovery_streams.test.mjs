// Connection State Recovery over a cluster on the streams adapter: a client comes back into its session at any gateway, whatever became of
// the one that it was at, and misses nothing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { after, afterEach, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { message } from "./lib/backend.mjs";
import { Client, backAgain, returning, transportSettings } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const STREAM = "socket.io";
const STREAM_LENGTH = 1000;
const settings = {
  bus: { kind: "redis-streams", prefix: STREAM, stream_length: STREAM_LENGTH },
  // A client whose probing WebSocket is lost when it has paused polling is deaf until the next ping is overdue.
  engine: { ping_interval_ms: 2000, ping_timeout_ms: 3000 },
};
const world = await World.start(settings, { redis: { durable: true } });
const gateways = [world.gateway, await world.addGateway(settings)];

// The application's own Socket.IO server, by whose adapter it sends.
const redis = createClient({ url: world.redis.url });
redis.on("error", () => {}); // it reconnects by itself
await redis.connect();
const io = new Server({
  adapter: createAdapter(redis, { streamName: STREAM, maxLen: STREAM_LENGTH }),
  connectionStateRecovery: { maxDisconnectionDuration: 60_000 },
});
const publish = (chat, m) => io.to(chat).emit("serverMessage", m);

const proxies = [];
afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.stop();
});
after(async () => {
  await io.of("/").adapter.close();
  redis.destroy();
  await world.stop();
});

/** A user in one chat of their own, logged in. */
async function userInChat() {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  return { user, chat, cookie: await world.backend.login(user) };
}

/** One that has seen a message, and so has an offset to come back with. */
async function receiving(url, { chat, cookie, ...options }) {
  const client = await returning(url, { cookie, ...options });
  const first = `first for ${client.socket.id}`;
  publish(chat, message(chat, first));
  await client.receives(first);
  return client;
}

/** A client at the first gateway, whom `move` sends to the second, as a balancer would. */
async function movable(options) {
  const proxy = await Proxy.start(gateways[0]);
  proxies.push(proxy);
  const client = await receiving(proxy.url, options);
  return { client, move: (to = gateways[1]) => proxy.retarget(to), proxy };
}

/** The rooms of the session as it lies in Redis. */
async function keptRooms(client) {
  return decode(Buffer.from(await world.redis.admin.get(`sio:session:${client.socket._pid}`), "base64")).rooms;
}

/** Messages of another chat, which push older ones out of the stream; no faster than the gateways read, who would miss some otherwise. */
async function flood(count) {
  const other = await userInChat();
  const watchers = await Promise.all(gateways.map((gateway) => receiving(gateway.url, other)));
  for (let i = 1; i <= count; i += 1) {
    publish(other.chat, message(other.chat, `other ${i}`));
    if (i % 200 === 0) await Promise.all(watchers.map((watcher) => watcher.receives(`other ${i}`)));
  }
  watchers.forEach((watcher) => watcher.close());
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`one gateway of two is killed while messages flow: nothing is lost, nothing comes twice, ${name}`, { timeout: 120_000 }, async () => {
    const front = await world.addNginx(gateways); // the last one still avoids the gateway that was killed
    const users = await Promise.all(Array.from({ length: 20 }, userInChat));
    const clients = await Promise.all(users.map((user) => receiving(front.url, { ...user, transports })));
    if (name === "upgrade") await Promise.all(clients.map((client) => client.upgraded()));
    const sockets = await Promise.all(gateways.map((gateway) => gateway.metric("chat_gateway_sockets")));
    assert.ok(sockets.every((n) => n > 0), `both gateways have clients: ${sockets}`);
    const sent = new Map(users.map(({ chat }, i) => [chat, [clients[i].contents[0]]]));

    // All in all less than the stream keeps: whoever is slow to come back has missed it, and not been passed over.
    const most = STREAM_LENGTH / users.length - 10;
    let flowing = true;
    const flow = (async () => {
      for (let i = 0; flowing && i < most; i += 1) {
        for (const { chat } of users) {
          publish(chat, message(chat, `message ${i}`));
          sent.get(chat).push(`message ${i}`);
        }
        await sleep(50);
      }
    })();
    await sleep(500);
    await gateways[0].kill();
    await eventually(() => clients.every((client) => client.socket.connected) && clients.filter((c) => c.returns.length > 0).length >= sockets[0],
      "those of the killed gateway are back", 30_000);
    await sleep(500);
    flowing = false;
    await flow;
    await gateways[0].resume();
    for (const { chat } of users) {
      publish(chat, message(chat, "the last one"));
      sent.get(chat).push("the last one");
    }
    for (const [i, client] of clients.entries()) {
      await client.receives("the last one");
      assert.deepEqual(client.contents, sent.get(users[i].chat));
      assert.ok(client.returns.every((recovered) => recovered === true), `recovered: ${client.returns}`);
      assert.equal(new Set(client.ids).size, 1, "its socket id is the same all the time");
      client.close();
    }
  });
}

test("both gateways are killed and start again: sessions are there", async () => {
  const user = await userInChat();
  const { client } = await movable(user);
  await Promise.all(gateways.map((gateway) => gateway.kill()));
  publish(user.chat, message(user.chat, "nobody is there"));
  await Promise.all(gateways.map((gateway) => gateway.resume()));
  await backAgain(client);
  await client.receives("nobody is there");
  assert.deepEqual([client.returns, client.messages.length], [[true], 2]);
});

test("a gateway that is stopped in order hands its sessions over", async () => {
  const user = await userInChat();
  const { client, move } = await movable(user);
  await Promise.all([gateways[0].stop(), move()]);
  publish(user.chat, message(user.chat, "on the way"));
  await backAgain(client);
  await client.receives("on the way");
  assert.deepEqual([client.returns, client.messages.length], [[true], 2]);
  await gateways[0].resume();
});

test("the other gateway still believes in the connection: it is parted from it, and the client has one socket", async () => {
  const user = await userInChat();
  const { client, move, proxy } = await movable(user);
  move();
  proxy.cutUnnoticed();
  await backAgain(client);
  assert.deepEqual(client.returns, [true]);
  await eventually(async () => {
    const found = await Promise.all(gateways.map(async (gateway) => JSON.parse((await gateway.admin(`/v1/users/${user.user}`)).body)));
    return found[0].sockets.length === 0 && found[1].sockets.length === 1;
  }, "the old connection is gone, the new one is not");
  publish(user.chat, message(user.chat, "after"));
  await client.receives("after");
  assert.equal(client.messages.length, 2);
});

test("a silent chat's client is recovered though the stream has forgotten what it saw last", async () => {
  const user = await userInChat();
  const { client, move, proxy } = await movable(user);
  await flood(3000);
  await sleep(3000); // the loops are told where the bus is every second; nothing shows it outside
  proxy.close();
  proxy.cut();
  publish(user.chat, message(user.chat, "away"));
  move();
  proxy.open();
  await backAgain(client);
  await client.receives("away");
  assert.deepEqual([client.returns, client.messages.length], [[true], 2]);
});

test("what the stream has forgotten is not passed over: fresh session", async () => {
  const user = await userInChat();
  const { client, proxy } = await movable(user);
  proxy.close();
  proxy.cut();
  await eventually(() => !client.socket.connected, "the client notices");
  publish(user.chat, message(user.chat, "forgotten"));
  await flood(3000);
  const entries = await world.redis.admin.sendCommand(["XRANGE", STREAM, "-", "+"]);
  assert.ok(!entries.some(([, fields]) => String(fields).includes("forgotten")), "it is trimmed");
  proxy.open();
  await backAgain(client);
  assert.deepEqual(client.returns, [false]);
});

test("rooms joined and left by the client are those of the session, whichever gateway it comes back to", async () => {
  const user = await userInChat();
  const { client, move } = await movable(user);
  const [joined, left] = [await world.postgres.addChat(user.user), await world.postgres.addChat(user.user)];
  await client.join(left);
  await client.leave(left);
  await client.join(joined); // the last one: with it, all of it is kept
  await eventually(async () => (await keptRooms(client)).includes(joined), "the session is kept as it is now");
  assert.ok(!(await keptRooms(client)).includes(left));
  await gateways[0].kill();
  move();
  publish(joined, message(joined, "in the joined one"));
  publish(left, message(left, "in the left one"));
  await backAgain(client);
  publish(user.chat, message(user.chat, "last"));
  await client.receives("last");
  assert.deepEqual(client.contents.slice(1), ["in the joined one", "last"]);
  assert.deepEqual(client.returns, [true]);
  await gateways[0].resume();
});

test("a room that a server has put it into comes back at another gateway, unless it is a chat without right", async () => {
  const user = await userInChat();
  const { client, move } = await movable(user);
  const [room, foreign] = [`page of ${user.user}`, await world.postgres.addChat()];
  io.in(client.socket.id).socketsJoin([room, foreign]);
  await eventually(async () => (await keptRooms(client)).includes(room), "the session is kept with it");
  assert.ok((await keptRooms(client)).includes(foreign));
  await gateways[0].kill();
  move();
  publish(room, message(room, "in the room"));
  publish(foreign, message(foreign, "in the chat"));
  await backAgain(client);
  publish(user.chat, message(user.chat, "last"));
  await client.receives("last");
  assert.deepEqual(client.contents.slice(1), ["in the room", "last"]);
  assert.deepEqual(client.returns, [true]);
  await gateways[0].resume();
});

test("whoever was disconnected by the operator while away gets a fresh session", async () => {
  const user = await userInChat();
  const { client, proxy } = await movable(user);
  proxy.close();
  proxy.cut();
  await eventually(() => !client.socket.connected, "the client notices");
  const answer = await request(`${gateways[1].adminUrl}/v1/users/${user.user}`, { method: "DELETE" });
  assert.equal(answer.status, 200);
  proxy.open();
  await backAgain(client);
  assert.deepEqual(client.returns, [false]);
});

test("a session is its user's alone, and serves once", async () => {
  const user = await userInChat();
  const { client, proxy } = await movable(user);
  const claim = { pid: client.socket._pid, offset: client.socket._lastOffset };
  assert.match(claim.offset, /^\d+-\d+$/, "the id of the entry in the stream");
  proxy.close();
  proxy.cut();
  await eventually(() => !client.socket.connected, "the client notices");
  client.close();
  const others = await userInChat();
  const claiming = async (cookie) => {
    const one = await new Client(gateways[1].url, { cookie, auth: claim }).connect();
    const taken = one.socket._pid === claim.pid;
    one.close();
    return taken;
  };
  assert.equal(await claiming(others.cookie), false);
  assert.equal(await claiming(user.cookie), true);
  await eventually(async () => (await world.redis.admin.exists(`sio:session:${claim.pid}`)) === 0, "its end has been noticed");
  assert.equal(await claiming(user.cookie), false, "that client left in order");
});

test("a Node server on the same adapter could take the session as well", async () => {
  const user = await userInChat();
  const { client, proxy } = await movable(user);
  const { _pid: pid, _lastOffset: offset, id } = client.socket;
  proxy.close();
  proxy.cut();
  publish(user.chat, message(user.chat, "missed"));
  await eventually(() => !client.socket.connected, "the client notices");
  client.close();
  const restored = await io.of("/").adapter.restoreSession(pid, offset);
  assert.equal(restored.sid, id);
  assert.deepEqual(new Set(restored.rooms), new Set([id, user.chat]));
  assert.equal(restored.data.user, user.user);
  assert.deepEqual(restored.missedPackets.map((data) => data[1].content), ["missed"]);
});

test("Redis is killed and starts again: what it kept arrives, once, and sessions are recovered", { timeout: 60_000 }, async () => {
  const user = await userInChat();
  const { client, move, proxy } = await movable(user);
  const steady = await receiving(gateways[1].url, user);
  await world.redis.kill();
  await sleep(500);
  await world.redis.resume();
  await eventually(() => redis.isReady, "the application is connected again");
  await Promise.all(gateways.map((gateway) => gateway.answers("/readyz")));
  publish(user.chat, message(user.chat, "after the restart"));
  await client.receives("after the restart");
  await steady.receives("after the restart");
  proxy.cut();
  publish(user.chat, message(user.chat, "away"));
  move();
  await backAgain(client);
  await client.receives("away");
  await steady.receives("away");
  assert.deepEqual(client.contents.slice(-2), ["after the restart", "away"]);
  assert.deepEqual(steady.contents.slice(-2), ["after the restart", "away"]);
  assert.deepEqual(client.returns, [true]);
  assert.deepEqual(steady.returns, []);
});
