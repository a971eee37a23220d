// Two gateways behind nginx, with the cluster's site of docker/nginx: who is sent where, and what becomes of who is sent wrong.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { pollingPath, request } from "./lib/http.mjs";
import { RawPolling } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start();
after(() => world.stop());
const gateways = [world.gateway, await world.addGateway()];
const front = await world.addNginx(gateways);

const chat = await world.postgres.addChat();
async function login() {
  const user = randomUUID();
  await world.postgres.addParticipant(chat, user);
  return world.backend.login(user);
}

/** How many sockets each gateway has. */
const sockets = () => Promise.all(gateways.map((gateway) => gateway.metric("chat_gateway_sockets")));

/** The cookie of a user whom nginx sends to gateway `n`. */
async function userOf(n) {
  for (let tries = 0; tries < 100; tries += 1) {
    const cookie = await login();
    const before = await sockets();
    const client = await new Client(front.url, { cookie }).connect();
    const now = await sockets();
    client.close();
    await eventually(async () => (await sockets()).join() === before.join(), "the client is gone");
    if (now[n] > before[n]) return cookie;
  }
  throw new Error(`nobody of a hundred users was sent to gateway ${n}`);
}

const cookies = [await userOf(0), await userOf(1)];

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`messages reach the clients of both gateways, ${name}`, async () => {
    const before = await sockets();
    const clients = await Promise.all([...cookies, ...cookies].map((cookie) =>
      new Client(front.url, { cookie, transports }).connect()));
    if (transports === transportSettings.upgrade) await Promise.all(clients.map((client) => client.upgraded()));
    assert.deepEqual(await sockets(), before.map((n) => n + 2), "a user's clients are at one gateway");
    const sent = Array.from({ length: 50 }, (_, i) => message(chat, `${name} ${i}`));
    for (const m of sent) world.backend.publish(chat, m);
    for (const client of clients) {
      await client.receives(`${name} 49`);
      assert.deepEqual(client.messages, sent);
      client.close();
    }
    await eventually(async () => (await sockets()).join() === before.join(), "the clients are gone");
  });
}

test("the cookie is found among others", async () => {
  const before = await sockets();
  const client = await new Client(front.url, { cookie: `xconnect.sid=other; theme=dark; ${cookies[1]}; last=1` }).connect();
  const now = await sockets();
  assert.deepEqual([now[0] - before[0], now[1] - before[1]], [0, 1]);
  client.close();
  await eventually(async () => (await sockets()).join() === before.join(), "the client is gone");
});

test("a session of the other gateway is unknown: 400, code 1", async () => {
  const raw = await RawPolling.connect(front.url, { Cookie: cookies[0] });
  const answer = await request(`${front.url}${pollingPath}&sid=${raw.sid}`, { headers: { Cookie: cookies[1] } });
  assert.equal(answer.status, 400);
  assert.equal(JSON.parse(answer.body).code, 1);
  await raw.send("1");
  await eventually(async () => (await sockets()).join() === "0,0", "the session is closed");
});

test("when a gateway dies its stock clients go on at the other one, which does not know their sessions", async () => {
  const clients = await Promise.all(Object.values(transportSettings).map((transports) =>
    new Client(front.url, { cookie: cookies[1], transports, reconnection: true, reconnectionDelay: 50 }).connect()));
  const before = clients.map((client) => client.socket.id);
  const again = clients.map((client) => client.next("connect"));
  await gateways[1].kill();
  await Promise.all(again);
  assert.equal(await gateways[0].metric("chat_gateway_sockets"), clients.length);
  const sent = message(chat, "after the move");
  world.backend.publish(chat, sent);
  for (const [n, client] of clients.entries()) {
    await client.receives(sent.content);
    assert.notEqual(client.socket.id, before[n]);
    assert.ok(!client.socket.recovered);
    client.close();
  }
  await gateways[1].resume();
});

test("when a gateway is stopped its stock clients go on at the other one, with one reconnection each", async () => {
  const clients = await Promise.all([...Object.values(transportSettings), ...Object.values(transportSettings)].map((transports) =>
    new Client(front.url, { cookie: cookies[1], transports, reconnection: true, reconnectionDelay: 50 }).connect()));
  const errors = [];
  for (const client of clients) client.socket.on("connect_error", (error) => errors.push(error.message));
  const again = clients.map((client) => client.next("connect"));
  const stopped = gateways[1].stop();
  await Promise.all(again);
  await stopped;
  assert.deepEqual(errors, []);
  for (const client of clients) {
    assert.equal(client.disconnects.length, 1);
    client.close();
  }
  await gateways[1].resume();
});
