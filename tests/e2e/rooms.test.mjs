// Joining and leaving.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, beforeEach, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { PATIENCE_MS, eventually, within } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start();
after(() => world.stop());

let user;
let home; // a chat that the user is in from the start: what is published there last marks the end
let client;

beforeEach(async () => {
  user = randomUUID();
  home = await world.postgres.addChat(user);
  client = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
});

/** A chat that the user may join, but has not been joined to: it is newer than the connection. */
const newChat = () => world.postgres.addChat(user);

/** What the client gets of one message to `chat`: one more message, to its own room, tells when to look. */
async function delivered(chat) {
  const content = randomUUID();
  world.backend.publish(chat, message(chat, content));
  world.backend.publish(home, message(home, `end of ${content}`));
  await client.receives(`end of ${content}`);
  return client.contents.filter((c) => c === content).length;
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`all chats of the user are joined on connect, ${name}`, async () => {
    const chats = [];
    for (let i = 0; i < 20; i += 1) chats.push(await newChat());
    const other = await new Client(world.gateway.url, { cookie: await world.backend.login(user), transports }).connect();
    for (const chat of chats) world.backend.publish(chat, message(chat, chat));
    world.backend.publish(home, message(home, "end"));
    await other.receives("end");
    assert.deepEqual(other.contents, [...chats, "end"]);
  });
}

test("clientJoinRoom joins a chat that the user may see", async () => {
  const chat = await newChat();
  assert.equal(await delivered(chat), 0);
  assert.deepEqual(await client.join(chat), []);
  assert.equal(await delivered(chat), 1);
});

test("joining twice delivers once", async () => {
  await client.join(home);
  assert.equal(await delivered(home), 1);
});

test("clientJoinRoom without an ack joins as well", async () => {
  const chat = await newChat();
  client.socket.emit("clientJoinRoom", { chat_id: chat });
  await world.publishUntilReceived(chat, client);
});

test("a refused join is answered like any other and joins nothing", async () => {
  const foreign = await world.postgres.addChat(randomUUID());
  const refused = [foreign, randomUUID(), "chat-123", "", "x".repeat(5000), "' OR true --", "\u0000"];
  for (const chat of refused) assert.deepEqual(await client.join(chat), [], chat.slice(0, 40));
  assert.equal(await delivered(foreign), 0);
  assert.equal(await delivered("chat-123"), 0);
  assert.deepEqual(client.disconnects, []);
});

test("a malformed payload is answered and changes nothing", async () => {
  const chat = await newChat();
  const malformed = [[], [null], [chat], [[chat]], [{}], [{ chat_id: null }], [{ chat_id: 7 }], [{ chat_id: [chat] }], [{ chatId: chat }]];
  for (const event of ["clientJoinRoom", "clientLeaveRoom"]) {
    for (const args of malformed) assert.deepEqual(await client.ask(event, ...args), [], JSON.stringify(args));
  }
  assert.equal(await delivered(chat), 0);
  assert.equal(await delivered(home), 1);
});

test("clientLeaveRoom stops delivery, and joining again resumes it", async () => {
  const chat = await newChat();
  await client.join(chat);
  assert.equal(await delivered(chat), 1);
  assert.deepEqual(await client.leave(chat), []);
  assert.equal(await delivered(chat), 0);
  await client.join(chat);
  assert.equal(await delivered(chat), 1);
});

test("an automatically joined chat can be left too", async () => {
  const chat = await newChat();
  const other = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
  await other.leave(chat);
  world.backend.publish(chat, message(chat, "unheard"));
  world.backend.publish(home, message(home, "end"));
  await other.receives("end");
  assert.deepEqual(other.contents, ["end"]);
});

test("leaving a chat that was never joined is answered", async () => {
  assert.deepEqual(await client.leave(randomUUID()), []);
});

test("one connection's leave does not touch another's room", async () => {
  const other = await new Client(world.gateway.url, { cookie: await world.backend.login(user) }).connect();
  await other.leave(home);
  assert.equal(await delivered(home), 1);
});

test("a leave behind a join wins, however long the database takes", async () => {
  const chat = await newChat();
  const unlock = await world.postgres.lockParticipants();
  const joined = client.join(chat);
  await eventually(async () => (await world.postgres.waiting()) > 0, "the join waits for the database");
  const left = client.leave(chat);
  assert.deepEqual(await left, [], "a leave does not wait for the database");
  await unlock();
  assert.deepEqual(await joined, []);
  assert.equal(await delivered(chat), 0);
});

test("a join behind a leave wins", async () => {
  const chat = await newChat();
  const unlock = await world.postgres.lockParticipants();
  const first = client.join(chat);
  await eventually(async () => (await world.postgres.waiting()) > 0, "the join waits for the database");
  const left = client.leave(chat);
  const second = client.join(chat);
  await left;
  await unlock();
  await Promise.all([first, second]);
  assert.equal(await delivered(chat), 1);
});

test("joins and leaves in quick succession end as the last one says", async () => {
  const chat = await newChat();
  for (let round = 0; round < 20; round += 1) {
    await Promise.all([client.join(chat), client.leave(chat)]);
    assert.equal(await delivered(chat), 0, `round ${round}: left last`);
    await Promise.all([client.leave(chat), client.join(chat)]);
    assert.equal(await delivered(chat), 1, `round ${round}: joined last`);
  }
});

test("other namespaces are refused, and the connection stays", async () => {
  const cookie = await world.backend.login(user);
  for (const namespace of ["/other", "/admin/deep"]) {
    const error = await new Client(world.gateway.url, { cookie, namespace }).refusal();
    assert.equal(error.message, "Invalid namespace", namespace);
  }
  const other = client.socket.io.socket("/other");
  const refused = new Promise((resolve) => {
    other.once("connect_error", resolve);
  });
  other.connect();
  const error = await within(refused, PATIENCE_MS, "connect_error");
  assert.equal(error.message, "Invalid namespace");
  assert.equal(await delivered(home), 1);
});

test("a closed connection leaves nothing behind", { timeout: 60_000 }, async () => {
  const chat = await newChat();
  await client.join(chat);
  assert.equal(await world.redis.subscribers(chat), 1);
  client.close();
  await eventually(async () => (await world.redis.subscribers(chat)) === 0, "the chat's channel has no subscriber");
  await eventually(async () => (await world.redis.subscribers(home)) === 0, "the home chat's channel has no subscriber");
});
