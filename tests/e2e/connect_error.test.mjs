// session.reject connect_error: a refused session is told by the answer to CONNECT, on which the stock client stops.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { SECRET, message, signedCookie } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { poll, upgrade } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const refusing = { session: { secrets: [SECRET], reject: "connect_error" } };
const impatient = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 20, timeout: 5000 };

const world = await World.start(refusing);
after(() => world.stop());
const knocking = await world.addGateway(); // refuses by HTTP: the measure of time for clients that must not knock

const refused = (reason) => world.gateway.metric(`chat_gateway_handshakes_total{result="${reason}"}`);

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`the stock client is told once and stays away, ${name}`, async () => {
    const before = await refused("no_cookie");
    const client = new Client(world.gateway.url, { transports, ...impatient });
    const error = await client.refusal();
    assert.equal(error.message, "Unauthorized");
    assert.equal(client.socket.active, false);
    assert.equal(client.socket.connected, false);
    // A client of the other kind comes back many times meanwhile.
    const control = new Client(knocking.url, { transports, ...impatient });
    const result = 'chat_gateway_handshakes_total{result="no_cookie"}';
    const from = await knocking.metric(result);
    control.socket.connect();
    await eventually(async () => (await knocking.metric(result)) >= from + 10, "the other client has come back ten times");
    control.close();
    assert.equal(await refused("no_cookie"), before + 1);
    await eventually(async () => (await world.gateway.metric("chat_gateway_refused_sessions")) === 0, "the client has closed the session");
    assert.equal(await world.gateway.metric("chat_gateway_sockets"), 0);
  });
}

test("a login and connect() bring the client in", async () => {
  const client = new Client(world.gateway.url, { ...impatient });
  assert.equal((await client.refusal()).message, "Unauthorized");
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  client.headers.cookie = await world.backend.login(user);
  await client.connect();
  world.backend.publish(chat, message(chat, "welcome"));
  await client.receives("welcome");
  client.close();
});

test("after a logout while connected the client stays away, and is told when it asks again", async () => {
  const settings = { session: { ...refusing.session, recheck_ms: 300 } };
  const gateway = await world.addGateway(settings);
  const cookie = await world.backend.login(randomUUID());
  const client = await new Client(gateway.url, { cookie, ...impatient }).connect();
  await world.backend.logout(cookie);
  await eventually(() => client.disconnects.length > 0, "the socket is disconnected");
  assert.deepEqual(client.disconnects, ["io server disconnect"]);
  assert.equal((await client.refusal()).message, "Unauthorized");
  assert.equal(client.socket.active, false);
});

test("a store that cannot be reached is told by HTTP: the client is to come back", async () => {
  const cookie = await world.backend.login(randomUUID());
  await world.redis.stop();
  const answers = [await poll(world.gateway, { Cookie: cookie }), await upgrade(world.gateway, { Cookie: cookie })];
  for (const answer of answers) assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "5"]);
  await world.redis.resume();
});

test("a foreign Origin is still told by HTTP", async () => {
  for (const answer of [await poll(world.gateway, { Origin: "http://evil.example" }), await upgrade(world.gateway, { Origin: "http://evil.example" })]) {
    assert.deepEqual([answer.status, answer.body], [403, '{"code":4,"message":"Forbidden"}']);
  }
});

test("a limit is still told by HTTP", async () => {
  const narrow = await world.addGateway({ ...refusing, limits: { handshakes_per_ip_per_s: 1 } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => poll(narrow, { Cookie: signedCookie("gone") })));
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  assert.ok(count(200) >= 2 && count(429) > 0, `200: ${count(200)}, 429: ${count(429)}`);
  assert.equal(count(200) + count(429), answers.length);
});
