// Every minor version of socket.io-client that pages in the field still load, over each transport, through the same tests.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { PATIENCE_MS, eventually, within } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

// `ackTimeout`: socket.timeout(); `promises`: emitWithAck(), and a path without its last slash; `retries`: the option of that name.
const versions = [
  { version: "3.0.5", name: "socket.io-client-3.0" },
  { version: "3.1.3", name: "socket.io-client-3.1" },
  { version: "4.0.2", name: "socket.io-client-4.0" },
  { version: "4.1.3", name: "socket.io-client-4.1" },
  { version: "4.5.4", name: "socket.io-client-4.5", ackTimeout: true },
  { version: "4.7.5", name: "socket.io-client-4.7", ackTimeout: true, promises: true, retries: true },
  { version: "4.8.4", name: "socket.io-client", ackTimeout: true, promises: true, retries: true },
];

const MESSAGES = 400;
const PINGS = 30;
// A client that missed its pings would leave within interval and timeout: before the last of them.
const heartbeat = { ping_interval_ms: 100, ping_timeout_ms: 2500 };

const cases = [];
for (const version of versions) {
  const { io } = await import(version.name);
  for (const [transport, transports] of Object.entries(transportSettings)) {
    cases.push({ ...version, io, transport, transports, title: `${version.version}, ${transport}` });
  }
}

const world = await World.start();
after(() => world.stop());

/** A user with a chat, and a client of this version that is logged in as them. */
async function member({ io, transports }, { gateway = world.gateway, ...options } = {}) {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const cookie = await world.backend.login(user);
  const client = new Client(gateway.url, { io, cookie, transports, ...options });
  return { user, chat, cookie, client };
}

const everyMember = (options) => Promise.all(cases.map(async (one) => ({ ...one, ...await member(one, options) })));

/** What the client gets of one message to `chat`: one more, to a room that it is in, tells when to look. */
async function delivered(client, chat, home) {
  const from = client.messages.length;
  const content = randomUUID();
  world.backend.publish(chat, message(chat, content));
  world.backend.publish(home, message(home, `end of ${content}`));
  await client.receives(`end of ${content}`);
  return client.contents.slice(from, -1);
}

test("the versions are the ones that the titles name", () => {
  const require = createRequire(import.meta.url);
  for (const { name, version } of versions) assert.equal(require(`${name}/package.json`).version, version);
});

for (const one of cases) {
  test(`${one.title}: ${MESSAGES} messages from \`connect\` on, once and in order`, async () => {
    const { chat, client } = await member(one);
    const sent = [];
    const publish = async (count) => {
      for (let i = 0; i < count; i += 1) {
        sent.push(message(chat, `message ${sent.length}`));
        world.backend.publish(chat, sent.at(-1));
        if (i % 20 === 0) await setImmediate();
      }
    };
    // An upgrade is still under way at that moment.
    const published = client.next("connect").then(() => publish(MESSAGES - 100));
    await client.connect();
    await published;
    if (one.transport === "upgrade") await client.upgraded();
    else assert.equal(client.transport, one.transport);
    await publish(100);
    await client.receives(sent.at(-1).content);
    assert.deepEqual(client.messages, sent);
    assert.deepEqual(client.disconnects, []);
    client.close();
  });

  test(`${one.title}: joins and leaves are answered`, async () => {
    const { user, chat: home, client } = await member(one, { addTrailingSlash: !one.promises });
    await client.connect();
    const chat = await world.postgres.addChat(user);
    assert.deepEqual(await delivered(client, chat, home), []);
    assert.deepEqual(await client.join(chat), []);
    assert.equal((await delivered(client, chat, home)).length, 1);
    assert.deepEqual(await client.leave(chat), []);
    assert.deepEqual(await delivered(client, chat, home), []);
    assert.deepEqual(await client.join(await world.postgres.addChat(randomUUID())), [], "one that is not theirs");

    if (one.ackTimeout) {
      const answer = new Promise((resolve) => {
        client.socket.timeout(PATIENCE_MS).emit("clientJoinRoom", { chat_id: chat }, (...args) => resolve(args));
      });
      assert.deepEqual(await answer, [null], "no error, and no argument");
      assert.equal((await delivered(client, chat, home)).length, 1);
    }
    if (one.promises) {
      const answer = client.socket.timeout(PATIENCE_MS).emitWithAck("clientLeaveRoom", { chat_id: chat });
      assert.equal(await answer, undefined);
      assert.deepEqual(await delivered(client, chat, home), []);
    }
    client.close();
  });

  for (const forceBase64 of [false, true]) {
    test(`${one.title}: attachments arrive${forceBase64 ? ", as base64 too" : ""}`, async () => {
      const { chat, client } = await member(one, { forceBase64 });
      await client.connect();
      // Attachments are the back end's to send; what is published between them keeps its place.
      const files = [Buffer.from([0, 1, 2, 253, 254, 255]), Buffer.alloc(0), Buffer.alloc(70_000, 9)];
      world.backend.publish(chat, { content: "first", files });
      world.backend.publish(chat, message(chat, "between"));
      world.backend.publish(chat, { content: "last", file: files[0] });
      await client.receives("last");
      assert.deepEqual(client.contents, ["first", "between", "last"]);
      assert.deepEqual(client.messages[0].files.map((file) => Buffer.from(file)), files);
      assert.deepEqual(Buffer.from(client.messages[2].file), files[0]);

      assert.deepEqual(await client.ask("clientJoinRoom", { chat_id: Buffer.from("x") }), [], "one from the client");
      assert.deepEqual(client.disconnects, []);
      client.close();
    });
  }

  test(`${one.title}: without a cookie the client sees the 401, and gets in once logged in`, async () => {
    const { chat, cookie, client } = await member(one, { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 });
    delete client.headers.cookie;
    const error = await client.refusal();
    if (one.transport === "websocket") {
      assert.equal(error.message, "websocket error");
      assert.match(error.description.message, /\b401\b/);
    } else {
      assert.equal(error.message, "xhr poll error");
      assert.equal(error.description, 401);
    }
    assert.equal((await client.next("connect_error")).message, error.message, "it tries again, and is refused again");

    const connected = client.next("connect");
    client.headers.cookie = cookie;
    await connected;
    world.backend.publish(chat, message(chat, "inside"));
    await client.receives("inside");
    client.close();
  });

  test(`${one.title}: several sockets of one page`, async () => {
    const { chat, cookie, client } = await member(one);
    const options = { io: one.io, transports: one.transports, cookie };
    const shared = new Client(world.gateway.url, { ...options, forceNew: false });
    const again = new Client(world.gateway.url, { ...options, forceNew: false });
    const sockets = [client, shared, again];
    await Promise.all(sockets.map((socket) => socket.connect()));
    assert.equal(new Set(sockets.map(({ socket }) => socket.id)).size, sockets.length);

    // Another namespace over the same connection is refused, and the main one does not notice.
    const other = shared.socket.io.socket("/other");
    const refused = new Promise((resolve, reject) => {
      other.once("connect_error", resolve);
      other.once("connect", () => reject(new Error("connected to /other")));
    });
    other.connect();
    assert.equal((await within(refused, PATIENCE_MS, "connect_error of /other")).message, "Invalid namespace");

    world.backend.publish(chat, message(chat, "to all"));
    await Promise.all(sockets.map((socket) => socket.receives("to all")));
    client.close();
    world.backend.publish(chat, message(chat, "to the rest"));
    await Promise.all([shared, again].map((socket) => socket.receives("to the rest")));
    for (const socket of [shared, again]) assert.deepEqual(socket.contents, ["to all", "to the rest"]);
    for (const socket of [shared, again]) socket.close();
  });

  if (one.retries) {
    test(`${one.title}: with \`retries\`, events go one after another`, async () => {
      const { user, chat: home, client } = await member(one, { retries: 2, ackTimeout: PATIENCE_MS });
      await client.connect();
      const chat = await world.postgres.addChat(user);
      for (let i = 0; i < 5; i += 1) {
        client.socket.emit("clientLeaveRoom", { chat_id: chat });
        client.socket.emit("clientJoinRoom", { chat_id: chat });
      }
      const answered = new Promise((resolve) => {
        client.socket.emit("clientJoinRoom", { chat_id: chat }, (error) => resolve(error));
      });
      assert.equal(await within(answered, PATIENCE_MS, "the ack of the last one"), null);
      assert.equal((await delivered(client, chat, home)).length, 1);
      client.close();
    });
  }
}

test(`every client survives ${PINGS} heartbeats`, async () => {
  const gateway = await world.addGateway({ engine: heartbeat });
  const members = await everyMember({ gateway });
  await Promise.all(members.map(async ({ title, client, chat }) => {
    await client.connect();
    let pings = 0;
    // Not the manager's "ping": version 3 promises one and sends none.
    const enough = new Promise((resolve) => {
      client.socket.io.engine.on("packet", ({ type }) => {
        if (type === "ping") pings += 1;
        if (pings === PINGS) resolve();
      });
    });
    await within(enough, PATIENCE_MS, `ping ${PINGS} of ${title}`);
    world.backend.publish(chat, message(chat, "alive"));
    await client.receives("alive");
    assert.deepEqual(client.disconnects, [], title);
    client.close();
  }));
});

test("disconnect() leaves the rooms; connect() of the same socket joins them again", async () => {
  const members = await everyMember();
  await Promise.all(members.map(async ({ title, client, chat }) => {
    await client.connect();
    const { id } = client.socket;
    assert.equal(await world.redis.subscribers(chat), 1, title);
    client.socket.disconnect();
    assert.deepEqual(client.disconnects, ["io client disconnect"], title);
    await eventually(async () => (await world.redis.subscribers(chat)) === 0, `${title} has left its room`);

    await client.connect();
    assert.notEqual(client.socket.id, id, title);
    world.backend.publish(chat, message(chat, "back"));
    await client.receives("back");
    assert.deepEqual(client.contents, ["back"], title);
    client.close();
  }));
});

for (const [how, end, reasons] of [
  ["restarted", (gateway) => gateway.stop(), /^transport close$/],
  ["killed", (gateway) => gateway.kill(), /^transport (close|error)$/],
]) {
  test(`every client comes back by itself when the gateway is ${how}`, { timeout: 120_000 }, async () => {
    const gateway = await world.addGateway();
    const members = await everyMember({ gateway, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 500 });
    await Promise.all(members.map(({ client }) => client.connect()));
    await Promise.all(members.map(({ client, transport }) => transport === "upgrade" && client.upgraded()));

    const gone = members.map(({ client }) => client.next("disconnect"));
    await end(gateway);
    for (const [i, reason] of (await Promise.all(gone)).entries()) assert.match(reason, reasons, members[i].title);
    const back = members.map(({ client }) => client.next("connect"));
    await gateway.resume();
    await Promise.all(back);

    await Promise.all(members.map(async ({ title, client, chat, transport }) => {
      for (let i = 0; i < 10; i += 1) world.backend.publish(chat, message(chat, `after ${i}`));
      await client.receives("after 9");
      assert.deepEqual(client.contents, Array.from({ length: 10 }, (_, i) => `after ${i}`), title);
      if (transport === "upgrade") await client.upgraded();
      assert.equal(client.disconnects.length, 1, title);
      client.close();
    }));
  });
}
