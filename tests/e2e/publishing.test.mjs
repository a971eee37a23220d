// What a gateway puts on the bus for `POST /v1/messages`, or for a row of the outbox, is, byte for byte but for the sender's name, what a Node
// server puts there for `io.to(chat).emit("serverMessage", message)`: no member of the cluster can tell them apart.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { Member } from "./lib/cluster.mjs";
import { root } from "./lib/gateway.mjs";
import { postJson } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start();
after(() => world.stop());

/** Published on a channel: `[channel, bytes]` each. */
async function channels(subscribe) {
  const client = await world.redis.connect();
  after(() => client.destroy());
  const heard = [];
  const hear = (payload, channel) => heard.push([channel.toString(), payload.toString("latin1")]);
  await subscribe(client, hear);
  return async () => heard;
}

/** Entries of the stream. */
async function entries() {
  return async () => {
    const all = await world.redis.admin.sendCommand(["XRANGE", "socket.io", "-", "+"]);
    return all.map(([, fields]) => ["socket.io", fields.join("\n")]);
  };
}

const room = randomUUID();
const wires = {
  redis: () => channels((client, hear) => client.pSubscribe("socket.io#/#*", hear, true)),
  "redis-sharded": () => channels((client, hear) => client.sSubscribe(["socket.io#/#", `socket.io#/#${room}#`], hear, true)),
  "redis-streams": entries,
};
const uids = {
  redis: /(?<=^.)(\xa6[\w-]{6}|\xa7emitter)/, // the first of three in MessagePack
  "redis-sharded": /(?<="uid":")[\w-]+(?=")/,
  "redis-streams": /(?<=(^|\n)uid\n)[\w-]+(?=\n)/,
};
const contents = ["hello", "", "Grüße, 世界 🎉 \u0000\u001f\"\\/", "x".repeat(300), "x".repeat(70_000)];

for (const kind of Object.keys(wires)) {
  test(`${kind}: a gateway says what a Node server says`, async (t) => {
    await world.redis.admin.sendCommand(["FLUSHALL"]);
    const gateway = await world.addGateway({ bus: { kind } });
    const node = await Member.startNode("node", { kind, redis: world.redis.url });
    t.after(() => node.stop());
    const heard = await wires[kind]();
    // Not the probes that a gateway sends to itself, nor what servers ask each other.
    const said = async () => (await heard()).filter(([, payload]) => payload.includes("serverMessage"));
    for (const content of contents) {
      for (const m of [message(room, content), { ...message(room, content), author: "ada", type: "offer", timestamp: 1_700_000_000_000.5 }]) {
        const before = (await said()).length;
        assert.equal((await postJson(`${gateway.adminUrl}/v1/messages`, m)).status, 202);
        await eventually(async () => (await said()).length === before + 1, "the gateway has published");
        await node.call("emit", { rooms: [room], event: ["serverMessage", m] });
        await eventually(async () => (await said()).length === before + 2, "the Node server has published");
        const [[ours, ourBytes], [theirs, theirBytes]] = (await said()).slice(-2);
        assert.equal(ours, theirs, "the channel");
        assert.match(ourBytes, uids[kind]);
        assert.match(theirBytes, uids[kind]);
        assert.notEqual(ourBytes, theirBytes, "they are two members");
        assert.equal(ourBytes.replace(uids[kind], ""), theirBytes.replace(uids[kind], ""));
      }
    }
    await gateway.stop();
    world.gateways.splice(world.gateways.indexOf(gateway), 1);
  });
}

// A participant from before the outbox: behind a change of members, and for three seconds after it has begun to publish, a gateway sends
// messages by way of all nodes.
const WIDE_MS = 3500;
const user = randomUUID();
await world.postgres.query("INSERT INTO chats (chat_id, name) VALUES ($1, 'a chat')", [room]);
await world.postgres.addParticipant(room, user);
execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-v", "role=postgres", "-f", join(root, "config/postgres/outbox.sql"), world.postgres.url]);

for (const kind of Object.keys(wires)) {
  test(`${kind}: the outbox says what a Node server says`, async (t) => {
    await world.redis.admin.sendCommand(["FLUSHALL"]);
    const gateway = await world.addGateway({ bus: { kind }, postgres: { url: world.postgres.url, outbox: true } });
    t.after(async () => {
      world.gateways.splice(world.gateways.indexOf(gateway), 1);
      await gateway.stop();
    });
    const node = await Member.startNode("node", { kind, redis: world.redis.url });
    t.after(() => node.stop());
    const client = await new Client(gateway.url, { cookie: await world.backend.login(user) }).connect();
    t.after(() => client.close());
    await gateway.process.prints(/this gateway publishes the outbox/);
    await sleep(WIDE_MS);
    const heard = await wires[kind]();
    const said = async () => (await heard()).filter(([, payload]) => payload.includes("serverMessage"));
    for (const content of contents.filter((one) => !one.includes("\u0000"))) {
      const before = (await said()).length;
      const from = client.messages.length;
      await world.postgres.query("INSERT INTO messages (chat_id, author, content) VALUES ($1, $2, $3)", [room, user, content]);
      await eventually(() => client.messages.length > from, "the message arrives");
      await eventually(async () => (await said()).length === before + 1, "the gateway has published");
      await node.call("emit", { rooms: [room], event: ["serverMessage", client.messages[from]] });
      await eventually(async () => (await said()).length === before + 2, "the Node server has published");
      await eventually(() => client.messages.length === from + 2, "its message arrives");
      const [[ours, ourBytes], [theirs, theirBytes]] = (await said()).slice(-2);
      assert.equal(ours, theirs, "the channel");
      assert.match(ourBytes, /emitter/, "no member of the cluster, which would pass over its own");
      assert.equal(ourBytes.replace(uids[kind], ""), theirBytes.replace(uids[kind], ""));
    }
  });
}
