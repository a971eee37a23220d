// Behind nginx, with the site of docker/nginx, which goes to one gateway by TCP and to another by its AF_UNIX socket.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { chmodSync, chownSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { Client, transportSettings } from "./lib/client.mjs";
import { poll, upgrade } from "./lib/http.mjs";
import { account, privateDirectory } from "./lib/machine.mjs";
import { RawPolling } from "./lib/raw.mjs";
import { ALLOWED_ORIGIN, World } from "./lib/world.mjs";

/** Sockets in it are nginx's group's, whose user is another one if we are root. */
function socketDirectory() {
  const directory = privateDirectory("socket");
  const { gid } = account("www-data");
  if (gid !== undefined) {
    chownSync(directory, process.getuid(), gid);
    chmodSync(directory, 0o2750);
  }
  return directory;
}

const world = await World.start();
after(() => world.stop());
const nginx = await world.addNginx();
const local = await world.addGateway({ server: { port: 0, unix_socket: join(socketDirectory(), "public.sock") } });
const byWay = { TCP: nginx, "the unix socket": await world.addNginx(local) };

const user = randomUUID();
const chat = await world.postgres.addChat(user);
const cookie = await world.backend.login(user);

for (const [way, front] of Object.entries(byWay)) {
  for (const [name, transports] of Object.entries(transportSettings)) {
    test(`messages arrive through nginx by ${way}, ${name}`, async () => {
      const client = await new Client(front.url, { cookie, transports }).connect();
      if (transports === transportSettings.upgrade) await client.upgraded();
      const sent = Array.from({ length: 100 }, (_, i) => message(chat, `${way} ${name} ${i}`));
      for (const m of sent) world.backend.publish(chat, m);
      await client.receives(`${way} ${name} 99`);
      assert.deepEqual(client.messages, sent);
      assert.equal(client.transport, name === "polling" ? "polling" : "websocket");
      client.close();
    });
  }

  test(`the address that nginx tells is believed, by ${way}`, async () => {
    const gateway = front === nginx ? world.gateway : local;
    // nginx appends its own client, which is a trusted proxy as well.
    assert.equal((await poll(front, { "X-Forwarded-For": "192.0.2.66, 198.51.100.7" })).status, 401);
    await gateway.process.prints(/handshake refused reason=\S+ client=198\.51\.100\.7\n/);
  });
}

test("joins and leaves pass", async () => {
  const later = await world.postgres.addChat(user);
  const client = await new Client(nginx.url, { cookie }).connect();
  await client.leave(later);
  await client.join(later);
  world.backend.publish(later, message(later, "joined"));
  await client.receives("joined");
});

test("refusals pass as the gateway wrote them", async () => {
  for (const ask of [poll, upgrade]) {
    const unauthorized = await ask(nginx, { Origin: ALLOWED_ORIGIN });
    assert.deepEqual([unauthorized.status, unauthorized.body], [401, '{"code":4,"message":"Unauthorized"}']);
    assert.equal(unauthorized.headers["access-control-allow-origin"], ALLOWED_ORIGIN);
    const forbidden = await ask(nginx, { Cookie: cookie, Origin: "http://evil.example" });
    assert.deepEqual([forbidden.status, forbidden.body], [403, '{"code":4,"message":"Forbidden"}']);
  }
});

test("the Host that the browser saw reaches the gateway: nginx's own origin passes", async () => {
  assert.equal((await poll(nginx, { Cookie: cookie, Origin: nginx.url })).status, 200);
  assert.equal((await upgrade(nginx, { Cookie: cookie, Origin: nginx.url })).status, 101);
});

test("a body over the gateway's limit is the gateway's 413, and the session lives on", async () => {
  const raw = await RawPolling.connect(nginx.url, { Cookie: cookie });
  assert.equal((await raw.send(`42["e","${"x".repeat(1_000_000)}"]`)).status, 413);
  const sent = message(chat, randomUUID());
  world.backend.publish(chat, sent);
  await raw.receives(sent.content);
});
