// Connection State Recovery: a stock client whose connection is lost comes back into its session and misses nothing; where that cannot
// be proven it gets a fresh session and is told so.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { after, afterEach, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { backAgain, returning, transportSettings } from "./lib/client.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const CUTS = 50;
const MESSAGES = 5000;

const world = await World.start();
after(() => world.stop());
// The stock client that loses its probing WebSocket while it has already paused polling is deaf until the next ping is overdue.
const impatient = await world.addGateway({ engine: { ping_interval_ms: 1000, ping_timeout_ms: 2000 } });
const proxies = [];
afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.stop();
});

async function proxied(gateway = world.gateway) {
  const proxy = await Proxy.start(gateway);
  proxies.push(proxy);
  return proxy;
}

/** Without a pause, that is. */
const returningAtOnce = (url, options) => returning(url, { reconnectionDelay: 5, reconnectionDelayMax: 20, randomizationFactor: 0, ...options });

/** One that has seen a message, and so has an offset to come back with. */
async function receiving(proxy, chat, cookie) {
  const client = await returningAtOnce(proxy.url, { cookie });
  world.backend.publish(chat, message(chat, "before"));
  await client.receives("before");
  return client;
}

/** Its connection ends, and none is to be had until the proxy is opened. */
async function lose(client, proxy) {
  proxy.close();
  proxy.cut();
  await eventually(() => !client.socket.connected, "the client notices");
}

/** A user in one chat of their own, logged in. */
async function userInChat() {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  return { user, chat, cookie: await world.backend.login(user) };
}

/** Until the gateway has that many sockets of the user in the namespace. */
function socketsAre(user, count) {
  return eventually(async () => {
    const answer = await world.gateway.admin(`/v1/users/${user}`);
    return JSON.parse(answer.body).sockets.filter(({ connected }) => connected).length === count;
  }, `the gateway has ${count} sockets of the user`);
}

async function metric(gateway, name) {
  const text = (await gateway.admin("/metrics")).body;
  const line = text.split("\n").find((l) => l.startsWith(`${name} `));
  assert.ok(line, `there is no metric ${name}`);
  return Number(line.split(" ").at(-1));
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`${CUTS} cuts while ${MESSAGES} messages flow lose, double and disorder nothing, ${name}`, { timeout: 280_000 }, async () => {
    const { chat, cookie } = await userInChat();
    const clients = await Promise.all([1, 2, 3].map(async () => {
      const proxy = await proxied(impatient);
      return Object.assign(await returningAtOnce(proxy.url, { cookie, transports }), { proxy });
    }));
    const sent = [message(chat, "the first")];
    world.backend.publish(chat, sent[0]);
    await Promise.all(clients.map((client) => client.receives("the first")));

    // Between two polls there is no connection to be cut: then again.
    const cut = (client, times) => eventually(() => {
      const isBack = client.returns.length >= times && client.socket.connected;
      if (!isBack && client.socket.connected) client.proxy.cut();
      return isBack;
    }, `return ${times}; so far ${client.returns}`);

    for (let i = 1; i <= MESSAGES; i += 1) {
      sent.push(message(chat, `message ${i}`));
      world.backend.publish(chat, sent[i]);
      if (i % 10 === 0) await setImmediate();
      if (i % (MESSAGES / CUTS) === 0) await Promise.all(clients.map((client) => cut(client, i / (MESSAGES / CUTS))));
    }
    world.backend.publish(chat, message(chat, "the last one"));
    for (const client of clients) {
      await client.receives("the last one", 60_000);
      assert.deepEqual(client.contents.slice(0, -1), sent.map((m) => m.content));
      assert.ok(client.returns.length >= CUTS);
      assert.ok(client.returns.every((recovered) => recovered === true), `recovered: ${client.returns}`);
      assert.equal(new Set(client.ids).size, 1, "its socket id is the same all the time");
    }
  });
}

test("what is sent while the client is away waits for it", async () => {
  const { chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  await lose(client, proxy);
  for (let i = 0; i < 100; i += 1) world.backend.publish(chat, message(chat, `away ${i}`));
  proxy.open();
  await backAgain(client, 1);
  world.backend.publish(chat, message(chat, "after"));
  await client.receives("after");
  assert.deepEqual(client.contents, ["before", ...Array.from({ length: 100 }, (_, i) => `away ${i}`), "after"]);
  assert.deepEqual(client.returns, [true]);
});

test("a connection that the gateway believes alive is taken over", async () => {
  const { chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  for (let round = 1; round <= 3; round += 1) {
    proxy.cutUnnoticed();
    world.backend.publish(chat, message(chat, `into the void ${round}`));
    await backAgain(client, round);
  }
  world.backend.publish(chat, message(chat, "after"));
  await client.receives("after");
  assert.deepEqual(client.contents, ["before", "into the void 1", "into the void 2", "into the void 3", "after"]);
  assert.deepEqual(client.returns, [true, true, true]);
});

test("messages to the socket's own id reach it after a recovery, and wait for it", async () => {
  const { chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  const id = client.socket.id;
  await lose(client, proxy);
  world.backend.publish(id, message(chat, "to the id, away"));
  proxy.open();
  await backAgain(client, 1);
  assert.equal(client.socket.id, id);
  world.backend.publish(id, message(chat, "to the id"));
  await client.receives("to the id");
  assert.deepEqual(client.contents, ["before", "to the id, away", "to the id"]);
});

test("rooms joined and left by event are as they were", async () => {
  const user = randomUUID();
  const [kept, left, joined] = [await world.postgres.addChat(user), await world.postgres.addChat(user), await world.postgres.addChat()];
  const cookie = await world.backend.login(user);
  const proxy = await proxied();
  const client = await returningAtOnce(proxy.url, { cookie });
  await client.leave(left);
  // A participant at the moment of the join: it is in no list that was loaded before.
  await world.postgres.addParticipant(joined, user);
  await client.join(joined);
  world.backend.publish(kept, message(kept, "before"));
  await client.receives("before");
  proxy.cut();
  await backAgain(client, 1);
  for (const chat of [left, joined, kept]) world.backend.publish(chat, message(chat, `to ${chat}`));
  await client.receives(`to ${kept}`);
  assert.deepEqual(client.contents, ["before", `to ${joined}`, `to ${kept}`]);
  assert.deepEqual(client.returns, [true]);
});

test("a room that the user may not see any more does not come back", async () => {
  const user = randomUUID();
  const [kept, lost] = [await world.postgres.addChat(user), await world.postgres.addChat(user)];
  const proxy = await proxied();
  const client = await returningAtOnce(proxy.url, { cookie: await world.backend.login(user) });
  world.backend.publish(kept, message(kept, "before"));
  await client.receives("before");
  await lose(client, proxy);
  await world.postgres.removeParticipant(lost, user);
  world.backend.publish(lost, message(lost, "not for it"));
  world.backend.publish(kept, message(kept, "for it"));
  proxy.open();
  await backAgain(client, 1);
  world.backend.publish(lost, message(lost, "not for it either"));
  world.backend.publish(kept, message(kept, "after"));
  await client.receives("after");
  assert.deepEqual(client.contents, ["before", "for it", "after"]);
  assert.deepEqual(client.returns, [true]);
});

test("a room that a server has put it into comes back, unless it is a chat without right", async () => {
  const { user, chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  const [room, foreign] = [`page of ${user}`, await world.postgres.addChat()];
  world.backend.emitter.in(client.socket.id).socketsJoin([room, foreign]);
  for (const name of [room, foreign]) await world.publishUntilReceived(name, client);
  await lose(client, proxy);
  world.backend.publish(foreign, message(foreign, "not for it"));
  world.backend.publish(room, message(room, "for it"));
  proxy.open();
  await backAgain(client, 1);
  world.backend.publish(foreign, message(foreign, "not for it"));
  world.backend.publish(room, message(room, "live"));
  await client.receives("live");
  assert.deepEqual(client.returns, [true]);
  assert.deepEqual(client.contents.filter((content) => !content.startsWith("try")), ["before", "for it", "live"]);
});

test("a chat that is new to the client makes its session a fresh one, with that chat", async () => {
  const { user, chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  await lose(client, proxy);
  const fresh = await world.postgres.addChat(user);
  proxy.open();
  await backAgain(client, 1);
  world.backend.publish(fresh, message(fresh, "in the new chat"));
  await client.receives("in the new chat");
  assert.deepEqual(client.returns, [false]);
});

test("whoever logged out meanwhile stays out", async () => {
  const { chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  await lose(client, proxy);
  await world.backend.logout(cookie);
  const refused = new Promise((resolve) => client.socket.on("connect_error", (error) => {
    if (/websocket error|xhr/.test(error.message)) resolve();
  }));
  proxy.open();
  await refused;
  assert.deepEqual(client.returns, []);
  client.close();
});

test("after a disconnect() the session is over", async () => {
  const { user, chat, cookie } = await userInChat();
  const client = await returningAtOnce(world.gateway.url, { cookie });
  world.backend.publish(chat, message(chat, "before"));
  await client.receives("before");
  client.socket.disconnect();
  await socketsAre(user, 0);
  client.socket.connect();
  await backAgain(client, 1);
  assert.deepEqual(client.returns, [false]);
});

/** CONNECT by hand; the answer's `{sid, pid}`, and the packets that came ahead of it. */
async function connectByHand(cookie, auth = "") {
  const raw = await RawSocket.open(world.gateway.url, { headers: { Cookie: cookie } });
  await raw.next();
  raw.send(`40${auth}`);
  const ahead = [];
  for (;;) {
    const packet = await raw.next();
    if (String(packet).startsWith("40")) return { raw, ahead, ...JSON.parse(packet.slice(2)) };
    ahead.push(packet);
  }
}

/** A session with one event received: what a client would come back with. */
async function sessionByHand({ chat, cookie }) {
  const session = await connectByHand(cookie);
  world.backend.publish(chat, { content: "one" });
  const [, , offset] = JSON.parse((await session.raw.next()).slice(2));
  assert.equal(typeof offset, "string");
  return { ...session, offset };
}

test("missed messages come ahead of the answer to CONNECT, with their offsets", async () => {
  const home = await userInChat();
  const [first, watcher] = [await sessionByHand(home), await connectByHand(home.cookie)];
  first.raw.close();
  await socketsAre(home.user, 1);
  assert.equal(await world.redis.subscribers(home.chat), 1);
  world.backend.publish(home.chat, { content: "two" });
  world.backend.publish(home.chat, { content: "three" });
  await watcher.raw.receives("three");
  const back = await connectByHand(home.cookie, JSON.stringify({ pid: first.pid, offset: first.offset }));
  assert.deepEqual([back.sid, back.pid], [first.sid, first.pid]);
  const events = back.ahead.map((packet) => JSON.parse(packet.slice(2)));
  assert.deepEqual(events.map(([, m]) => m.content), ["two", "three"]);
  assert.equal(new Set([first.offset, ...events.map(([, , offset]) => offset)]).size, 3);
  back.raw.close();
  watcher.raw.close();
});

const refusedClaims = {
  "an unknown pid": (s) => ({ pid: "A".repeat(20), offset: s.offset }),
  "a pid that is no id": (s) => ({ pid: "nonsense", offset: s.offset }),
  "an unknown offset": (s) => ({ pid: s.pid, offset: "nonsense" }),
  "an offset that is not reached yet": (s) => ({ pid: s.pid, offset: `${s.offset}000` }),
  "an offset of another process": (s) => ({ pid: s.pid, offset: `aaaaaa.${s.offset.split(".")[1]}` }),
  "no offset": (s) => ({ pid: s.pid }),
  "an offset that is no string": (s) => ({ pid: s.pid, offset: 1 }),
};
for (const [name, claim] of Object.entries(refusedClaims)) {
  test(`${name} gets a fresh session, not an error`, async () => {
    const home = await userInChat();
    const first = await sessionByHand(home);
    first.raw.close();
    const back = await connectByHand(home.cookie, JSON.stringify(claim(first)));
    assert.notEqual(back.pid, first.pid);
    assert.notEqual(back.sid, first.sid);
    assert.deepEqual(back.ahead, []);
    world.backend.publish(home.chat, { content: "served" });
    assert.match(await back.raw.next(), /served/);
    back.raw.close();
  });
}

test("another user's pid is no pid", async () => {
  const [mine, theirs] = [await userInChat(), await userInChat()];
  const session = await sessionByHand(theirs);
  const thief = await connectByHand(mine.cookie, JSON.stringify({ pid: session.pid, offset: session.offset }));
  assert.notEqual(thief.pid, session.pid);
  // Nor does the attempt harm its owner.
  world.backend.publish(theirs.chat, { content: "two" });
  assert.match(await session.raw.next(), /two/);
  session.raw.close();
  const back = await connectByHand(theirs.cookie, JSON.stringify({ pid: session.pid, offset: session.offset }));
  assert.equal(back.pid, session.pid);
  thief.raw.close();
  back.raw.close();
});

test("a session comes back once", async () => {
  const home = await userInChat();
  const first = await sessionByHand(home);
  first.raw.close();
  const auth = JSON.stringify({ pid: first.pid, offset: first.offset });
  const backs = await Promise.all([connectByHand(home.cookie, auth), connectByHand(home.cookie, auth)]);
  // The second may take the session over from the first, as a client's next attempt would; never do both have it.
  const owners = () => backs.filter((back) => back.pid === first.pid && back.raw.socket.readyState === 1);
  await eventually(() => owners().length === 1, "one of them has the session");
  world.backend.publish(first.sid, { content: "to the owner" });
  await owners()[0].raw.receives("to the owner");
  for (const back of backs) back.raw.close();
});

test("an offset from before the session replays nothing from before it", async () => {
  const home = await userInChat();
  const first = await sessionByHand(home);
  world.backend.publish(home.chat, { content: "seen by nobody" });
  await first.raw.receives("seen by nobody"); // by nobody who says so
  first.raw.send("41");
  await socketsAre(home.user, 0);
  first.raw.close();
  // A fresh session, whose client still has the old offset.
  const second = await connectByHand(home.cookie, JSON.stringify({ pid: first.pid, offset: first.offset }));
  assert.notEqual(second.pid, first.pid);
  second.raw.close();
  world.backend.publish(home.chat, { content: "missed" });
  const third = await connectByHand(home.cookie, JSON.stringify({ pid: second.pid, offset: first.offset }));
  assert.equal(third.pid, second.pid);
  world.backend.publish(home.chat, { content: "the end" });
  const events = [...third.ahead];
  while (!events.at(-1)?.includes("the end")) events.push(await third.raw.next());
  assert.deepEqual(events.map((packet) => JSON.parse(packet.slice(2))[1].content), ["missed", "the end"]);
  third.raw.close();
});

test("attachments come back with their event", async () => {
  const home = await userInChat();
  const [first, watcher] = [await sessionByHand(home), await connectByHand(home.cookie)];
  first.raw.close();
  await socketsAre(home.user, 1);
  world.backend.emitter.to(home.chat).emit("bin", Buffer.from([1, 2, 3]));
  await watcher.raw.receives("bin");
  const back = await connectByHand(home.cookie, JSON.stringify({ pid: first.pid, offset: first.offset }));
  assert.match(back.ahead[0], /^451-\["bin",\{"_placeholder":true,"num":0\},"[^"]+"\]$/);
  assert.deepEqual(back.ahead[1], Buffer.from([1, 2, 3]));
  back.raw.close();
  watcher.raw.close();
});

test("volatile events carry no offset", async () => {
  const { chat, cookie } = await userInChat();
  const session = await connectByHand(cookie);
  world.backend.emitter.to(chat).volatile.emit("typing", 1);
  assert.equal(await session.raw.next(), '42["typing",1]');
  session.raw.close();
});

/** A client at a gateway of these settings that has seen a message; `away(work)`: its connection is lost, and had again once that is done. */
async function leaving(socket) {
  const gateway = await world.addGateway({ socket });
  const { chat, cookie } = await userInChat();
  const proxy = await proxied(gateway);
  const client = await receiving(proxy, chat, cookie);
  const away = async (work) => {
    await lose(client, proxy);
    await work();
    proxy.open();
    await backAgain(client, client.returns.length + 1);
    world.backend.publish(chat, message(chat, `return ${client.returns.length}`));
    await client.receives(`return ${client.returns.length}`);
  };
  return { gateway, chat, client, away };
}

test("a window that has passed is told honestly", async () => {
  const { gateway, client, away } = await leaving({ recovery_ms: 500 });
  await away(() => eventually(async () => (await metric(gateway, "chat_gateway_sockets")) + (await metric(gateway, "chat_gateway_recovery_sessions")) === 0,
    "the window has passed"));
  assert.deepEqual(client.returns, [false]);
  assert.equal(await metric(gateway, 'chat_gateway_recoveries_total{result="recovered"}'), 0);
  assert.equal(await metric(gateway, 'chat_gateway_recoveries_total{result="unknown_session"}'), 1);
});

test("messages that were too many are told honestly", async () => {
  const { gateway, chat, client, away } = await leaving({ recovery_room_bytes: 4096 });
  await away(() => {});
  assert.deepEqual(client.returns, [true]);
  await away(async () => {
    for (let i = 0; i < 30; i += 1) world.backend.publish(chat, message(chat, "x".repeat(500)));
    await eventually(async () => (await metric(gateway, 'chat_gateway_recovery_evicted_total{limit="room"}')) > 0, "the room's buffer has overflown");
  });
  assert.deepEqual(client.returns, [true, false]);
  assert.equal(await metric(gateway, 'chat_gateway_recoveries_total{result="recovered"}'), 1);
  assert.equal(await metric(gateway, 'chat_gateway_recoveries_total{result="incomplete"}'), 1);
});

test("without a window there are neither pids nor offsets", async () => {
  const gateway = await world.addGateway({ socket: { recovery_ms: 0 } });
  const { chat, cookie } = await userInChat();
  const raw = await RawSocket.open(gateway.url, { headers: { Cookie: cookie } });
  await raw.next();
  raw.send("40");
  assert.deepEqual(Object.keys(JSON.parse((await raw.next()).slice(2))), ["sid"]);
  world.backend.publish(chat, { content: "plain" });
  assert.equal(await raw.next(), '42["serverMessage",{"content":"plain"}]');
  raw.close();
});

test("when the bus was away nobody is recovered from before", { timeout: 120_000 }, async () => {
  const { chat, cookie } = await userInChat();
  const proxy = await proxied();
  const client = await receiving(proxy, chat, cookie);
  const gaps = await metric(world.gateway, "chat_gateway_recovery_gaps_total");
  await world.redis.admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
  await eventually(async () => (await metric(world.gateway, "chat_gateway_recovery_gaps_total")) >= gaps + 2, "the bus was lost and is back");
  proxy.cut();
  await backAgain(client, 1);
  assert.deepEqual(client.returns, [false]);
  world.backend.publish(chat, message(chat, "after"));
  await client.receives("after");
  proxy.cut();
  await backAgain(client, 2);
  assert.deepEqual(client.returns, [false, true]);
});
