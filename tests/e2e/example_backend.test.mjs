// The stack of docker/compose.yaml without containers: its database, its back end, its nginx site, the gateway by AF_UNIX between them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startBrowser } from "./lib/browser.mjs";
import { Client, closeAllClients, transportSettings } from "./lib/client.mjs";
import { ExampleBackend, Visitor, manifests, manualTest } from "./lib/example_backend.mjs";
import { makeExampleDatabase } from "./lib/example_database.mjs";
import { Gateway, root } from "./lib/gateway.mjs";
import { poll, request } from "./lib/http.mjs";
import { privateDirectory } from "./lib/machine.mjs";
import { Nginx } from "./lib/nginx.mjs";
import { Postgres } from "./lib/postgres.mjs";
import { Redis } from "./lib/redis.mjs";
import { PATIENCE_MS } from "./lib/wait.mjs";

const SECRET = "a secret of both";
const ends = [];
let nginx, redis, browser;

/** Stops it at the end, the last started first. */
function ending(server, end = () => server.stop()) {
  ends.unshift(end);
  return server;
}

before(async () => {
  redis = ending(await Redis.start(), () => redis.process.stop());
  await redis.admin.sendCommand(["CONFIG", "SET", "notify-keyspace-events", "Kgxe"]);
  const postgres = ending(await Postgres.start());
  const urls = await makeExampleDatabase(postgres);
  const gateway = ending(await Gateway.start({
    server: { port: 0, unix_socket: join(privateDirectory("socket"), "public.sock"), unix_mode: "0666" },
    session: { secrets: [SECRET] },
    redis: { url: redis.url },
    postgres: { url: urls.gateway },
  }));
  const backend = ending(await ExampleBackend.start({ secret: SECRET, redisUrl: redis.url, databaseUrl: urls.backend }));
  const locations = readFileSync(join(root, "docker/example-backend/nginx-locations.conf"), "utf8");
  assert.match(locations, /http:\/\/backend:3000;/);
  nginx = await Nginx.start(gateway, { locations: locations.replace("backend:3000", `127.0.0.1:${backend.port}`) });
  ending(nginx, () => nginx.process.stop());
  browser = ending(await startBrowser(), () => browser.close());
});
after(async () => {
  closeAllClients();
  for (const end of ends) await end();
});

const connect = (visitor, transports) => new Client(nginx.url, { cookie: visitor.cookie, transports }).connect();

async function visitor(name) {
  const one = new Visitor(nginx.url);
  const answer = await one.login(name);
  assert.deepEqual([answer.status, answer.body.name], [200, name]);
  return one;
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`the manual test of the specification, ${name}`, async () => {
    const message = await manualTest(nginx.url, (who) => connect(who, transports), `by ${name}: €`);
    assert.deepEqual(Object.keys(message), ["chat_id", "message_id", "author", "content", "timestamp", "type"]);
    assert.equal(message.type, "text");
    assert.ok(Math.abs(message.timestamp - Date.now()) < 60_000, "milliseconds since 1970");
  });
}

test("a message reaches the members of its chat, who it is from included, and nobody else", async () => {
  const [ada, grace, alan] = await Promise.all(["ada", "grace", "alan"].map(visitor));
  const clients = await Promise.all([ada, grace, alan].map((one) => connect(one)));
  const theirs = await ada.chatNamed("Ada and Grace");
  const everybodys = await ada.chatNamed("Everybody");
  await ada.post(`/chats/${theirs.chat_id}/messages`, { content: "between us" });
  await ada.post(`/chats/${everybodys.chat_id}/messages`, { content: "to all" });
  await Promise.all(clients.map((client) => client.receives("to all")));
  assert.deepEqual(clients.map((client) => client.contents), [["between us", "to all"], ["between us", "to all"], ["to all"]]);

  const { body } = await grace.get(`/chats/${theirs.chat_id}/messages`);
  assert.deepEqual(body.at(-1), clients[1].messages[0], "the history has what was sent");
});

test("a new chat: sockets that are open already get its messages", async () => {
  const [ada, alan, grace] = await Promise.all(["ada", "alan", "grace"].map(visitor));
  const [member, outsider] = await Promise.all([alan, grace].map((one) => connect(one)));
  const made = await ada.post("/chats", { name: "Ada and Alan", members: ["alan"] });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.members.map((one) => one.name), ["ada", "alan"]);
  const path = `/chats/${made.body.chat_id}/messages`;
  // Nothing says when the sockets have joined; a message that comes before that is in the history alone.
  for (let n = 0; member.messages.length === 0; n += 1) {
    assert.ok(n < 100, "a message arrives");
    await ada.post(path, { content: `try ${n}` });
    await member.receives(`try ${n}`, 200).catch(() => {});
  }
  assert.equal((await grace.get(path)).status, 404);
  assert.equal((await grace.post(path, { content: "x" })).status, 404);
  await ada.post(`/chats/${(await ada.chatNamed("Everybody")).chat_id}/messages`, { content: "the end" });
  await outsider.receives("the end");
  assert.deepEqual(outsider.contents, ["the end"]);
  assert.equal((await ada.post("/chats", { name: "x", members: ["nobody"] })).status, 400);
});

test("a logout cuts the sockets of the session off, and no others of the user", async () => {
  const [first, second] = [await visitor("ada"), await visitor("ada")];
  const [gone, stays] = [await connect(first), await connect(second)];
  const end = gone.next("disconnect");
  assert.equal((await first.post("/logout")).status, 204);
  assert.equal(await end, "io server disconnect");
  assert.equal((await poll(nginx, { Cookie: first.cookie })).status, 401);
  assert.equal(stays.socket.connected, true);
});

test("logging in: wrong passwords and unknown names are told alike, and the session id is a new one", async () => {
  const one = new Visitor(nginx.url);
  for (const [name, password] of [["ada", "x"], ["nobody", "demo"], ["ada", ""], ["ada", null], [7, 7], [null, "demo"]]) {
    assert.deepEqual(await one.login(name, password), { status: 401, body: { error: "wrong name or password" } }, `${name}`);
    assert.equal(one.setCookie, undefined);
  }
  await one.login("ada");
  assert.match(one.setCookie, /^connect\.sid=s%3A.*; *Path=\/;.*HttpOnly; *SameSite=Lax/i);
  const before = one.cookie;
  await one.login("grace");
  assert.notEqual(one.cookie, before);
  assert.equal((await poll(nginx, { Cookie: before })).status, 401, "the old one is good for nothing");
});

test("without a login there is nothing, and what is malformed is refused", async () => {
  const stranger = new Visitor(nginx.url);
  for (const path of ["/me", "/chats", `/chats/${randomUUID()}/messages`]) assert.equal((await stranger.get(path)).status, 401, path);
  assert.equal((await poll(nginx)).status, 401);
  const ada = await visitor("ada");
  const path = `/chats/${(await ada.chatNamed("Everybody")).chat_id}/messages`;
  for (const content of [undefined, "", "  ", 7, {}, "x".repeat(4001)]) assert.equal((await ada.post(path, { content })).status, 400);
  assert.equal((await ada.post(path, "no json")).status, 400);
  for (const id of ["x", "1' OR '1", randomUUID()]) assert.equal((await ada.post(`/chats/${encodeURIComponent(id)}/messages`, { content: "x" })).status, 404, id);
});

test("the page: two users talk, one opens a chat, one logs out", async () => {
  const page = async (name) => {
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    const tab = await context.newPage();
    tab.problems = [];
    tab.on("pageerror", (error) => tab.problems.push(String(error)));
    tab.on("console", (line) => /Content Security Policy/i.test(line.text()) && tab.problems.push(line.text()));
    await tab.goto(nginx.url);
    await tab.getByLabel("Name").fill(name);
    await tab.getByLabel("Password").fill("demo");
    await tab.getByRole("button", { name: "Log in" }).click();
    await tab.locator('#state[data-state="connected"]').waitFor();
    return tab;
  };
  const line = (tab, text) => tab.getByRole("log").getByText(text, { exact: true });
  const [ada, alan] = [await page("ada"), await page("alan")];
  for (const tab of [ada, alan]) await tab.getByRole("button", { name: /^Everybody/ }).click();
  await ada.getByLabel("Message", { exact: true }).fill("<b>hello</b>");
  await ada.getByRole("button", { name: "Send" }).click();
  for (const tab of [ada, alan]) {
    await line(tab, "<b>hello</b>").waitFor(); // as text
    assert.equal(await tab.getByRole("log").getByText("<b>hello</b>").count(), 1, "once");
  }

  await ada.getByLabel("New chat").fill("A plan");
  await ada.getByLabel("with").fill("alan");
  await ada.getByRole("button", { name: "Open" }).click();
  await ada.getByRole("heading", { name: "A plan" }).waitFor();
  await ada.getByLabel("Message", { exact: true }).fill("where to?");
  await ada.getByRole("button", { name: "Send" }).click();
  await line(ada, "where to?").waitFor();
  await alan.reload(); // the list of chats has it now, whatever has come meanwhile
  await alan.locator('#state[data-state="connected"]').waitFor();
  await alan.getByRole("button", { name: /^A plan/ }).click();
  await line(alan, "where to?").waitFor();

  await ada.getByRole("button", { name: "Log out" }).click();
  await ada.getByRole("button", { name: "Log in" }).waitFor();
  assert.deepEqual([...ada.problems, ...alan.problems], []);
  await Promise.all([ada, alan].map((tab) => tab.context().close()));
});

test("what is shipped is what is tested: the same versions of its packages, and a lock file without addresses", () => {
  const { shipped, tested } = { shipped: manifests.shipped().dependencies, tested: manifests.tested().dependencies };
  assert.ok(Object.keys(shipped).length > 0);
  for (const [name, version] of Object.entries(shipped)) assert.equal(tested[name], version, name);
  const lock = JSON.parse(readFileSync(join(root, "docker/example-backend/package-lock.json"), "utf8"));
  assert.deepEqual(lock.packages[""].dependencies, shipped, "package-lock.json is that of package.json");
  assert.deepEqual(Object.entries(lock.packages).filter(([, entry]) => entry.resolved), []);
});

test("the bundle is the stock client of the lock file", async () => {
  const bundle = await request(`${nginx.url}/socket.io.js`);
  assert.equal(bundle.status, 200);
  assert.ok(bundle.body.includes(`Socket.IO v${manifests.shipped().dependencies["socket.io-client"]}`));
});
