// The log: lines of JSON with the fields that are searched for, and nothing in it that nobody should read.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { SECRET, message, sessionId, signedCookie } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { poll, pollingPath, postJson, request, upgrade } from "./lib/http.mjs";
import { RawPolling, RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const TOKEN = "admin-token-in-the-file";
const CONTENT = "what-people-write-to-each-other";
const world = await World.start({ log: { level: "trace", format: "json" }, admin: { token: TOKEN }, limits: { events_per_socket_per_s: 5 } });
after(() => world.stop());
const { gateway } = world;

/** Those that have come to their end. */
const lines = () => gateway.process.output.split("\n").slice(0, -1).map((line) => JSON.parse(line));
const logged = (predicate, what) => eventually(() => lines().find(predicate), `a line: ${what}`);

test("a connection's life: connection, user, room and reason are fields", async () => {
  const chat = await world.postgres.addChat();
  const user = randomUUID();
  const cookie = await world.backend.login(user);
  const client = await new Client(gateway.url, { cookie }).connect();
  const connection = client.socket.id;
  await client.join(chat);
  client.socket.emit("somethingElse", 1);
  client.socket.emit("clientJoinRoom", { chat_id: 7 });
  const opened = await logged((line) => line.message === "session opened" && line.user === user, "session opened");
  assert.deepEqual([opened.level, opened.connection, opened.transport], ["debug", connection, "websocket"]);
  const failed = await logged((line) => line.message === "failed to join chat room" && line.user === user, "failed to join");
  assert.deepEqual([failed.level, failed.connection, failed.room, failed.reason], ["debug", connection, chat, "permission"]);
  const unknown = await logged((line) => line.message === "unknown event" && line.user === user, "unknown event");
  assert.deepEqual([unknown.connection, unknown.event], [connection, "somethingElse"]);
  await logged((line) => line.message === "malformed event" && line.connection === connection, "malformed event");
  client.close();
  await logged((line) => line.message === "socket left" && line.connection === connection && line.user === user, "socket left");
  const lost = await new Client(gateway.url, { cookie }).connect();
  const { id } = lost.socket;
  lost.socket.io.engine.transport.ws.terminate();
  const closed = await logged((line) => line.message === "session closed" && line.connection === id, "session closed");
  assert.deepEqual([closed.level, closed.user, closed.reason], ["debug", user, "transport_lost"]);
  assert.equal(typeof closed.seconds, "number");
});

test("no cookie, secret or content at any level", async () => {
  const secrets = [SECRET, TOKEN, CONTENT];
  const chat = await world.postgres.addChat();
  const user = randomUUID();
  await world.postgres.addParticipant(chat, user);
  const cookie = await world.backend.login(user);
  secrets.push(cookie, sessionId(cookie), cookie.slice(cookie.lastIndexOf(".") + 1));

  for (const transports of Object.values(transportSettings)) {
    const client = await new Client(gateway.url, { cookie, transports }).connect();
    world.backend.publish(chat, message(chat, `${CONTENT} ${transports}`));
    await client.receives(`${CONTENT} ${transports}`);
    client.socket.emit("unknown", CONTENT, { secret: CONTENT });
    client.socket.emit("clientJoinRoom", { chat_id: { [CONTENT]: CONTENT } });
    client.socket.emit("clientLeaveRoom", CONTENT);
    await client.leave(chat);
    for (let n = 0; n < 30; n += 1) client.socket.emit("more", CONTENT);
    client.close();
  }
  // Sessions' own secrets: Engine.IO's sid, and the pid of recovery.
  const raw = await RawPolling.connect(gateway.url, { Cookie: cookie });
  secrets.push(raw.sid);
  await raw.send(`42["nonsense ${CONTENT}"`);
  await request(`${gateway.url}${pollingPath}&sid=${raw.sid}`, { headers: { Cookie: cookie } });
  const socket = await RawSocket.open(gateway.url, { headers: { Cookie: cookie } });
  await socket.next();
  socket.send("40");
  const { pid, sid } = JSON.parse((await socket.next()).slice(2));
  assert.ok(pid && sid);
  secrets.push(pid);
  socket.send(`4${CONTENT}`);
  await socket.end();
  const back = await RawSocket.open(gateway.url, { headers: { Cookie: cookie } });
  await back.next();
  back.send(`40${JSON.stringify({ pid, offset: CONTENT })}`);
  await back.next();
  back.close();

  const wrong = signedCookie("somebody-elses-session", "a wrong secret");
  secrets.push("somebody-elses-session", "a wrong secret");
  for (const headers of [{ Cookie: wrong }, { Cookie: "connect.sid=garbage-cookie" }, { Cookie: signedCookie("no-such-session") }, {}]) {
    assert.equal((await poll(gateway, headers)).status, 401);
    assert.equal((await upgrade(gateway, headers)).status, 401);
  }
  secrets.push("garbage-cookie", "no-such-session");
  await world.redis.admin.set("sess:broken", `{"broken-record-${CONTENT}`);
  assert.equal((await poll(gateway, { Cookie: signedCookie("broken") })).status, 401);

  const bearer = { Authorization: `Bearer ${TOKEN}` };
  assert.equal((await postJson(`${gateway.adminUrl}/v1/messages`, message(chat, CONTENT), bearer)).status, 202);
  assert.equal((await postJson(`${gateway.adminUrl}/v1/messages`, `{"content":"${CONTENT}`, bearer)).status, 400);
  assert.equal((await postJson(`${gateway.adminUrl}/v1/messages`, message(chat, CONTENT), { Authorization: "Bearer guessed-token" })).status, 401);
  secrets.push("guessed-token");
  await world.redis.admin.publish(`socket.io#/#${chat}#`, `not MessagePack ${CONTENT}`);

  // A reload reads all secrets anew, and tells of what is wrong with them.
  const original = readFileSync(gateway.config, "utf8");
  for (const change of [
    (settings) => settings.session.secrets.unshift("a secret of the reload"),
    (settings) => { settings.admin.token = "bad token of the reload"; },
    (settings) => { settings.redis.url = "redis://user:password-of-the-reload@"; },
  ]) {
    const settings = JSON.parse(original);
    change(settings);
    const before = lines().filter((line) => /configuration reloaded|not reloaded/.test(line.message)).length;
    writeFileSync(gateway.config, JSON.stringify(settings));
    gateway.process.child.kill("SIGHUP");
    await eventually(() => lines().filter((line) => /configuration reloaded|not reloaded/.test(line.message)).length > before, "the reload");
  }
  writeFileSync(gateway.config, original);
  secrets.push("a secret of the reload", "bad token of the reload", "password-of-the-reload");

  await logged((line) => line.message === "session closed" && line.user === user, "the end of it");
  for (const secret of secrets) {
    const found = gateway.process.output.split("\n").find((line) => line.includes(secret) || line.includes(encodeURIComponent(secret)));
    assert.equal(found, undefined, `the log has ${secret}`);
  }
  assert.ok(lines().length > 50);
});

test("a storm of one line is told once: the first few, and how many more", { timeout: 60_000 }, async () => {
  const count = 300;
  const users = Array.from({ length: count }, () => randomUUID());
  const cookie = { originalMaxAge: 86_400_000 };
  await Promise.all(users.map((user) => world.redis.admin.set(`sess:storm-${user}`, JSON.stringify({ cookie, passport: { user } }))));
  const clients = await Promise.all(users.map((user) => RawSocket.connect(gateway.url, { headers: { Cookie: signedCookie(`storm-${user}`) } })));
  // More events than anybody may send: each of them is told of.
  for (const client of clients) for (let n = 0; n < 120; n += 1) client.send('42["more"]');
  await Promise.all(clients.map((client) => client.end()));
  const repeated = await logged((line) => line.message === "repeated" && line.line === "socket disconnected", "the count");
  assert.equal(repeated.level, "info");
  const storm = () => lines().filter((line) => line.message === "socket disconnected" && line.reason === "event_rate").length;
  const more = () => lines().filter((line) => line.message === "repeated" && line.line === "socket disconnected").reduce((sum, line) => sum + line.count, 0);
  // A storm that takes longer is told in several counts.
  await eventually(() => storm() + more() >= count, "all are told of");
  assert.ok(storm() < 50, `${storm()} lines`);
});
