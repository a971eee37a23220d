// Every limit: who stays below it gets in, who goes beyond it is told so, and counted by reason. Addresses are those of 127.0.0.0/8, seen
// through nginx (X-Forwarded-For) or, from a peer that is not trusted, directly.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { SECRET, message } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll, upgrade } from "./lib/http.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const TOO_MANY = '{"code":4,"message":"Too many requests"}';
const FULL = '{"code":5,"message":"Service unavailable"}';

const world = await World.start();
after(() => world.stop());
const login = (user = randomUUID()) => world.backend.login(user);
const from = (address) => ({ "X-Forwarded-For": address });

/** How often handshakes ended like that. */
const count = (gateway, result) => gateway.metric(`chat_gateway_handshakes_total{result="${result}"}`);

/** Both ways in are refused, told the same, and counted for that reason. */
async function refuses(gateway, headers, { through = gateway, status = 429, body = TOO_MANY, retryAfter = "5", result }) {
  const before = await count(gateway, result);
  for (const answer of [await poll(through, headers), await upgrade(through, headers)]) {
    assert.deepEqual([answer.status, answer.body, answer.headers["retry-after"]], [status, body, retryAfter]);
  }
  assert.equal(await count(gateway, result), before + 2);
}
const accepts = async (through, headers) => assert.equal((await poll(through, headers)).status, 200);
/** When the connection that made it full has gone. */
const acceptsAgain = (through, headers) => eventually(async () => (await poll(through, headers)).status === 200, "there is room again");
const open = (url, headers) => RawSocket.connect(url, { headers });

test("connections of all", async () => {
  const gateway = await world.addGateway({ server: { host: "127.0.0.1", max_connections: 2 } });
  const first = await open(gateway.url, { Cookie: await login() });
  const cookie = await login();
  const second = await open(gateway.url, { Cookie: cookie });
  await refuses(gateway, { Cookie: cookie }, { status: 503, body: FULL, result: "max_connections" });
  first.close();
  await acceptsAgain(gateway, { Cookie: cookie });
  second.close();
});

test("connections from an address, as nginx forwards it", async () => {
  const gateway = await world.addGateway({ limits: { connections_per_ip: 2 } });
  const nginx = await world.addNginx(gateway);
  const cookie = await login();
  // nginx appends its own peer, 127.0.0.1, which is a trusted proxy: what is left of it is the client.
  const one = { Cookie: cookie, ...from("192.0.2.1") };
  const first = await open(nginx.url, one);
  const second = await open(nginx.url, one);
  await refuses(gateway, one, { through: nginx, result: "connections_per_ip" });
  await accepts(nginx, { Cookie: cookie, ...from("192.0.2.2") });
  first.close();
  await acceptsAgain(nginx, one);
  second.close();
});

test("connections from an address: what a peer that is not trusted says of others does not count", async () => {
  const gateway = await world.addGateway({ server: { host: "127.0.0.1", trusted_proxies: ["192.0.2.77/32"] }, limits: { connections_per_ip: 1 } });
  const cookie = await login();
  const first = await open(gateway.url, { Cookie: cookie, ...from("192.0.2.1") });
  await refuses(gateway, { Cookie: cookie, ...from("192.0.2.2") }, { result: "connections_per_ip" });
  first.close();
  await acceptsAgain(gateway, { Cookie: cookie, ...from("192.0.2.3") });
});

test("connections of a user, wherever they come from", async () => {
  const gateway = await world.addGateway({ limits: { connections_per_user: 2 } });
  const user = randomUUID();
  const [cookie, another] = [await login(user), await login(user)];
  const first = await open(gateway.url, { Cookie: cookie, ...from("192.0.2.1") });
  const second = await open(gateway.url, { Cookie: another, ...from("192.0.2.2") });
  await refuses(gateway, { Cookie: cookie, ...from("192.0.2.3") }, { result: "connections_per_user" });
  await accepts(gateway, { Cookie: await login() });
  first.close();
  await acceptsAgain(gateway, { Cookie: another });
  second.close();
});

test("handshakes from an address, whether they succeed or not", async () => {
  const gateway = await world.addGateway({ limits: { handshakes_per_ip_per_s: 3 } });
  const cookie = await login();
  // Two seconds' worth at once, and more as time goes by, on a slow machine too: so they are many.
  const kinds = { "192.0.2.1": [{ Cookie: cookie }, poll, 200], "192.0.2.2": [{ Cookie: cookie }, upgrade, 101], "192.0.2.3": [{}, upgrade, 401] };
  let total = 0;
  for (const [address, [headers, ask, status]] of Object.entries(kinds)) {
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(gateway, { ...headers, ...from(address) })));
    const refused = answers.filter((answer) => answer.status !== status);
    assert.ok(refused.length > 0 && refused.length <= 54, `${refused.length} of 60 refused, ${address}`);
    for (const answer of refused) {
      assert.deepEqual([answer.status, answer.body, answer.headers["retry-after"]], [429, TOO_MANY, "1"]);
    }
    total += refused.length;
  }
  assert.equal(await count(gateway, "handshakes_per_ip"), total);
  await accepts(gateway, { Cookie: cookie, ...from("192.0.2.4") });
  await acceptsAgain(gateway, { Cookie: cookie, ...from("192.0.2.1") });
});

test("handshakes that are over the limit ask no store", async () => {
  const gateway = await world.addGateway({ limits: { handshakes_per_ip_per_s: 1 } });
  const cookie = await login();
  await world.redis.admin.configResetStat();
  const statuses = [];
  for (let n = 0; n < 20; n += 1) statuses.push((await poll(gateway, { Cookie: cookie })).status);
  assert.deepEqual(statuses.slice(0, 2), [200, 200]);
  const refused = statuses.filter((status) => status === 429).length;
  assert.ok(refused >= 10, `${statuses}`);
  // Re-reads of live sessions are spread over 30 s; the two that got in have none within this test.
  const reads = Number((await world.redis.admin.info("commandstats")).match(/^cmdstat_get:calls=(\d+)/m)?.[1] ?? 0);
  assert.ok(reads <= 20 - refused, `${reads} sessions were read`);
});
test("events of a socket: two seconds' worth at once, what is more is dropped", async () => {
  const gateway = await world.addGateway({ limits: { events_per_socket_per_s: 5 } });
  const client = await new Client(gateway.url, { cookie: await login() }).connect();
  const other = await new Client(gateway.url, { cookie: await login() }).connect();
  const dropped = () => gateway.metric("chat_gateway_events_dropped_total");
  for (let n = 0; n < 10; n += 1) await client.leave("c");
  assert.equal(await dropped(), 0);
  for (let n = 0; n < 20; n += 1) client.socket.emit("clientLeaveRoom", { chat_id: "c" });
  await eventually(async () => (await dropped()) >= 5, "events are dropped");
  assert.ok(client.socket.connected);
  for (let n = 0; n < 200; n += 1) client.socket.emit("clientLeaveRoom", { chat_id: "c" });
  await eventually(() => client.disconnects.length > 0, "who goes on is disconnected");
  assert.deepEqual(client.disconnects, ["io server disconnect"]);
  assert.equal(await gateway.metric('chat_gateway_sockets_disconnected_total{reason="event_rate"}'), 1);
  await other.leave("c");
  client.close();
  other.close();
});

test("rooms of a socket: as many as may be, and further joins are denied", async () => {
  const gateway = await world.addGateway({ limits: { rooms_per_socket: 3 } });
  const user = randomUUID();
  const client = await new Client(gateway.url, { cookie: await login(user) }).connect();
  const chats = [];
  for (let n = 0; n < 4; n += 1) chats.push(await world.postgres.addChat(user));
  for (const chat of chats) await client.join(chat);
  for (const chat of chats) world.backend.publish(chat, message(chat, chat));
  await client.receives(chats[2]);
  const denied = () => gateway.metric('chat_gateway_room_joins_failed_total{reason="limit"}');
  assert.equal(await denied(), 1);
  await client.leave(chats[0]);
  await client.join(chats[3]);
  world.backend.publish(chats[3], message(chats[3], "there is room again"));
  await client.receives("there is room again");
  assert.deepEqual(client.contents, [...chats.slice(0, 3), "there is room again"]);
  assert.equal(await denied(), 1);
  client.close();
  // Of a list that is too long the first ones count.
  const again = await new Client(gateway.url, { cookie: await login(user) }).connect();
  assert.equal(await denied(), 2);
  await eventually(async () => (await gateway.metric("chat_gateway_room_memberships")) === 3, "only its own are left");
  again.close();
});

test("without limits nobody is refused", async () => {
  const gateway = await world.addGateway({ session: { secrets: [SECRET] } });
  const cookie = await login();
  const sockets = [];
  for (let n = 0; n < 120; n += 1) sockets.push(await open(gateway.url, { Cookie: cookie, ...from("192.0.2.1") }));
  assert.equal(await count(gateway, "accepted"), 120);
  for (const socket of sockets) socket.close();
});
