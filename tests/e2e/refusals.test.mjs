// The table of refusals in docs/frontend.md, as the stock client sees them where it begins: with polling.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client, transportSettings } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const transports = transportSettings.upgrade;
const world = await World.start({ limits: { connections_per_user: 1 } });
after(() => world.stop());

/** Refused with this status; it goes on trying by itself, and is in when `mend` has been called. */
async function refusedUntil(gateway, cookie, status, mend) {
  const client = new Client(gateway.url, { cookie, transports, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
  const error = await client.refusal();
  assert.deepEqual([error.message, error.description, client.socket.active], ["xhr poll error", status, true]);
  const connected = client.next("connect");
  await mend();
  await connected;
  client.close();
}

test("429: more connections than a user may have", async () => {
  const cookie = await world.backend.login(randomUUID());
  const first = await new Client(world.gateway.url, { cookie, transports }).connect();
  await refusedUntil(world.gateway, cookie, 429, () => first.close());
});

test("503: the gateway is full", async () => {
  const gateway = await world.addGateway({ server: { max_connections: 1 } });
  const first = await new Client(gateway.url, { cookie: await world.backend.login(randomUUID()), transports }).connect();
  await refusedUntil(gateway, await world.backend.login(randomUUID()), 503, () => first.close());
});

test("400, code 5: a client of version 2", async () => {
  const answer = await request(`${world.gateway.url}/ws/?EIO=3&transport=polling`);
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 5]);
});

test("a message that is too large ends the socket, which comes back", async () => {
  const cookie = await world.backend.login(randomUUID());
  const client = await new Client(world.gateway.url, { cookie, reconnection: true, reconnectionDelay: 50 }).connect();
  client.socket.emit("clientJoinRoom", { chat_id: "x".repeat(1_100_000) });
  await eventually(() => client.disconnects.length === 1 && client.socket.connected, "it is back");
  assert.match(client.disconnects[0], /^transport (close|error)$/);
  client.close();
});
