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
const linesOf = (one) => one.process.output.split("\n").slice(0, -1).map((line) => JSON.parse(line));
const lines = () => linesOf(gateway);
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

test("every handshake that is turned away: reason, client, and the user where it has come to that", async () => {
  const strict = await world.addGateway({
    server: { host: "127.0.0.1", max_connections: 2 },
    log: { level: "debug", format: "json" },
    limits: { connections_per_ip: 1, connections_per_user: 1, handshakes_per_ip_per_s: 2 },
    postgres: {
      url: world.postgres.url,
      statement_timeout_ms: 1000,
      queries: { active_users: "SELECT u FROM unnest($1::text[]) u WHERE CASE WHEN u = 'unaskable' THEN pg_sleep(60) IS NULL ELSE u <> 'banned' END" },
    },
  });
  const from = (n, cookie) => ({ "X-Forwarded-For": `203.0.113.${n}`, ...(cookie && { Cookie: cookie }) });
  const told = (n, message, reason, user) => eventually(() => {
    const found = linesOf(strict).find((line) => line.message === message && line.client === `203.0.113.${n}` && line.reason === reason);
    if (found) assert.deepEqual([found.level, found.user], ["debug", user], JSON.stringify(found));
    return found;
  }, `a line "${message}", ${reason}, 203.0.113.${n}`);

  const loggedOut = await world.backend.login(randomUUID());
  await world.backend.forget(loggedOut);
  await world.redis.admin.set("sess:of-no-json", "{");
  await world.redis.admin.lPush("sess:of-another-type", "x");
  const turnedAway = [
    ["handshake refused", "no_cookie", undefined],
    ["handshake refused", "bad_signature", signedCookie("any", "a wrong secret")],
    ["handshake refused", "no_session", signedCookie("gone")],
    ["handshake refused", "bad_record", signedCookie("of-no-json")],
    ["handshake refused", "not_logged_in", loggedOut],
    ["handshake refused", "inactive_user", await world.backend.login("banned"), "banned"],
    ["handshake put off", "session store", signedCookie("of-another-type")],
    ["handshake put off", "database", await world.backend.login("unaskable"), "unaskable"],
  ];
  for (const [n, [what, reason, cookie, user]] of turnedAway.entries()) {
    assert.equal((await poll(strict, from(n, cookie))).status, what === "handshake refused" ? 401 : 503, reason);
    await told(n, what, reason, user);
  }

  const [one, another] = [await world.backend.login("one"), await world.backend.login("another")];
  const first = await RawSocket.connect(strict.url, { headers: from(20, one) });
  const opened = await eventually(() => linesOf(strict).find((line) => line.message === "session opened"), "session opened");
  assert.deepEqual([opened.user, opened.client], ["one", "203.0.113.20"]);
  assert.equal((await poll(strict, from(20, another))).status, 429);
  await told(20, "handshake refused", "connections_per_ip");
  assert.equal((await poll(strict, from(21, one))).status, 429);
  await told(21, "handshake refused", "connections_per_user", "one");
  await eventually(async () => (await poll(strict, from(22))).status === 429, "too many handshakes in a second");
  await told(22, "handshake refused", "handshakes_per_ip");
  const second = await RawSocket.connect(strict.url, { headers: from(23, another) });
  assert.equal((await poll(strict, from(24))).status, 503);
  await told(24, "handshake refused", "max_connections");
  first.close();
  second.close();
});

test("every join that is denied: connection, user, room and reason", async () => {
  const strict = await world.addGateway({
    log: { level: "debug", format: "json" },
    limits: { rooms_per_socket: 2 },
    postgres: { url: world.postgres.url, statement_timeout_ms: 1000 },
  });
  const user = randomUUID();
  const chats = [];
  for (let n = 0; n < 3; n += 1) chats.push(await world.postgres.addChat(user));
  const client = await new Client(strict.url, { cookie: await world.backend.login(user) }).connect();
  const denied = (reason) => linesOf(strict).filter((line) => line.message === "failed to join chat room" && line.reason === reason);
  const cut = await eventually(() => linesOf(strict).find((line) => line.message === "more chats than rooms allowed"), "the list is cut");
  assert.deepEqual([cut.connection, cut.user, cut.reason, cut.chats], [client.socket.id, user, "limit", 3]);

  for (const chat of chats) await client.join(chat);
  await client.join("somebody-elses");
  const unlock = await world.postgres.lockParticipants();
  const asked = Array.from({ length: 70 }, (_, n) => `asked-${n}`);
  await Promise.all(asked.map((chat) => client.join(chat))).finally(unlock);
  await eventually(() => denied("database").length === 64, "those that the database did not answer");
  for (const [reason, rooms] of [["permission", ["somebody-elses"]], ["database", asked.slice(0, 64)], ["limit", [undefined, ...asked.slice(64)]]]) {
    const lines = denied(reason);
    assert.deepEqual(lines.map((line) => line.room).sort(), rooms.map((room) => room ?? lines[0].room).sort(), reason);
    for (const line of lines) assert.deepEqual([line.level, line.connection, line.user], ["debug", client.socket.id, user]);
  }
  assert.ok(chats.includes(denied("limit")[0].room), "of the three the one for which there was no room");
  client.close();
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
