// Sessions where connect-pg-simple keeps them: the real express-session and store write, the gateway reads.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import pg from "pg";
import { Backend, SECRET, message, sessionId } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll, upgrade } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { ALLOWED_ORIGIN, World } from "./lib/world.mjs";

const PgStore = connectPgSimple(session);
const TABLE = "web.login_sessions";
const UNAUTHORIZED = '{"code":4,"message":"Unauthorized"}';

const world = await World.start();
await world.postgres.query(`
  CREATE SCHEMA web;
  CREATE TABLE web.login_sessions (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL);
  CREATE INDEX ON web.login_sessions (expire);
  CREATE ROLE shop LOGIN;
  ALTER ROLE shop SET timezone = 'Asia/Tokyo';
  CREATE ROLE reader LOGIN;
  GRANT USAGE ON SCHEMA web TO shop, reader;
  GRANT ALL ON ALL TABLES IN SCHEMA web TO shop;
  GRANT SELECT ON ALL TABLES IN SCHEMA web, public TO reader, shop;
`);

const urlOf = (role) => world.postgres.url.replace("postgres@", `${role}@`);
const pools = [];

/** An Express whose sessions are written by this role. */
async function expressAs(role, options = {}) {
  const pool = new pg.Pool({ connectionString: urlOf(role), max: 2 });
  pool.on("error", () => {}); // idle connections break when the server stops
  pools.push(pool);
  const store = new PgStore({ pool, schemaName: "web", tableName: "login_sessions", pruneSessionInterval: false });
  return Backend.start(world.redis, { store, ...options });
}

const gatewayOn = (url, session = {}) =>
  world.addGateway({ session: { secrets: [SECRET], store: "postgres", table: TABLE, ...session }, postgres: { url } });

const express = await expressAs("postgres");
const rolling = await expressAs("postgres", { rolling: true });
const gateway = await gatewayOn(world.postgres.url);
after(async () => {
  await express.stop();
  await rolling.stop();
  await Promise.all(pools.map((pool) => pool.end()));
  await world.stop();
});

const user = randomUUID();

async function accepts(cookie, at = gateway) {
  assert.equal((await poll(at, { Cookie: cookie })).status, 200);
  assert.equal((await upgrade(at, { Cookie: cookie, Origin: ALLOWED_ORIGIN })).status, 101);
}

async function refuses(cookie, at = gateway) {
  for (const answer of [await poll(at, { Cookie: cookie }), await upgrade(at, { Cookie: cookie })]) {
    assert.deepEqual([answer.status, answer.body], [401, UNAUTHORIZED]);
  }
}

/** Moves the end of a session in the table, which its record inside does not hear of. */
function endsAt(cookie, expression) {
  return world.postgres.query(`UPDATE web.login_sessions SET expire = ${expression} WHERE sid = $1`, [sessionId(cookie)]);
}

test("login, connect, a message", async () => {
  const cookie = await express.login(user);
  await accepts(cookie);
  const chat = await world.postgres.addChat(user);
  const client = await new Client(gateway.url, { cookie }).connect();
  world.backend.publish(chat, message(chat, "over PostgreSQL"));
  await client.receives("over PostgreSQL");
});

test("an unknown session is refused, and one that nobody is logged in to", async () => {
  const cookie = await express.login(user);
  await world.postgres.query("DELETE FROM web.login_sessions WHERE sid = $1", [sessionId(cookie)]);
  await refuses(cookie);
  const forgotten = await express.login(user);
  await express.forget(forgotten);
  await refuses(forgotten);
});

test("logout is a refusal", async () => {
  const cookie = await express.login(user);
  await accepts(cookie);
  await express.logout(cookie);
  await refuses(cookie);
});

test("a logout ends the user's sockets on both gateways within recheck_ms; a login works again; others notice nothing", async () => {
  const RECHECK_MS = 1000;
  const gateways = [await gatewayOn(world.postgres.url, { recheck_ms: RECHECK_MS }), await gatewayOn(world.postgres.url, { recheck_ms: RECHECK_MS })];
  const [ann, bob] = [randomUUID(), randomUUID()];
  const chat = await world.postgres.addChat(ann, bob);
  const [annsCookie, bobsCookie] = [await express.login(ann), await express.login(bob)];
  const crowd = (cookie) => Promise.all(gateways.flatMap((one) => [
    new Client(one.url, { cookie }).connect(),
    new Client(one.url, { cookie, transports: ["polling"] }).connect(),
  ]));
  const leaving = await crowd(annsCookie);
  const staying = await crowd(bobsCookie);
  const from = Date.now();
  await express.logout(annsCookie);
  await eventually(() => leaving.every((client) => client.disconnects[0] === "io server disconnect"), "all are sent away");
  assert.ok(Date.now() - from < RECHECK_MS + 5000, `after ${Date.now() - from} ms`);
  world.backend.publish(chat, message(chat, "after the logout"));
  await Promise.all(staying.map((client) => client.receives("after the logout")));
  assert.deepEqual(staying.flatMap((client) => client.disconnects), []);
  assert.ok((await crowd(await express.login(ann))).every((client) => client.socket.connected));
});

test("a session that is over is refused though its row is still there", async () => {
  const cookie = await express.login(user);
  await endsAt(cookie, "now() - interval '1 second'");
  assert.equal(await express.whoami(cookie), null);
  await refuses(cookie);
});

for (const [name, app] of [["touched", express], ["rolling", rolling]]) {
  test(`a ${name} session lives on whatever date its record has`, async () => {
    const cookie = await app.login(user);
    await world.postgres.query(
      `UPDATE web.login_sessions
         SET expire = now() + interval '20 seconds', sess = jsonb_set(sess::jsonb, '{cookie,expires}', '"2020-01-01T00:00:00.000Z"')::json
         WHERE sid = $1`,
      [sessionId(cookie)],
    );
    assert.equal(await app.whoami(cookie), user);
    const { rows } = await world.postgres.query(
      "SELECT expire > now() + interval '30 minutes' AS extended, sess #>> '{cookie,expires}' AS date FROM web.login_sessions WHERE sid = $1",
      [sessionId(cookie)],
    );
    assert.deepEqual(rows, [{ extended: true, date: "2020-01-01T00:00:00.000Z" }]);
    await accepts(cookie);
  });
}

test("a writer in another time zone than the server's is read by its own role", async () => {
  const app = await expressAs("shop");
  const sameRole = await gatewayOn(urlOf("shop"));
  // Another role says which time zone the writer has.
  const otherRole = await gatewayOn(`${urlOf("reader")}?options=-c%20TimeZone%3DAsia/Tokyo`);
  const cookie = await app.login(user);
  for (const at of [sameRole, otherRole]) await accepts(cookie, at);
  // Over for a minute in Tokyo, which is hours ahead of the server: local time there is what the column holds.
  await endsAt(cookie, "(now() - interval '1 minute') AT TIME ZONE 'Asia/Tokyo'");
  assert.equal(await app.whoami(cookie), null);
  for (const at of [sameRole, otherRole]) await refuses(cookie, at);
  await app.stop();
});

test("a table that cannot be read is no refusal, and unreadiness", async () => {
  const strict = await gatewayOn(urlOf("reader"));
  const cookie = await express.login(user);
  await accepts(cookie, strict);
  await world.postgres.query("REVOKE SELECT ON web.login_sessions FROM reader");
  const answer = await poll(strict, { Cookie: cookie });
  assert.equal(answer.status, 503);
  assert.ok(answer.headers["retry-after"]);
  assert.equal((await strict.admin("/readyz")).status, 503);
});

test("a storm of handshakes is served", async () => {
  const cookies = await Promise.all(Array.from({ length: 50 }, () => express.login(randomUUID())));
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => poll(gateway, { Cookie: cookies[i % cookies.length] })));
  assert.deepEqual(answers.filter(({ status }) => status !== 200), []);
});
