// SIGHUP: what changes, what does not, and nobody is disconnected.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { SECRET, message, signedCookie } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { poll } from "./lib/http.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const NEW_SECRET = "a newer secret";
// Several loops: each gets the new values.
const world = await World.start({ server: { threads: 4 }, log: { level: "info" }, limits: { events_per_socket_per_s: 50 } });
after(() => world.stop());
const { gateway } = world;
const original = JSON.parse(readFileSync(gateway.config, "utf8"));
const chat = await world.postgres.addChat();

async function member() {
  const user = randomUUID();
  await world.postgres.addParticipant(chat, user);
  await world.redis.admin.set(`sess:of-${user}`, JSON.stringify({ cookie: { originalMaxAge: null }, passport: { user } }));
  return { user, signed: (secret) => signedCookie(`of-${user}`, secret) };
}

/** The settings of the start with these changes, or a text as it is; returns what the log says of it. */
async function reload(changes) {
  const from = gateway.process.output.length;
  const merged = typeof changes === "string" ? changes : structuredClone(original);
  if (typeof changes === "object") for (const [section, values] of Object.entries(changes)) merged[section] = { ...merged[section], ...values };
  writeFileSync(gateway.config, typeof merged === "string" ? merged : JSON.stringify(merged));
  gateway.process.child.kill("SIGHUP");
  const said = () => gateway.process.output.slice(from);
  await eventually(() => /(configuration reloaded|not reloaded).*\n/.test(said()), "the reload is over");
  return said();
}

/** Handshakes until every loop has had some: SO_REUSEPORT spreads connections by their ports. */
async function statuses(headers) {
  const all = await Promise.all(Array.from({ length: 40 }, () => poll(gateway, headers)));
  return [...new Set(all.map(({ status }) => status))];
}

let staying;
before(async () => {
  const one = await member();
  staying = await new Client(gateway.url, { cookie: one.signed(SECRET) }).connect();
});

/** The client from before is there, and served. */
async function stays(text) {
  world.backend.publish(chat, message(chat, text));
  await staying.receives(text);
  assert.deepEqual(staying.disconnects, []);
}

test("new secrets count at once, on every loop; old ones that stay in the list too", async () => {
  const one = await member();
  assert.deepEqual(await statuses({ Cookie: one.signed(NEW_SECRET) }), [401]);
  const said = await reload({ session: { secrets: [NEW_SECRET, SECRET] } });
  assert.match(said, /info changed key=session.secrets\n/);
  assert.ok(!said.includes(NEW_SECRET) && !said.includes(SECRET), said);
  assert.deepEqual(await statuses({ Cookie: one.signed(NEW_SECRET) }), [200]);
  assert.deepEqual(await statuses({ Cookie: one.signed(SECRET) }), [200]);
  await reload({ session: { secrets: [NEW_SECRET] } });
  assert.deepEqual(await statuses({ Cookie: one.signed(SECRET) }), [401]);
  await stays("after the secrets");
  await reload({});
});

test("origins", async () => {
  const headers = { Cookie: (await member()).signed(SECRET), Origin: "https://new.example" };
  assert.deepEqual(await statuses(headers), [403]);
  await reload({ cors: { origins: ["https://new.example"] } });
  assert.deepEqual(await statuses(headers), [200]);
  await reload({});
  assert.deepEqual(await statuses(headers), [403]);
  await stays("after the origins");
});

test("limits: switched on, changed, switched off", async () => {
  const one = await member();
  const cookie = one.signed(SECRET);
  const uncounted = await new Client(gateway.url, { cookie }).connect();
  assert.match(await reload({ limits: { connections_per_user: 2 } }), /info changed key=limits.connections_per_user\n/);
  const counted = [await new Client(gateway.url, { cookie }).connect(), await new Client(gateway.url, { cookie }).connect()];
  assert.deepEqual(await statuses({ Cookie: cookie }), [429]);
  await reload({ limits: { connections_per_user: 3 } });
  counted.push(await new Client(gateway.url, { cookie }).connect());
  assert.deepEqual(await statuses({ Cookie: cookie }), [429]);
  await reload({});
  assert.deepEqual(await statuses({ Cookie: cookie }), [200]);
  for (const client of [uncounted, ...counted]) {
    assert.deepEqual(client.disconnects, []);
    client.close();
  }
});

test("limits of sockets that are there already", async () => {
  const one = await member();
  const raw = await RawSocket.connect(gateway.url, { headers: { Cookie: one.signed(SECRET) } });
  await reload({ limits: { rooms_per_socket: 1 } });
  const other = await world.postgres.addChat(one.user);
  raw.send(`420["clientJoinRoom",{"chat_id":"${other}"}]`);
  assert.equal(await raw.next(), "430[]");
  world.backend.publish(other, message(other, "not in it"));
  await reload({ limits: { rooms_per_socket: 100 } });
  raw.send(`421["clientJoinRoom",{"chat_id":"${other}"}]`);
  assert.equal(await raw.next(), "431[]");
  world.backend.publish(other, message(other, "in it"));
  assert.match(await raw.next(), /"in it"/);
  raw.close();
  await reload({});
});

test("the log's level", async () => {
  const refused = () => poll(gateway);
  let from = gateway.process.output.length;
  await refused();
  await reload({ log: { level: "debug" } });
  assert.ok(!/handshake refused/.test(gateway.process.output.slice(from)));
  from = gateway.process.output.length;
  await refused();
  await eventually(() => /handshake refused/.test(gateway.process.output.slice(from)), "debug lines");
  await reload({});
});

test("keys that need a restart are named, and keep their value", async () => {
  const said = await reload({ server: { max_connections: 5000, drain_ms: 2000 }, engine: { compression: true } });
  assert.match(said, /warn changed, and counts after a restart key=server.drain_ms\n/);
  assert.match(said, /warn changed, and counts after a restart key=engine.compression\n/);
  assert.match(said, /info changed key=server.max_connections\n/);
  assert.match(said, /info configuration reloaded changed=1\n/);
  await reload({});
});

test("a bad file changes nothing, and the log has every fault", async () => {
  const one = await member();
  let said = await reload({ session: { secrets: [] }, limits: { rooms_per_socket: 0 }, cors: { origins: ["nonsense"] } });
  for (const key of ["session.secrets", "limits.rooms_per_socket", "cors.origins"]) {
    assert.match(said, new RegExp(`error configuration fault fault="${key.replace(".", "\\.")}: `));
  }
  assert.match(said, /error not reloaded: the running configuration stays faults=3\n/);
  said = await reload("{ nonsense");
  assert.match(said, /is not JSON/);
  assert.deepEqual(await statuses({ Cookie: one.signed(SECRET) }), [200]);
  await stays("after bad files");
  await reload({});
});
