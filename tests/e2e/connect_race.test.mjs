// A message published once the client saw `connect` is never missed.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { inParallel } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const REPETITIONS = 200;

const world = await World.start();
after(() => world.stop());

test("200 messages published at the moment of connect all arrive", { timeout: 240_000 }, async () => {
  const settings = Object.values(transportSettings);
  const attempts = Array.from({ length: REPETITIONS }, (_, i) => i);
  let arrived = 0;
  await inParallel(attempts, 6, async (i) => {
    // A room of its own, so that the gateway has to subscribe to it first.
    const user = randomUUID();
    const chat = await world.postgres.addChat(user);
    const cookie = await world.backend.login(user);
    assert.equal(await world.redis.subscribers(chat), 0);

    const client = new Client(world.gateway.url, { cookie, transports: settings[i % settings.length] });
    client.socket.once("connect", () => world.backend.publish(chat, message(chat, `race ${i}`)));
    await client.connect();
    await client.receives(`race ${i}`);
    assert.equal(client.messages.length, 1);
    client.close();
    arrived += 1;
  });
  assert.equal(arrived, REPETITIONS);
});
