// The demo: a page, its small API, and two stock clients that chat. No Redis, no PostgreSQL.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, closeAllClients, transportSettings } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { poll, postJson, request } from "./lib/http.mjs";

const gateway = await Gateway.startDemo();
after(() => {
  closeAllClients();
  return gateway.stop();
});

async function getJson(path, headers) {
  const answer = await request(gateway.url + path, { headers });
  assert.equal(answer.status, 200, `${path}: ${answer.body}`);
  return JSON.parse(answer.body);
}

async function login(id) {
  const answer = await postJson(`${gateway.url}/demo/login`, { user: id });
  assert.equal(answer.status, 200, answer.body);
  const cookie = answer.headers["set-cookie"][0];
  assert.match(cookie, /^connect\.sid=s%3A.*; *Path=\//i);
  assert.match(cookie, /HttpOnly/i);
  return { user: JSON.parse(answer.body).user, cookie: cookie.split(";")[0] };
}

const chatsOf = (cookie) => getJson("/demo/chats", { Cookie: cookie });

test("the page and the client bundle are served", async () => {
  const page = await request(`${gateway.url}/`);
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.match(page.body, /<title>[^<]+<\/title>/);
  assert.ok(page.body.includes("/demo/socket.io.js"));

  const bundle = await request(`${gateway.url}/demo/socket.io.js`);
  assert.equal(bundle.status, 200);
  assert.match(bundle.headers["content-type"], /javascript/);
  assert.match(bundle.body, /Socket\.IO v4/);
});

test("the page loads nothing from elsewhere", async () => {
  const page = await request(`${gateway.url}/`);
  assert.deepEqual(page.body.match(/(src|href)="(https?:)?\/\/[^"]*"/g), null);
});

test("without a login the gateway refuses, and so does the API", async () => {
  assert.equal((await poll(gateway)).status, 401);
  assert.equal((await request(`${gateway.url}/demo/chats`)).status, 401);
  assert.equal((await postJson(`${gateway.url}/demo/messages`, { chat_id: "x", content: "y" })).status, 401);
});

test("an unknown user cannot log in", async () => {
  for (const body of [{ user: "nobody" }, { user: 7 }, {}, [], "no json"]) {
    const answer = await postJson(`${gateway.url}/demo/login`, body);
    assert.ok(answer.status >= 400 && answer.status < 500, `${JSON.stringify(body)}: ${answer.status}`);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
});

test("two users chat", async () => {
  const users = await getJson("/demo/users");
  assert.ok(users.length >= 2);
  for (const user of users) assert.deepEqual(Object.keys(user).sort(), ["id", "name"]);

  const [first, second] = await Promise.all([login(users[0].id), login(users[1].id)]);
  assert.deepEqual([first.user, second.user], users.slice(0, 2));
  const theirs = new Set((await chatsOf(second.cookie)).map((chat) => chat.chat_id));
  const shared = (await chatsOf(first.cookie)).find((chat) => theirs.has(chat.chat_id));
  assert.ok(shared, "the first two users share a chat");
  assert.ok(shared.name && shared.members.includes(users[0].name) && shared.members.includes(users[1].name));

  const clients = await Promise.all([
    new Client(gateway.url, { cookie: first.cookie, transports: transportSettings.websocket }).connect(),
    new Client(gateway.url, { cookie: second.cookie, transports: transportSettings.upgrade }).connect(),
  ]);
  const say = async (who, content) => {
    const answer = await postJson(`${gateway.url}/demo/messages`, { chat_id: shared.chat_id, content }, { Cookie: who.cookie });
    assert.ok(answer.status >= 200 && answer.status < 300, `${answer.status} ${answer.body}`);
    return Promise.all(clients.map((client) => client.receives(content)));
  };
  for (const copy of await say(first, "hello")) {
    assert.deepEqual(Object.keys(copy), ["chat_id", "message_id", "author", "content", "timestamp", "type"]);
    assert.deepEqual([copy.chat_id, copy.author, copy.type], [shared.chat_id, users[0].name, "text"]);
    assert.equal(typeof copy.timestamp, "number");
  }
  for (const copy of await say(second, "hello yourself")) assert.equal(copy.author, users[1].name);
  for (const client of clients) assert.deepEqual(client.contents, ["hello", "hello yourself"]);
});

test("nobody posts to a chat of others", async () => {
  const users = await getJson("/demo/users");
  const all = new Set();
  const sessions = await Promise.all(users.map(async (user) => {
    const { cookie } = await login(user.id);
    const mine = (await chatsOf(cookie)).map((chat) => chat.chat_id);
    for (const chat of mine) all.add(chat);
    return { cookie, mine };
  }));
  const outsider = sessions.find(({ mine }) => mine.length < all.size);
  assert.ok(outsider, "some user is not in some chat");
  const foreign = [...all].find((chat) => !outsider.mine.includes(chat));
  const answer = await postJson(`${gateway.url}/demo/messages`, { chat_id: foreign, content: "let me in" }, { Cookie: outsider.cookie });
  assert.equal(answer.status, 403);
});

test("messages that are none are refused", async () => {
  const users = await getJson("/demo/users");
  const { cookie } = await login(users[0].id);
  const [chat] = await chatsOf(cookie);
  const post = (body) => postJson(`${gateway.url}/demo/messages`, body, { Cookie: cookie });
  for (const content of [undefined, "", 7, null, "x".repeat(100_000)]) {
    assert.equal((await post({ chat_id: chat.chat_id, content })).status, 400, String(content).slice(0, 20));
  }
  for (const body of [{}, { content: "x" }, { chat_id: 7, content: "x" }, [], "no json"]) {
    assert.ok([400, 403].includes((await post(body)).status), JSON.stringify(body));
  }
});
