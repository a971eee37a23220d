// Blocks that are a back end's.
import assert from "node:assert/strict";
import { once } from "node:events";
import express from "express";
import { Backend, message, SECRET } from "./backend.mjs";
import { CHAT } from "./document_world.mjs";
import { postJson } from "./http.mjs";
import { freePort } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { eventually } from "./wait.mjs";

/** As a process: log in, connect with its cookie, send, log out. */
async function wholeBackend(world, text) {
  const { redis } = world.world;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const script = world.write("backend.mjs", world.here(text));
  const backend = new ServerProcess("the documents' back end", process.execPath, [script], {
    env: { PATH: process.env.PATH, PORT: String(port), REDIS_URL: redis.url, SESSION_SECRET: SECRET },
  });
  world.ends.push(() => backend.stop());
  await backend.prints(/listening/);
  const login = await postJson(`${url}/login`, { user: world.member });
  const cookie = login.headers["set-cookie"][0].split(";")[0];
  const client = await world.client({ cookie });
  assert.equal((await postJson(`${url}/chats/${CHAT}/messages`, { content: "nobody's" })).status, 401);
  const sent = await postJson(`${url}/chats/${CHAT}/messages`, { content: "by the emitter" }, { Cookie: cookie });
  assert.equal(sent.status, 201, sent.body);
  assert.deepEqual(await client.receives("by the emitter"), JSON.parse(sent.body));
  const gone = client.next("disconnect");
  assert.equal((await postJson(`${url}/logout`, {}, { Cookie: cookie })).status, 204);
  assert.equal(await gone, "io server disconnect");
  return backend.output;
}

/** README's lines, in an app that has a session. */
async function readmeApp(world, text) {
  const app = express();
  app.use(express.json());
  app.use((req, res, next) => {
    req.session = { passport: { user: world.member } };
    next();
  });
  const storeMessage = async (chat, author, content) => ({ ...message(chat, content), author });
  const { redis } = await world.import(text, { names: { app, storeMessage }, exports: ["redis"], environment: { REDIS_URL: world.world.redis.url } });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  world.ends.push(() => redis.destroy(), () => server.close());
  const client = await world.client();
  const sent = await postJson(`http://127.0.0.1:${server.address().port}/chats/${CHAT}/messages`, { content: "as README says" });
  assert.equal(sent.status, 201, sent.body);
  assert.deepEqual(await client.receives("as README says"), JSON.parse(sent.body));
  client.close();
  return "";
}

/** Sends, one and several; is told what is wrong with a message; and goes on when the bus is back. */
async function posts(world, text) {
  const gateway = await world.addGateway({ admin: { token: "the-token" } });
  process.env.ADMIN_TOKEN = "the-token";
  const { send } = await world.import(text, { gateway });
  const client = await world.client();
  await send(message(CHAT, "posted"));
  await send([message(CHAT, "posted 2"), message(CHAT, "posted 3")]);
  await client.receives("posted 3");
  assert.deepEqual(client.contents, ["posted", "posted 2", "posted 3"]);
  await assert.rejects(send({ ...message(CHAT, "x"), chat_id: 7 }), /400.*chat_id/);
  delete process.env.ADMIN_TOKEN;
  client.close();
  return "";
}

/** With its sessions a gateway with session.store postgres lets in who is logged in. */
async function pgSessions(world, text) {
  const { store, pool } = await world.import(text, { exports: ["pool"], environment: { DATABASE_URL: world.world.postgres.url } });
  const { backend, redis } = world.world;
  const other = await Backend.start(redis, { store });
  world.ends.push(() => pool.end(), () => store.close(), () => other.stop());
  const cookie = await other.login(world.member);
  const client = await world.client({ cookie, gateway: await world.addGateway({ session: { secrets: [SECRET], store: "postgres" } }) });
  backend.publish(CHAT, message(CHAT, "session in PostgreSQL"));
  await client.receives("session in PostgreSQL");
  client.close();
  return "";
}

/** Every function that the block exports, against a live socket. */
async function serverCalls(world, text) {
  const server = await world.import(text, { environment: { REDIS_URL: world.world.redis.url } });
  const { adapter } = server.io.of("/");
  world.ends.push(() => adapter.pubClient.destroy(), () => adapter.subClient.destroy());
  const client = await world.client({ cookie: await world.world.backend.login(world.member) });
  const chat = await world.world.postgres.addChat();
  server.addToChat(world.member, chat);
  await eventually(async () => (await server.whoIsIn(chat)).has(world.member), "the user is in the chat");
  server.send(message(chat, "to the new member"));
  await client.receives("to the new member");
  server.removeFromChat(world.member, chat);
  await eventually(async () => (await server.whoIsIn(chat)).size === 0, "the user is out of the chat");
  server.send(message(chat, "to nobody"));
  server.send(message(CHAT, "to the members"));
  await client.receives("to the members");
  assert.ok(!client.contents.includes("to nobody"));
  const gone = client.next("disconnect");
  server.sendAway(world.member);
  assert.equal(await gone, "io server disconnect");
  return "";
}

/** The INSERT arrives at a socket. */
async function storedIsSent(world, text) {
  const url = await world.market();
  await world.shell("psql -qX -v ON_ERROR_STOP=1 -f config/postgres/outbox.sql market");
  const gateway = await world.addGateway({ postgres: { url, outbox: true } });
  const client = await world.client({ gateway, cookie: await world.world.backend.login(world.member) });
  await world.sql(url, text);
  await client.receives("stored, therefore sent");
  client.close();
  return "";
}

/** The row is of the session of the gateway that publishes; one that takes over when that is ended. */
async function lockHolder(world, text) {
  const url = await world.market();
  await world.shell("psql -qX -v ON_ERROR_STOP=1 -f config/postgres/outbox.sql market");
  const gateway = await world.addGateway({ postgres: { url, outbox: true } });
  // Blocks before this one may have left a gateway that publishes.
  await eventually(async () => (await world.sql(url, text)).includes("(1 row)"), "somebody holds the lock");
  const output = await world.sql(url, text);
  const [, pid] = output.match(/^ *(\d+) \|/m);
  await world.sql(url, `SELECT pg_terminate_backend(${pid})`);
  await eventually(async () => {
    const now = await world.sql(url, text);
    return now.includes("(1 row)") && !now.includes(pid);
  }, "somebody else does");
  assert.equal(await gateway.metric('chat_gateway_outbox_role{role="unable"}'), 0);
  return output;
}

export const backendRuns = {
  "backend emitter": wholeBackend,
  "backend readme": readmeApp,
  "backend post": posts,
  "backend pg": pgSessions,
  "backend cluster": serverCalls,
  "sql outbox": storedIsSent,
  "sql outbox lock": lockHolder,
};
