// docs/asyncapi.yaml says what clients of the gateway see: every example of every message is sent, or provoked, and held against its schema.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { COOKIE, SECRET, message as someMessage } from "./lib/backend.mjs";
import { Client } from "./lib/client.mjs";
import { Schemas, closed, readAsyncApi } from "./lib/documents.mjs";
import { pollingPath, postJson, request } from "./lib/http.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const asyncApi = closed(readAsyncApi());
const { messages } = asyncApi.components;
const schemas = new Schemas(asyncApi);

const world = await World.start();
after(() => world.stop());
const forgetful = await world.addGateway({ socket: { recovery_ms: 0 } });
const streaming = await world.addGateway({ bus: { kind: "redis-streams" } });
const refusing = await world.addGateway({ session: { secrets: [SECRET], reject: "connect_error" } });

const login = (user = randomUUID()) => world.backend.login(user);

/** "refusal: too many": the examples that a test has met. */
const met = new Set();
const nameOf = (message, example) => `${message}: ${example.name ?? JSON.stringify(example.payload)}`;
const allExamples = Object.entries(messages).flatMap(([name, { examples }]) => examples.map((example) => [name, example]));

function examplesOf(name) {
  for (const example of messages[name].examples) met.add(nameOf(name, example));
  return messages[name].examples;
}

/** What has been received or is sent is a message of this name. */
function check(name, payload, headers) {
  schemas.check(messages[name].payload, payload, name);
  if (headers) schemas.check(messages[name].headers, headers, `headers of ${name}`);
}

test("every message has examples, and they fit its schema", () => {
  for (const [name, { examples }] of Object.entries(messages)) assert.ok(examples?.length > 0, name);
  for (const [name, { payload, headers }] of allExamples) check(name, payload, headers);
});

test("the session cookie and the path are those of the document", async () => {
  const { session } = asyncApi.components.securitySchemes;
  assert.deepEqual([session.in, session.name], ["cookie", COOKIE]);
  const { required, properties } = asyncApi.channels.handshake.bindings.ws.query;
  assert.deepEqual(required, ["EIO", "transport"]);
  for (const transport of properties.transport.enum) {
    const url = `${world.gateway.url}${asyncApi.channels.handshake.address}?EIO=${properties.EIO.const}&transport=${transport}`;
    const cookie = await login();
    if (transport === "polling") assert.equal((await request(url, { headers: { cookie } })).status, 200);
    else (await RawSocket.open(world.gateway.url, { headers: { cookie }, path: new URL(url).pathname + new URL(url).search })).close();
  }
  for (const { pathname } of Object.values(asyncApi.servers)) {
    assert.equal((await request(`${world.gateway.url}${pathname}${new URL(pollingPath, "http://x").search}`)).status, 401);
  }
});

test("open", async () => {
  const [example] = examplesOf("open");
  const answer = await request(world.gateway.url + pollingPath, { headers: { cookie: await login() } });
  assert.equal(answer.body[0], "0");
  const polling = JSON.parse(answer.body.slice(1));
  check("open", polling);
  assert.deepEqual(polling, { ...example.payload, sid: polling.sid });
  const raw = await RawSocket.open(world.gateway.url, { headers: { cookie: await login() } });
  const websocket = JSON.parse((await raw.next()).slice(1));
  check("open", websocket);
  assert.deepEqual(websocket, { ...polling, sid: websocket.sid, upgrades: [] });
  raw.close();
});

/** How each refusal comes about. */
const refusals = {
  "unknown transport": () => request(`${world.gateway.url}/ws/?EIO=4&transport=pigeon`),
  "unknown session": () => request(`${world.gateway.url}${pollingPath}&sid=AAAAB1cGmd2CjBCzXJ2w`),
  "handshake by POST": () => request(world.gateway.url + pollingPath, { method: "POST" }),
  "WebSocket without an upgrade": () => request(`${world.gateway.url}/ws/?EIO=4&transport=websocket`),
  "other protocol": () => request(`${world.gateway.url}/ws/?EIO=3&transport=polling`),
  "no session": () => request(world.gateway.url + pollingPath),
  "foreign page": () => request(world.gateway.url + pollingPath, { headers: { Origin: "https://elsewhere.example" } }),
  "too many": () => secondHandshake({ limits: { connections_per_user: 1 } }),
  full: () => secondHandshake({ server: { max_connections: 1 } }),
};

async function secondHandshake(settings) {
  const gateway = await world.addGateway(settings);
  const headers = { cookie: await login() };
  assert.equal((await request(gateway.url + pollingPath, { headers })).status, 200);
  return request(gateway.url + pollingPath, { headers });
}

for (const example of messages.refusal.examples) {
  test(`refusal: ${example.name}`, async () => {
    const answer = await refusals[example.name]();
    const headers = { status: answer.status };
    if (answer.headers["retry-after"]) headers["retry-after"] = answer.headers["retry-after"];
    check("refusal", JSON.parse(answer.body), headers);
    assert.deepEqual({ headers, payload: JSON.parse(answer.body) }, { headers: example.headers, payload: example.payload });
    met.add(nameOf("refusal", example));
  });
}

test("what the stock client says of a refused handshake", async () => {
  const polling = new Client(world.gateway.url, { transports: ["polling"], reconnection: true, reconnectionDelay: 60_000 });
  const error = await polling.refusal();
  assert.deepEqual([error.message, error.description, polling.socket.active], ["xhr poll error", 401, true]);
  const websocket = new Client(world.gateway.url, { reconnection: true, reconnectionDelay: 60_000 });
  assert.equal((await websocket.refusal()).message, "websocket error");
  assert.equal(websocket.socket.active, true);
  polling.close();
  websocket.close();
});

test("CONNECT, and connect", async () => {
  const [recoverable, without] = examplesOf("connect");
  const answers = { [recoverable.name]: world.gateway, [without.name]: forgetful };
  for (const connect of examplesOf("CONNECT")) {
    for (const example of [recoverable, without]) {
      const raw = await RawSocket.open(answers[example.name].url, { headers: { cookie: await login() } });
      await raw.next();
      raw.send(`40${JSON.stringify(connect.payload)}`);
      const answer = await raw.next();
      assert.equal(answer.slice(0, 2), "40");
      const payload = JSON.parse(answer.slice(2));
      check("connect", payload);
      assert.deepEqual(Object.keys(payload), Object.keys(example.payload), example.name);
      raw.close();
    }
  }
});

test("what the stock client sends to be recovered", async () => {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const proxy = await Proxy.start(world.gateway);
  const client = new Client(proxy.url, { cookie: await login(user), reconnection: true, reconnectionDelay: 5 });
  const sent = [];
  client.socket.io.on("open", () => client.socket.io.engine.on("packetCreate", ({ type, data }) => {
    if (type === "message" && data.startsWith("0")) sent.push(data.slice(1));
  }));
  await client.connect();
  const { id } = client.socket;
  world.backend.publish(chat, someMessage(chat, "before"));
  await client.receives("before");
  proxy.cut();
  await eventually(() => client.socket.connected && client.socket.recovered, "the client is recovered");
  assert.equal(client.socket.id, id);
  assert.equal(sent[0], "");
  const claim = JSON.parse(sent.at(-1));
  check("CONNECT", claim);
  assert.deepEqual(Object.keys(claim), Object.keys(messages.CONNECT.examples.at(-1).payload));
  client.close();
  proxy.stop();
});

test("connect_error", async () => {
  const [unauthorized, otherNamespace] = examplesOf("connect_error");
  const provoked = [
    [unauthorized, refusing, { namespace: "" }, "44"],
    [otherNamespace, world.gateway, { namespace: "/other", cookie: await login() }, "44/other,"],
  ];
  for (const [example, gateway, { namespace, cookie }, packet] of provoked) {
    const client = new Client(gateway.url, { namespace, cookie, reconnection: true });
    const error = await client.refusal();
    assert.deepEqual({ message: error.message }, example.payload);
    assert.equal(client.socket.active, false);
    client.close();
    const raw = await RawSocket.open(gateway.url, { headers: cookie ? { cookie } : {} });
    await raw.next();
    raw.send(namespace ? `40${namespace},` : "40");
    const answer = await raw.next();
    assert.ok(answer.startsWith(packet), answer);
    check("connect_error", JSON.parse(answer.slice(packet.length)));
    assert.deepEqual(JSON.parse(answer.slice(packet.length)), example.payload);
    raw.close();
  }
});

/** How each reason comes about; with a client that is connected through the proxy to the gateway. */
const ends = {
  "io server disconnect": { provoke: ({ gateway, user }) => gateway.admin(`/v1/users/${user}`, { method: "DELETE" }) },
  "transport close": { provoke: ({ gateway }) => gateway.process.child.kill("SIGTERM") },
  "transport error": { transports: ["polling"], provoke: ({ proxy }) => (proxy.close(), proxy.cut()) },
  "ping timeout": {
    settings: { engine: { ping_interval_ms: 300, ping_timeout_ms: 300 } },
    provoke: async ({ gateway, client }) => {
      gateway.process.child.kill("SIGSTOP");
      await eventually(() => client.disconnects.length > 0, "the client notices");
      gateway.process.child.kill("SIGCONT");
    },
  },
  "io client disconnect": { provoke: ({ client }) => client.socket.disconnect() },
};

for (const example of messages.disconnect.examples) {
  test(`disconnect: ${example.payload}`, async () => {
    const { provoke, settings, transports } = ends[example.payload];
    const gateway = await world.addGateway({ ...settings });
    const proxy = await Proxy.start(gateway);
    const user = randomUUID();
    const client = new Client(proxy.url, { cookie: await login(user), transports, reconnection: true, reconnectionDelay: 60_000 });
    await client.connect();
    await provoke({ gateway, proxy, client, user });
    await eventually(() => client.disconnects.length > 0, "the client is disconnected");
    assert.deepEqual(client.disconnects, [example.payload]);
    check("disconnect", client.disconnects[0]);
    const [, then] = messages.disconnect.description.match(new RegExp(`^\\| \`${example.payload}\` \\|.*\\| (.*) \\|$`, "m"));
    assert.equal(then, client.socket.active ? "comes back by itself" : "stays away until `socket.connect()`");
    met.add(nameOf("disconnect", example));
    client.close();
    proxy.stop();
  });
}

test("clientJoinRoom, serverMessage and clientLeaveRoom, by the same chat", async () => {
  const [join] = examplesOf("clientJoinRoom");
  const [leave] = examplesOf("clientLeaveRoom");
  const [done] = examplesOf("done");
  const chat = join.payload.chat_id;
  const user = randomUUID();
  const home = await world.postgres.addChat(user);
  await world.postgres.query("INSERT INTO chats (chat_id, name) VALUES ($1, 'of the document')", [chat]);
  const client = await new Client(world.gateway.url, { cookie: await login(user) }).connect();
  await world.postgres.addParticipant(chat, user);
  const [{ payload }] = messages.serverMessage.examples;
  assert.equal(payload.chat_id, chat);
  /** How often it arrives: one more message, to the user's own room, tells when to look. */
  const delivered = async () => {
    const end = randomUUID();
    world.backend.publish(chat, payload);
    world.backend.publish(home, someMessage(home, end));
    await client.receives(end);
    return client.messages.splice(0).length - 1;
  };
  assert.equal(await delivered(), 0);
  for (const [event, example, times] of [["clientJoinRoom", join, 1], ["clientLeaveRoom", leave, 0]]) {
    const ack = await client.ask(event, example.payload);
    check("done", ack);
    assert.deepEqual(ack, done.payload);
    assert.equal(await delivered(), times, event);
  }
  client.close();
});

test("serverMessage, with its offset or without", async () => {
  const [plain, stream, without] = examplesOf("serverMessage");
  // No form of an offset is promised, but the examples are to look like what is sent.
  const provoked = [
    [plain, world.gateway, /^[\w-]+\.\d+$/],
    [stream, streaming, /^\d+-\d+$/],
    [without, forgetful, undefined],
  ];
  for (const [example, gateway, form] of provoked) {
    const { chat_id: chat } = example.payload;
    const user = randomUUID();
    await world.postgres.query("INSERT INTO chats (chat_id, name) VALUES ($1, 'of the document') ON CONFLICT DO NOTHING", [chat]);
    await world.postgres.addParticipant(chat, user);
    const client = await new Client(gateway.url, { cookie: await login(user) }).connect();
    const arrived = new Promise((resolve) => client.socket.once("serverMessage", (...args) => resolve(args)));
    assert.equal((await postJson(`${gateway.adminUrl}/v1/messages`, example.payload)).status, 202);
    const [payload, ...further] = await arrived;
    assert.deepEqual(payload, example.payload);
    assert.equal(further.length, form ? 1 : 0, `${example.name}: ${further}`);
    const headers = form ? { offset: further[0] } : {};
    check("serverMessage", payload, headers);
    for (const one of [headers, example.headers ?? {}]) {
      assert.deepEqual(Object.keys(one), form ? ["offset"] : []);
      if (form) assert.match(one.offset, form);
    }
    client.close();
  }
});

test("what the schema of a room refuses is malformed, and nothing else is", async () => {
  const client = await new Client(world.gateway.url, { cookie: await login() }).connect();
  const malformed = () => world.gateway.metric("chat_gateway_events_malformed_total");
  const ids = [null, 7, true, "", "x", "x".repeat(256), "x".repeat(257), [], {}, ["x"]];
  const payloads = [null, 7, "x", [], {}, { chatId: "x" }, { chat_id: "x", more: 1 }, ...ids.map((chat_id) => ({ chat_id }))];
  const open = new Schemas(readAsyncApi());
  for (const event of ["clientJoinRoom", "clientLeaveRoom"]) {
    for (const payload of payloads) {
      const before = await malformed();
      check("done", await client.ask(event, payload));
      const refused = (await malformed()) - before;
      const fits = open.accepts(messages[event].payload, payload);
      assert.equal(refused, fits ? 0 : 1, `${event} ${JSON.stringify(payload).slice(0, 60)}`);
    }
  }
  client.close();
});

test("every example of the document has been met", () => {
  assert.deepEqual([...met].sort(), allExamples.map(([name, example]) => nameOf(name, example)).sort());
});
