// A real browser, as a deployment has it: page, back end and gateway are three origins of one site, the session is a cookie of the site.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Backend, message } from "./lib/backend.mjs";
import { FrontEnd, startBrowser } from "./lib/browser.mjs";
import { transportSettings } from "./lib/client.mjs";
import { PATIENCE_MS, eventually } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const SITE = "chat.test";
const MESSAGES = 200;

// A tab that is closed between two polls, or on its way to WebSocket, has no connection to lose: the heartbeat finds out.
const engine = { ping_interval_ms: 1000, ping_timeout_ms: 8000 };

const front = await FrontEnd.start();
const home = front.origin(`www.${SITE}`);
const [browser, world] = await Promise.all([startBrowser(), World.start({ engine, cors: { origins: [home] } })]);
const api = await Backend.start(world.redis, { origins: [home], domain: SITE });
after(async () => {
  await browser.close();
  await api.stop();
  front.stop();
  await world.stop();
});

const withHost = (url, host) => url.replace("127.0.0.1", host);
const apiUrl = withHost(api.url, `api.${SITE}`);
const gatewayUrl = withHost(world.gateway.url, `ws.${SITE}`);

/** A tab of a browser without history. */
async function newTab() {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

const post = (page, path, body) => page.evaluate(([url, value]) => post(url, value), [apiUrl + path, body]);

/** Logs a new user in from the page. */
async function login(page) {
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  await page.goto(home);
  assert.equal(await post(page, "/login", { user }), 200);
  return { user, chat };
}

const open = (page, transports, origin = home) =>
  page.goto(`${origin}/?${new URLSearchParams({ gateway: gatewayUrl, transports: transports.join(",") })}`);

const seen = (page) => page.evaluate(() => seen);
const connected = (page) => page.waitForFunction(() => window.socket.connected);
const upgraded = (page) => page.waitForFunction(() => window.socket.connected && transport() === "websocket");
const refused = async (page) => {
  await page.waitForFunction(() => seen.errors.length > 0);
  return (await seen(page)).errors[0];
};
const received = (page, count) => page.waitForFunction((n) => seen.messages.length >= n, count);
const sessions = () => world.gateway.metric("chat_gateway_sessions");
const noSession = () => eventually(async () => (await sessions()) === 0, "no session is left");

async function closeTab(page) {
  await page.context().close();
  await noSession();
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`a page logs in across origins and receives, ${name}`, async () => {
    const page = await newTab();
    const { user, chat } = await login(page);
    await open(page, transports);
    await connected(page);

    const sent = Array.from({ length: MESSAGES }, (_, i) => message(chat, `message ${i}`));
    for (const one of sent) api.publish(chat, one);
    await received(page, MESSAGES);
    if (name === "upgrade") await upgraded(page);
    else assert.equal(await page.evaluate(() => transport()), name);

    const newer = await world.postgres.addChat(user);
    const ask = (event) => page.evaluate(([e, id]) => ask(e, { chat_id: id }), [event, newer]);
    assert.deepEqual(await ask("clientJoinRoom"), []);
    sent.push(message(newer, "joined"));
    api.publish(newer, sent.at(-1));
    await received(page, sent.length);
    assert.deepEqual(await ask("clientLeaveRoom"), []);
    api.publish(newer, message(newer, "left"));
    api.publish(chat, { content: "a file", file: Buffer.from([0, 1, 254, 255]) });
    await received(page, sent.length + 1);
    const file = await page.evaluate(() => seen.messages.pop().file instanceof ArrayBuffer);
    assert.equal(file, true, "an attachment is an ArrayBuffer, and nothing came of the room that was left");

    assert.deepEqual(await seen(page), { connects: 1, messages: sent, errors: [], disconnects: [] });
    await closeTab(page);
  });
}

test("nothing is compressed, though the browser offers it", async () => {
  const page = await newTab();
  const { chat } = await login(page);
  const network = await page.context().newCDPSession(page);
  const handshakes = { offered: [], answered: [], polled: [] };
  const header = (headers, name) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  network.on("Network.webSocketWillSendHandshakeRequest", ({ request }) =>
    handshakes.offered.push(header(request.headers, "sec-websocket-extensions")));
  network.on("Network.webSocketHandshakeResponseReceived", ({ response }) =>
    handshakes.answered.push(header(response.headers, "sec-websocket-extensions")));
  network.on("Network.responseReceived", ({ response }) => {
    if (response.url.startsWith(gatewayUrl)) handshakes.polled.push(header(response.headers, "content-encoding"));
  });
  await network.send("Network.enable");
  await open(page, transportSettings.upgrade);
  await upgraded(page);
  api.publish(chat, message(chat, "x".repeat(5000)));
  await received(page, 1);
  assert.equal(handshakes.offered.length, 1);
  assert.match(handshakes.offered[0], /permessage-deflate/);
  assert.deepEqual(handshakes.answered, [undefined]);
  assert.ok(handshakes.polled.length >= 2, "the handshake and a poll were seen");
  assert.deepEqual(handshakes.polled.filter(Boolean), []);
  await closeTab(page);
});

// What follows is about the handshake: an upgrade has that of polling.
for (const name of ["websocket", "polling"]) {
  const transports = transportSettings[name];

  test(`a page that nobody is logged in to is told so, ${name}`, async () => {
    const page = await newTab();
    await open(page, transports);
    const error = await refused(page);
    if (name === "websocket") {
      assert.equal(error.message, "websocket error"); // a page learns no more of a WebSocket
    } else {
      assert.deepEqual(error, { message: "xhr poll error", status: 401, body: '{"code":4,"message":"Unauthorized"}' });
    }
    // It goes on trying: a login in the same page is enough.
    const user = randomUUID();
    const chat = await world.postgres.addChat(user);
    assert.equal(await post(page, "/login", { user }), 200);
    await connected(page);
    api.publish(chat, message(chat, "welcome"));
    await received(page, 1);

    assert.equal(await post(page, "/logout"), 204);
    await page.reload();
    await refused(page);
    await closeTab(page);
  });

  test(`pages of other origins are refused whoever is logged in, ${name}`, async () => {
    const page = await newTab();
    await login(page);
    const accepted = () => world.gateway.metric('chat_gateway_handshakes_total{result="accepted"}');
    const before = await accepted();
    // One of the same site, which the browser sends the cookie for, and one of another.
    for (const host of [`other.${SITE}`, "evil.test"]) {
      await open(page, transports, front.origin(host));
      const error = await refused(page);
      if (name === "websocket") assert.equal(error.message, "websocket error");
      else assert.deepEqual([error.message, error.status], ["xhr poll error", 0], "not even the status can be read");
      assert.equal((await seen(page)).connects, 0);
    }
    assert.equal(await accepted(), before);
    await open(page, transports);
    await connected(page);
    await closeTab(page);
  });

  test(`a reload connects anew, and leaves nothing behind, ${name}`, async () => {
    const page = await newTab();
    const { chat } = await login(page);
    await open(page, transports);
    await connected(page);
    const id = await page.evaluate(() => window.socket.id);
    for (let i = 0; i < 3; i += 1) {
      await page.reload();
      await connected(page);
    }
    assert.notEqual(await page.evaluate(() => window.socket.id), id);
    await eventually(async () => (await sessions()) === 1, "one session is left");
    api.publish(chat, message(chat, "after the reload"));
    await received(page, 1);
    assert.deepEqual((await seen(page)).messages.map(({ content }) => content), ["after the reload"]);
    await closeTab(page);
  });
}

test("two tabs of one browser both receive; closing one leaves the other", async () => {
  const page = await newTab();
  const { chat } = await login(page);
  await open(page, transportSettings.upgrade);
  const second = await page.context().newPage();
  await open(second, transportSettings.upgrade);
  await Promise.all([page, second].map(upgraded));
  api.publish(chat, message(chat, "to both"));
  await Promise.all([page, second].map((tab) => received(tab, 1)));
  await second.close();
  await eventually(async () => (await sessions()) === 1, "the closed tab's session ends");
  api.publish(chat, message(chat, "to one"));
  await received(page, 2);
  await closeTab(page);
});

test("a page comes back by itself when the gateway is restarted", { timeout: 120_000 }, async () => {
  const page = await newTab();
  const { chat } = await login(page);
  await open(page, transportSettings.upgrade);
  await upgraded(page);
  await world.gateway.stop();
  await page.waitForFunction(() => !window.socket.connected);
  await world.gateway.resume();
  await upgraded(page);
  api.publish(chat, message(chat, "again"));
  await received(page, 1);
  assert.deepEqual((await seen(page)).disconnects, ["transport close"]);
  await closeTab(page);
});
