// Who gets in: the session cookie and the Origin, on polling and on the WebSocket upgrade alike.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after, test } from "node:test";
import { Backend, SECRET, sessionId, signedCookie } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { poll, request, upgrade, pollingPath } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { ALLOWED_ORIGIN, World } from "./lib/world.mjs";

const OLDER_SECRET = "the older secret";
const REMOVED_SECRET = "a removed secret";
const UNAUTHORIZED = '{"code":4,"message":"Unauthorized"}';
const FORBIDDEN = '{"code":4,"message":"Forbidden"}';
const FOREIGN_ORIGIN = "http://evil.example";

const world = await World.start({
  session: { secrets: [SECRET, OLDER_SECRET] },
  cors: { origins: [ALLOWED_ORIGIN, "https://*.example.org"] },
});
after(() => world.stop());

const user = randomUUID();
const cookie = await world.backend.login(user);

async function accepts(headers) {
  const polled = await poll(world.gateway, headers);
  assert.equal(polled.status, 200, `polling: ${polled.body}`);
  assert.equal(polled.body[0], "0");
  const upgraded = await upgrade(world.gateway, headers);
  assert.equal(upgraded.status, 101, `upgrade: ${upgraded.body}`);
  return [polled, upgraded];
}

async function refuses(headers, status = 401, body = UNAUTHORIZED) {
  const answers = [await poll(world.gateway, headers), await upgrade(world.gateway, headers)];
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.body, answer.upgraded], [status, body, false]);
    assert.match(answer.headers["content-type"], /^application\/json/);
  }
  return answers;
}

/** Stores a record as another express-session would have; returns its cookie. */
async function storedSession(record, secret = SECRET) {
  const id = randomUUID();
  const text = typeof record === "string" ? record : JSON.stringify(record);
  await world.redis.admin.set(`sess:${id}`, text);
  return signedCookie(id, secret);
}

const cookieMember = { originalMaxAge: null, expires: null, httpOnly: true, path: "/" };

test("a logged-in session is accepted", () => accepts({ Cookie: cookie }));

test("the session cookie is found among others", () => accepts({ Cookie: `theme=dark; ${cookie}; last=1` }));

test("a numeric user id is accepted", async () => {
  await accepts({ Cookie: await storedSession({ cookie: cookieMember, passport: { user: 42 } }) });
});

test("the path works without its last slash too", async () => {
  const answer = await request(world.gateway.url + pollingPath.replace("/ws/", "/ws"), { headers: { Cookie: cookie } });
  assert.equal(answer.status, 200);
});

test("no cookie is refused", () => refuses({}));

test("a cookie of another name is refused", () => refuses({ Cookie: cookie.replace("connect.sid", "other.sid") }));

test("a tampered signature is refused", async () => {
  const last = cookie.at(-1);
  await refuses({ Cookie: cookie.slice(0, -1) + (last === "A" ? "B" : "A") });
});

test("a tampered session id is refused", () => refuses({ Cookie: cookie.replace("s%3A", "s%3Ax") }));

test("an unsigned cookie is refused", () => refuses({ Cookie: `connect.sid=${sessionId(cookie)}` }));

test("bytes that are no cookie are refused", () => refuses({ Cookie: "connect.sid=s%3A%FF%00%zz.....;;;=;" }));

test("an unknown session is refused", () => refuses({ Cookie: signedCookie(randomUUID()) }));

test("a session whose time in Redis has passed is refused", async () => {
  const expiring = await world.backend.login(user);
  await accepts({ Cookie: expiring });
  const key = `sess:${sessionId(expiring)}`;
  assert.equal(await world.redis.admin.pExpire(key, 1), 1);
  await eventually(async () => (await world.redis.admin.exists(key)) === 0, "the session is gone from Redis");
  await refuses({ Cookie: expiring });
});

test("an old date inside a session that Redis still has does not count", async () => {
  const stale = { ...cookieMember, originalMaxAge: 1000, expires: "2020-01-01T00:00:00.000Z" };
  await accepts({ Cookie: await storedSession({ cookie: stale, passport: { user } }) });
});

test("a session's cookie is not looked at: whether there is one, or what it is", async () => {
  for (const cookie of [undefined, null, "none", []]) await accepts({ Cookie: await storedSession({ cookie, passport: { user } }) });
});

test("a session that nobody is logged in to is refused", async () => {
  const forgotten = await world.backend.login(user);
  await world.backend.forget(forgotten);
  assert.equal(await world.redis.admin.exists(`sess:${sessionId(forgotten)}`), 1);
  await refuses({ Cookie: forgotten });
  await refuses({ Cookie: await storedSession({ cookie: cookieMember }) });
  await refuses({ Cookie: await storedSession({ cookie: cookieMember, passport: { user: "" } }) });
});

test("a destroyed session is refused", async () => {
  const gone = await world.backend.login(user);
  await world.backend.logout(gone);
  await refuses({ Cookie: gone });
});

test("a record that is no session is refused", async () => {
  for (const record of ["", "no json", "[]", "null", '"x"', '{"cookie":{},"passport":']) {
    await refuses({ Cookie: await storedSession(record) });
  }
});

test("a session signed with the older secret is accepted", async () => {
  const older = await Backend.start(world.redis, { secrets: [OLDER_SECRET] });
  const olderCookie = await older.login(user);
  await older.stop();
  await accepts({ Cookie: olderCookie });
});

test("a session signed with a removed secret is refused", async () => {
  const removed = await Backend.start(world.redis, { secrets: [REMOVED_SECRET] });
  const removedCookie = await removed.login(user);
  await removed.stop();
  await refuses({ Cookie: removedCookie });
});

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`the stock client is told of the refusal, ${name}`, async () => {
    const error = await new Client(world.gateway.url, { transports }).refusal();
    if (transports[0] === "polling") assert.equal(error.description, 401);
  });
}

test("a foreign Origin is forbidden whatever the session", async () => {
  for (const origin of [FOREIGN_ORIGIN, "null", `${ALLOWED_ORIGIN}.evil.example`, "https://example.org", "http://localhost"]) {
    const answers = await refuses({ Cookie: cookie, Origin: origin }, 403, FORBIDDEN);
    for (const { headers } of answers) assert.equal(headers["access-control-allow-origin"], undefined);
  }
  await refuses({ Origin: FOREIGN_ORIGIN }, 403, FORBIDDEN);
});

function assertCors(answer, origin) {
  assert.equal(answer.headers["access-control-allow-origin"], origin);
  assert.equal(answer.headers["access-control-allow-credentials"], "true");
  assert.match(answer.headers.vary, /\bOrigin\b/);
}

test("handshakes that are refused before the session is looked at are counted, and told of with their Origin", async () => {
  const results = (...names) => Promise.all(names.map((name) => world.gateway.metric(`chat_gateway_handshakes_total{result="${name}"}`)));
  const [origin, malformed] = await results("origin", "malformed");
  await refuses({ Cookie: cookie, Origin: "https://told-of.example" }, 403, FORBIDDEN);
  const path = (query) => request(`${world.gateway.url}/ws/?${query}`, { headers: { Cookie: cookie } });
  for (const query of ["EIO=3&transport=polling", "EIO=4&transport=carrier-pigeon", "transport=polling"]) assert.equal((await path(query)).status, 400);
  // No handshake: what it asks for is a session.
  assert.equal((await path(`EIO=3&transport=polling&sid=${"A".repeat(20)}`)).status, 400);
  assert.deepEqual(await results("origin", "malformed"), [origin + 2, malformed + 3]);
  const told = () => world.gateway.process.output.match(/handshake refused reason=origin client=127\.0\.0\.1 origin=https:\/\/told-of\.example\n/g);
  await eventually(() => told()?.length === 2, "both are in the log");
});

test("an allowed Origin gets its CORS headers with the session's answer", async () => {
  for (const origin of [ALLOWED_ORIGIN, "https://shop.example.org"]) {
    for (const answer of await accepts({ Cookie: cookie, Origin: origin })) assertCors(answer, origin);
  }
});

test("an allowed Origin gets its CORS headers with a refusal", async () => {
  for (const answer of await refuses({ Origin: ALLOWED_ORIGIN })) assertCors(answer, ALLOWED_ORIGIN);
});

test("an allowed Origin gets its CORS headers with an Engine.IO error", async () => {
  const answer = await request(`${world.gateway.url}${pollingPath}&sid=unknown`, {
    headers: { Cookie: cookie, Origin: ALLOWED_ORIGIN },
  });
  assert.deepEqual([answer.status, answer.body], [400, '{"code":1,"message":"Session ID unknown"}']);
  assertCors(answer, ALLOWED_ORIGIN);
});

test("so can it those outside of the Engine.IO path, and of bodies that are none", async () => {
  const nowhere = await request(`${world.gateway.url}/nowhere`, { headers: { Origin: ALLOWED_ORIGIN } });
  assert.equal(nowhere.status, 404);
  assertCors(nowhere, ALLOWED_ORIGIN);
  const foreign = await request(`${world.gateway.url}/nowhere`, { headers: { Origin: FOREIGN_ORIGIN } });
  assert.deepEqual([foreign.status, foreign.headers["access-control-allow-origin"]], [404, undefined]);

  const broken = await new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(world.gateway.port, "127.0.0.1");
    socket.setEncoding("utf8").on("data", (chunk) => (text += chunk)).once("end", () => resolve(text)).once("error", reject);
    socket.end(`POST ${pollingPath} HTTP/1.1\r\nHost: x\r\nOrigin: ${ALLOWED_ORIGIN}\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n`);
  });
  assert.match(broken, /^HTTP\/1\.1 400 /);
  assert.ok(broken.includes(`\r\nAccess-Control-Allow-Origin: ${ALLOWED_ORIGIN}\r\n`), broken);
});

test("the gateway's own origin passes", async () => {
  await accepts({ Cookie: cookie, Origin: world.gateway.url });
  const Host = "chat.example.net";
  await accepts({ Cookie: cookie, Host, Origin: `https://${Host}` });
});

test("a preflight is answered 204", async () => {
  const ask = (origin) => request(world.gateway.url + pollingPath, {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-one, x-two" },
  });
  const allowed = await ask(ALLOWED_ORIGIN);
  assert.equal(allowed.status, 204);
  assertCors(allowed, ALLOWED_ORIGIN);
  assert.match(allowed.headers["access-control-allow-methods"], /\bPOST\b/);
  assert.equal(allowed.headers["access-control-allow-headers"], "x-one, x-two");

  const foreign = await ask(FOREIGN_ORIGIN);
  assert.equal(foreign.status, 204);
  assert.equal(foreign.headers["access-control-allow-origin"], undefined);
});

test("only active users get in where a query says who is", async () => {
  await world.postgres.query("CREATE TABLE active (user_id uuid PRIMARY KEY)");
  await world.postgres.query("INSERT INTO active VALUES ($1)", [user]);
  const strict = await world.addGateway({
    postgres: {
      url: world.postgres.url,
      queries: { active_users: "SELECT user_id::text FROM active WHERE user_id::text = ANY($1)" },
    },
  });
  assert.equal((await poll(strict, { Cookie: cookie })).status, 200);
  const stranger = await poll(strict, { Cookie: await world.backend.login(randomUUID()) });
  assert.deepEqual([stranger.status, stranger.body], [401, UNAUTHORIZED]);
});
