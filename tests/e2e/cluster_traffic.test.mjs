// What a gateway has no members for does not reach it: its part of the traffic is its rooms', however many the others have.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { postJson } from "./lib/http.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const ROOMS = 10_000;
const MESSAGES = 5_000;
const CONTENT = "x".repeat(200);

/** How many subscribers each of the rooms has at Redis. */
async function subscribers(redis, command, rooms) {
  const answer = await redis.admin.sendCommand(["PUBSUB", command, ...rooms.map((room) => `socket.io#/#${room}#`)]);
  return rooms.map((_, i) => Number(answer[2 * i + 1]));
}

for (const [kind, count] of [["redis", "NUMSUB"], ["redis-sharded", "SHARDNUMSUB"]]) {
  test(`${kind}: a gateway gets no traffic for ${ROOMS} rooms of another one`, { timeout: 120_000 }, async (t) => {
    const world = await World.start({ bus: { kind } });
    t.after(() => world.stop());
    const way = await Proxy.start({ port: world.redis.port });
    t.after(() => way.stop());
    const other = await world.addGateway({ bus: { kind }, redis: { url: way.url.replace("http", "redis") } });

    const user = randomUUID();
    const rooms = Array.from({ length: ROOMS }, () => randomUUID());
    await world.postgres.query("INSERT INTO chats (chat_id) SELECT unnest($1::uuid[])", [rooms]);
    await world.postgres.query("INSERT INTO chat_participants (chat_id, user_id) SELECT unnest($1::uuid[]), $2", [rooms, user]);
    const client = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
    const stranger = randomUUID();
    const theirs = await world.postgres.addChat(stranger);
    const there = await new Client(other.url, { cookie: await world.backend.login(stranger) }).connect();
    assert.equal(await world.gateway.metric("chat_gateway_room_memberships"), ROOMS);
    // CONNECT waits for so many subscriptions for five seconds at most.
    await eventually(async () => (await subscribers(world.redis, count, [...rooms, theirs])).every((n) => n === 1), "all rooms have one subscriber");

    const send = async (...messages) => {
      const answer = await postJson(`${world.gateway.adminUrl}/v1/messages`, messages);
      assert.equal(answer.status, 202);
    };
    await send(message(theirs, "first"));
    await there.receives("first");
    const before = { ...way.bytes };
    for (let i = 0; i < MESSAGES; i += 100) {
      await send(...Array.from({ length: 100 }, (_, k) => message(rooms[2 * (i + k)], CONTENT)));
    }
    await eventually(() => client.messages.length === MESSAGES, "its own gateway's client gets all of them", 60_000);
    await send(message(theirs, "last"));
    await there.receives("last");
    const bytes = way.bytes.down - before.down;
    // The last message, and the probes of the bus.
    assert.ok(bytes < 20_000, `${bytes} bytes came from Redis; the messages have ${MESSAGES * CONTENT.length}`);

    client.close();
    await eventually(async () => (await subscribers(world.redis, count, rooms)).every((n) => n === 0), "rooms without members are let go");
    assert.deepEqual(await subscribers(world.redis, count, [theirs]), [1]);
    there.close();
  });
}
