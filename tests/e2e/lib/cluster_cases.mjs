// The cases of a cluster of two gateways and two Node servers: the same for every adapter. Every call that a member can make is made by a
// Node server and by the gateway's code, and answered by all.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client } from "./client.mjs";
import { Member, answering, nodeClient } from "./cluster.mjs";
import { eventually } from "./wait.mjs";
import { World } from "./world.mjs";

/**
 * @param {object} adapter `kind`: of the bus; `redis(world)`: the URL for all members; `prefix`; `emitter(world)`: a stand-alone emitter,
 * if the adapter has one; `settings`: of the gateways; `startRedis`: another Redis than a single server
 */
export async function clusterCases({ kind, redis = (world) => world.redis.url, prefix = "socket.io", emitter, settings = {}, startRedis }) {
  const world = await World.start({ bus: { kind, prefix }, ...settings }, { startRedis });
  const url = redis(world);
  const gateways = [world.gateway, await world.addGateway({ bus: { kind, prefix }, ...settings })];
  const nodes = [];
  for (const name of ["node-1", "node-2"]) nodes.push(await Member.startNode(name, { kind, redis: url, prefix }));
  const member = await Member.startMember("gateway code", { kind, redis: url, prefix });
  after(async () => {
    const dead = nodes.filter((node) => !node.alive).map((node) => node.name);
    await world.stop();
    await Promise.all([...nodes, member].map((one) => one.stop()));
    assert.deepEqual(dead, [], "Node servers that have died");
  });
  const callers = { "a Node server": nodes[0], "a gateway": member };

  /** A client on each server, all in the room `chat`, and in a room of its own by the name of its server. */
  async function crowd() {
    const users = gateways.map(() => randomUUID());
    const chat = await world.postgres.addChat(...users);
    const clients = {};
    for (const [i, gateway] of gateways.entries()) {
      clients[`gateway-${i + 1}`] = new Client(gateway.url, { cookie: await world.backend.login(users[i]) });
    }
    for (const node of nodes) clients[node.name] = nodeClient(node, [chat]);
    for (const [name, client] of Object.entries(clients)) {
      answering(client, name);
      await client.connect();
    }
    return { chat, clients, ids: Object.values(clients).map((client) => client.socket.id).sort() };
  }
  /** Until a message to `rooms` from `from` has reached exactly these of the clients; asked again, since joins and leaves take their time. */
  async function reaches(from, rooms, clients, expected) {
    let n = 0;
    await eventually(async () => {
      n += 1;
      const token = `${rooms}-${n}-${randomUUID()}`;
      await from.call("emit", { rooms, event: ["tell", token] });
      // Whatever is on its way to the others arrives before this, which is for all.
      await from.call("emit", { rooms: Object.values(clients).map((client) => client.socket.id), event: ["tell", `end ${token}`] });
      const all = Object.values(clients);
      await eventually(() => all.every((client) => client.told.includes(`end ${token}`)), "the last message has arrived everywhere");
      const reached = Object.keys(clients).filter((name) => clients[name].told.includes(token));
      return JSON.stringify(reached) === JSON.stringify(expected);
    }, `a message to ${rooms} reaches exactly ${expected}`);
  }
  const close = (clients) => Object.values(clients).forEach((client) => client.close());

  test("everybody counts everybody", async () => {
    for (const caller of Object.values(callers)) {
      await eventually(async () => (await caller.call("serverCount")) === 5, `${caller.name} knows 5 servers`);
    }
  });

  for (const [who, caller] of Object.entries(callers)) {
    test(`broadcasts from ${who} reach each member once, and nobody else`, async () => {
      const { chat, clients } = await crowd();
      const stranger = answering(nodeClient(nodes[1], []), "stranger");
      await stranger.connect();
      const names = Object.keys(clients);
      await reaches(caller, [chat], clients, names);
      const some = clients["gateway-2"].socket.id;
      for (let i = 0; i < 50; i += 1) await caller.call("emit", { rooms: [chat], event: ["tell", i] });
      await caller.call("emit", { rooms: [chat], except: [some], event: ["tell", "but one"] });
      await caller.call("emit", { rooms: [chat, some], event: ["tell", "both rooms"] });
      await caller.call("emit", { event: ["tell", "all"] });
      const everybody = [...Object.values(clients), stranger];
      await eventually(() => everybody.every((client) => client.told.includes("all")), "the broadcast to all has arrived");
      const numbers = Array.from({ length: 50 }, (_, i) => i);
      for (const name of names) {
        const told = clients[name].told;
        assert.deepEqual(told.filter((value) => typeof value === "number"), numbers, name);
        assert.equal(told.includes("but one"), name !== "gateway-2", name);
        assert.equal(told.filter((value) => value === "both rooms").length, 1, name);
      }
      assert.deepEqual(stranger.told, ["all"]);
      close({ ...clients, stranger });
    });

    test(`fetchSockets and allRooms of ${who} see all`, async () => {
      const { chat, clients, ids } = await crowd();
      const sockets = await caller.call("fetchSockets", { rooms: [chat] });
      assert.deepEqual(sockets.map((socket) => socket.id).sort(), ids);
      for (const socket of sockets) {
        assert.ok(socket.rooms.includes(chat) && socket.rooms.includes(socket.id), `rooms: ${socket.rooms}`);
        if (!socket.data.user_id) continue; // one of a Node server's
        assert.equal(typeof socket.handshake.issued, "number");
        assert.doesNotMatch(JSON.stringify(socket), /connect\.sid|cookie/i);
      }
      const but = clients["gateway-1"].socket.id;
      const others = await caller.call("fetchSockets", { rooms: [chat], except: [but] });
      assert.deepEqual(others.map((socket) => socket.id).sort(), ids.filter((id) => id !== but));
      if (kind === "redis") {
        const rooms = await caller.call("allRooms");
        for (const room of [chat, ...ids]) assert.ok(rooms.includes(room), `allRooms lacks ${room}`);
      }
      close(clients);
    });

    test(`${who} has sockets join and leave`, async () => {
      const { chat, clients } = await crowd();
      const room = randomUUID();
      const names = Object.keys(clients);
      await caller.call("socketsJoin", { rooms: [chat], except: [clients["node-2"].socket.id], names: [room] });
      await reaches(caller, [room], clients, names.filter((name) => name !== "node-2"));
      await caller.call("socketsLeave", { rooms: [clients["gateway-1"].socket.id, clients["node-1"].socket.id], names: [room] });
      await reaches(caller, [room], clients, ["gateway-2"]);
      close(clients);
    });

    test(`${who} asks for acks`, async () => {
      const { chat, clients } = await crowd();
      await reaches(caller, [chat], clients, Object.keys(clients)); // a Node server joins a sharded room when its client is connected already
      const acks = await caller.call("emitWithAck", { rooms: [chat], event: ["ask", { n: [1, "é"] }], timeout: 5000 });
      const expected = Object.keys(clients).map((name) => [name, { n: [1, "é"] }]);
      assert.deepEqual(acks.sort(), expected.sort());
      assert.deepEqual(await caller.call("emitWithAck", { rooms: [randomUUID()], event: ["ask", 1], timeout: 5000 }), []);
      await assert.rejects(caller.call("emitWithAck", { rooms: [chat], event: ["deaf"], timeout: 500 }), /timed? ?out|acks/i);
      close(clients);
    });

    test(`${who} speaks to the other servers`, async () => {
      await caller.call("serverSideEmit", { event: ["hello", { from: who }] });
      for (const node of nodes.filter((one) => one !== caller)) {
        await eventually(async () => (await node.call("heard")).some(([value]) => value?.from === who), `${node.name} hears it`);
      }
      const answers = await caller.call("serverSideEmit", { event: ["hello", 1], ack: true });
      const named = nodes.filter((one) => one !== caller).map((node) => node.name);
      // Gateways have no listeners: they answer so that nobody waits for them.
      assert.deepEqual(answers.filter((answer) => answer !== null).sort(), named);
      assert.equal(answers.length, 4);
    });

    test(`${who} disconnects sockets`, async () => {
      const { chat, clients } = await crowd();
      const stays = clients["gateway-2"].socket.id;
      await caller.call("disconnectSockets", { rooms: [chat], except: [stays], close: true });
      for (const [name, client] of Object.entries(clients)) {
        if (name === "gateway-2") continue;
        await eventually(() => client.disconnects.length > 0, `${name} is disconnected`);
        assert.deepEqual(client.disconnects, ["io server disconnect"], name);
      }
      const left = await caller.call("fetchSockets", { rooms: [chat] });
      assert.deepEqual(left.map((socket) => socket.id), [stays]);
      close(clients);
    });
  }

  test("20,000 messages to 200 rooms reach each member once, in one order", { timeout: 120_000 }, async () => {
    const users = gateways.map(() => randomUUID());
    const rooms = [];
    for (let i = 0; i < 200; i += 1) rooms.push(await world.postgres.addChat(...users));
    const clients = [nodeClient(nodes[0], rooms), nodeClient(nodes[1], rooms)];
    for (const [i, gateway] of gateways.entries()) {
      clients.push(new Client(gateway.url, { cookie: await world.backend.login(users[i]) }));
    }
    for (const client of clients) await answering(client, "member").connect();
    // A Node server subscribes to sharded rooms when its client is connected already.
    await eventually(async () => {
      for (const room of rooms) await nodes[0].call("emit", { rooms: [room], event: ["tell", room] });
      return clients.every((client) => rooms.every((room) => client.told.includes(room)));
    }, "all are in all rooms");
    const numbers = (client) => client.told.filter((value) => typeof value === "number");
    const last = (room) => 20_000 - 200 + room;
    // No more at once than half of what a stream keeps: a server that is slower than the sender would find the rest trimmed.
    for (let from = 0; from < 20_000; from += 5000) {
      await nodes[0].call("emitMany", { rooms, from, to: from + 5000 });
      await eventually(() => clients.every((client) => numbers(client).length >= from + 5000), "all messages have arrived", 90_000);
    }
    for (const client of clients) {
      const next = rooms.map((_, room) => room);
      for (const n of numbers(client)) {
        assert.equal(n, next[n % 200], "the next message of its room");
        next[n % 200] += 200;
      }
      assert.deepEqual(next, rooms.map((_, room) => last(room) + 200));
      client.close();
    }
  });

  if (emitter) {
    test("an emitter's calls reach all servers", async () => {
      const { chat, clients } = await crowd();
      const out = await emitter(world, prefix);
      const from = { call: async (_, { rooms, event }) => out.to(rooms).emit(...event) };
      const room = randomUUID();
      await reaches(from, [chat], clients, Object.keys(clients));
      out.in(chat).socketsJoin(room);
      await reaches(from, [room], clients, Object.keys(clients));
      out.in(clients["gateway-1"].socket.id).socketsLeave(room);
      await reaches(from, [room], clients, Object.keys(clients).filter((name) => name !== "gateway-1"));
      out.serverSideEmit("hello", { from: "emitter" });
      for (const node of nodes) {
        await eventually(async () => (await node.call("heard")).some(([value]) => value?.from === "emitter"), `${node.name} hears it`);
      }
      out.in(chat).disconnectSockets(true);
      for (const [name, client] of Object.entries(clients)) {
        await eventually(() => client.disconnects.length > 0, `${name} is disconnected`);
      }
      close(clients);
    });
  }

  return { world, gateways, nodes, member };
}
