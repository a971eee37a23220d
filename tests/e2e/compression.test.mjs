// engine.compression with the stock clients: permessage-deflate on WebSockets, gzip and deflate on polling.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client } from "./lib/client.mjs";
import { message } from "./lib/backend.mjs";
import { World } from "./lib/world.mjs";

const world = await World.start({ engine: { compression: true } });
after(() => world.stop());
const plainGateway = await world.addGateway();

const user = randomUUID();
const chat = await world.postgres.addChat(user);
const cookie = await world.backend.login(user);
const long = "compressible ".repeat(500);

const received = (client) => client.socket.io.engine.transport.ws._socket.bytesRead;
const sent = (client) => client.socket.io.engine.transport.ws._socket.bytesWritten;

test("a ws client that offers permessage-deflate gets it, and its messages whole", async () => {
  const client = await new Client(world.gateway.url, { cookie }).connect();
  assert.match(client.socket.io.engine.transport.ws.extensions, /^permessage-deflate$/);
  const before = received(client);
  world.backend.publish(chat, message(chat, long));
  assert.equal((await client.receives(long)).content, long);
  assert.ok(received(client) - before < long.length / 10, "it came compressed");
  world.backend.publish(chat, message(chat, "short"));
  await client.receives("short");
  client.close();
});

test("what such a client sends compressed is read", async () => {
  const other = await world.postgres.addChat(randomUUID());
  const client = await new Client(world.gateway.url, { cookie, perMessageDeflate: { threshold: 0 } }).connect();
  const before = sent(client);
  assert.deepEqual(await client.ask("clientJoinRoom", { chat_id: chat, padding: long }), []);
  assert.ok(sent(client) - before < long.length / 10, "it left compressed");
  assert.deepEqual(await client.join(other), []);
  client.close();
});

test("a client that does not offer it gets the same messages plain", async () => {
  const client = await new Client(world.gateway.url, { cookie, perMessageDeflate: false }).connect();
  assert.equal(client.socket.io.engine.transport.ws.extensions, "");
  const before = received(client);
  world.backend.publish(chat, message(chat, long));
  await client.receives(long);
  assert.ok(received(client) - before > long.length, "it came plain");
  client.close();
});

test("a polling client, and one that upgrades", async () => {
  const poller = await new Client(world.gateway.url, { cookie, transports: ["polling"] }).connect();
  const upgrader = await new Client(world.gateway.url, { cookie, transports: ["polling", "websocket"] }).connect();
  await upgrader.upgraded();
  assert.equal(upgrader.socket.io.engine.transport.ws.extensions, "permessage-deflate");
  world.backend.publish(chat, message(chat, long));
  await Promise.all([poller.receives(long), upgrader.receives(long)]);
  poller.close();
  upgrader.close();
});

test("without the setting nothing is agreed upon", async () => {
  const client = await new Client(plainGateway.url, { cookie }).connect();
  assert.equal(client.socket.io.engine.transport.ws.extensions, "");
  const before = received(client);
  world.backend.publish(chat, message(chat, long));
  await client.receives(long);
  assert.ok(received(client) - before > long.length, "it came plain");
  client.close();
});

for (const [accept, coding] of [["gzip, deflate, br", "gzip"], ["deflate, gzip", "deflate"], ["br", null]]) {
  test(`polling by fetch with Accept-Encoding: ${accept}`, async () => {
    const path = `${world.gateway.url}/ws/?EIO=4&transport=polling`;
    const headers = { cookie, "accept-encoding": accept };
    const opened = await (await fetch(path, { headers })).text();
    const url = `${path}&sid=${JSON.parse(opened.slice(1)).sid}`;
    await fetch(url, { method: "POST", body: "40", headers });
    assert.match(await (await fetch(url, { headers })).text(), /^40\{"sid"/);
    world.backend.publish(chat, message(chat, long));
    const answer = await fetch(url, { headers });
    assert.equal(answer.headers.get("content-encoding"), coding);
    assert.match(answer.headers.get("vary"), /Accept-Encoding/);
    assert.ok((await answer.text()).includes(long));
    await fetch(url, { method: "POST", body: "1", headers });
  });
}
