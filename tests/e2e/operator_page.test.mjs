// The operator's page in a real browser, with real clients and messages behind it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { message } from "./lib/backend.mjs";
import { startBrowser } from "./lib/browser.mjs";
import { Client } from "./lib/client.mjs";
import { request } from "./lib/http.mjs";
import { OperatorPage } from "./lib/operator_page.mjs";
import { eventually, inParallel } from "./lib/wait.mjs";
import { World } from "./lib/world.mjs";

const HOSTILE = '<img src=x onerror="window.taken = true"><script>window.taken = true</script>';
const TOKEN = "token-for-operators";
const AWAY = "io server disconnect";

const [browser, world] = await Promise.all([startBrowser(), World.start({ admin: { names: ["Ops.test"] } })]);
const second = await world.addGateway();
const guarded = await world.addGateway({ admin: { token: TOKEN } });
after(async () => {
  await browser.close();
  await world.stop();
});

const home = (gateway = world.gateway) => `${gateway.adminUrl}/`;
const open = (gateway) => OperatorPage.open(browser, home(gateway));
const connect = async (user, gateway = world.gateway) => new Client(gateway.url, { cookie: await world.backend.login(user) }).connect();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("figures appear, and follow clients and messages", async () => {
  const page = await open();
  await page.shows("connections", "0");
  await page.says("#state", "Ready");
  assert.match(await page.text("#about"), /\S+:\d+ · version \d+\.\d+\.\d+ · up \d+ (s|min)/);
  assert.deepEqual((await page.rows("parts")).map(([part, store, state]) => [part, store, state]), [
    ["Sessions", "Redis", "up"],
    ["Bus", "Redis", "up"],
    ["Chats", "PostgreSQL", "up"],
  ]);
  assert.equal(await page.tab.locator("#gateways").isVisible(), false);

  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const clients = [await connect(user), await connect(user)];
  await page.shows("connections", "2");
  await page.shows("sockets", "2");
  for (let i = 0; i < 40; i += 1) world.backend.publish(chat, message(chat, `${i}`));
  await Promise.all(clients.map((client) => client.receives("39")));
  await eventually(async () => Number(await page.figure("deliveries")) > 0, "deliveries per second are shown");
  await page.says("[data-figure=deliveries]", "80 since the start");
  await page.says("[data-figure=messages]", "40 since the start");
  await eventually(async () => (await page.rows("rooms")).some(([room, members, , brought, sent]) => room === chat && members === "2" && brought === "40" && sent === "80"),
    "the room is among the busiest");
  const curve = await page.tab.locator("[data-figure=connections] path").last().getAttribute("d");
  assert.match(curve, /^M\d+ [\d.]+(L\d+ [\d.]+)+$/);

  // What the gateway refuses.
  await new Client(world.gateway.url, { cookie: "connect.sid=s%3Anobody.x" }).refusal();
  await clients[0].join(randomUUID());
  await eventually(async () => {
    const rows = await page.rows("refusals");
    return rows.some((row) => row.join() === "Handshake: bad signature,1,1") && rows.some((row) => row.join() === "Join: no permission,1,1");
  }, "refusals are listed by reason");

  for (const client of clients) client.close();
  await page.shows("connections", "0");
  await page.close();
});

test("fan-out latency is that of the last half minute", async () => {
  const page = await open();
  await page.shows("connections", "0");
  // A histogram whose quantiles are known.
  const buckets = { "0.001": 50, "0.01": 99, 0.1: 100, "+Inf": 100 };
  let answers = 0;
  await page.tab.route("**/v1/overview*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    const { figures } = body.gateways[0];
    for (const name of Object.keys(figures)) if (name.startsWith("chat_gateway_fan_out_seconds")) delete figures[name];
    for (const [le, n] of Object.entries(buckets)) figures[`chat_gateway_fan_out_seconds_bucket{le="${le}"}`] = 1000 + n * answers;
    answers += 1;
    await route.fulfill({ response, json: body });
  });
  await page.tab.reload(); // or what came before would seem to have grown
  await page.shows("latency", "10 ms");
  await page.says("[data-figure=latency]", "median 1 ms");
  await page.close();
});

test("every figure that the page reads is one of the gateway's", async () => {
  const [{ body: text }, { body: metrics }] = [await world.gateway.admin("/"), await world.gateway.admin("/metrics")];
  const read = new Set(text.match(/chat_gateway_\w+/g));
  assert.ok(read.size > 10);
  const has = new Set(metrics.match(/^(# TYPE )?chat_gateway_\w+/gm).map((line) => line.split(" ").at(-1)));
  assert.deepEqual([...read].filter((name) => !has.has(name)), []);
});

test("names are shown as text, whatever is in them", async () => {
  const page = await open();
  const client = await connect(HOSTILE);
  await eventually(async () => {
    world.backend.emitter.in(`user:${HOSTILE}`).socketsJoin(HOSTILE);
    world.backend.publish(HOSTILE, message(HOSTILE, "in a room of that name"));
    return client.contents.length > 0;
  }, "a client is in a room of that name");
  await eventually(async () => (await page.rows("rooms")).some(([room]) => room === HOSTILE), "the room is listed by its name");
  await page.lookUp(HOSTILE);
  await page.says("#found", `${HOSTILE}: 1 socket.`);
  await page.tab.getByRole("button", { name: "Disconnect them all" }).click();
  await page.says("#confirm-text", HOSTILE);
  await page.tab.getByRole("button", { name: "Keep connected" }).click();
  assert.deepEqual(await page.tab.evaluate(() => [window.taken, document.images.length, document.scripts.length]), [undefined, 0, 1]);
  client.close();
  await page.close();
});

test("the policy stops a script that is not the page's own", async () => {
  const page = await open();
  await page.tab.evaluate(() => {
    try {
      document.body.append(Object.assign(document.createElement("script"), { textContent: "window.taken = true" }));
    } catch {
      window.refused = true; // Trusted Types: it does not even become a script
    }
    try {
      document.body.innerHTML += "<p>";
    } catch {
      window.refusedMarkup = true;
    }
  });
  assert.deepEqual(await page.tab.evaluate(() => [window.taken, window.refusedMarkup]), [undefined, true]);
  assert.ok((await page.tab.evaluate(() => window.violations)).length >= 2, "both are told");
  await page.context.close();
});

test("a user's sockets are looked up, and disconnected once that is confirmed", async () => {
  const page = await open();
  const user = `user ${randomUUID()}/é?#%`;
  const clients = [await connect(user), await connect(user)];
  await page.lookUp(user);
  await page.says("#found", `${user}: 2 sockets.`);
  const rows = await page.rows("user");
  assert.deepEqual(rows.map(([id]) => id).sort(), clients.map((client) => client.socket.id).sort());
  for (const [, transport, state, , rooms] of rows) assert.deepEqual([transport, state, rooms], ["WebSocket", "connected", "0"]);

  const disconnect = page.tab.getByRole("button", { name: "Disconnect them all" });
  await disconnect.click();
  await page.tab.keyboard.press("Escape");
  await disconnect.click();
  await page.tab.keyboard.press("Enter"); // the harmless button has the focus
  assert.equal(await page.tab.locator("#confirm").isVisible(), false);
  assert.equal(page.asked.some((path) => path.startsWith("DELETE")), false);
  assert.deepEqual(clients.map((client) => client.disconnects), [[], []]);

  await disconnect.click();
  await page.tab.getByRole("button", { name: "Disconnect", exact: true }).click();
  await page.says("#found", `${user}: 2 sockets disconnected.`);
  await eventually(() => clients.every((client) => client.disconnects.length === 1), "both are disconnected");
  assert.deepEqual(clients.map((client) => client.disconnects), [[AWAY], [AWAY]]);
  await page.lookUp(user);
  await page.says("#found", `${user}: 0 sockets.`);
  assert.equal(await disconnect.isVisible(), false);
  await page.lookUp("..");
  await page.says("#found", "use curl");
  await page.close();
});

test("the whole cluster by a switch", async () => {
  const page = await open();
  const user = randomUUID();
  const chat = await world.postgres.addChat(user);
  const clients = [await connect(user), await connect(user, second)];
  await page.shows("connections", "1");
  await page.choose("Cluster");
  await page.shows("connections", "2");
  const gateways = await page.rows("gateways");
  assert.deepEqual(gateways.map(([name]) => name.split(":").pop()).sort(), [world.gateway, second, guarded].map((one) => String(one.adminPort)).sort());
  for (const [, state] of gateways) assert.equal(state, "serving");
  await page.says("#nodes", "3 nodes");
  for (let i = 0; i < 10; i += 1) world.backend.publish(chat, message(chat, `${i}`));
  await Promise.all(clients.map((client) => client.receives("9")));
  await eventually(async () => (await page.rows("rooms")).some(([room, members, , brought, sent]) => room === chat && members === "2" && brought === "10" && sent === "20"),
    "the room of both gateways is listed");
  await page.lookUp(user);
  await page.says("#found", `${user}: 2 sockets.`);
  await page.tab.getByRole("button", { name: "Disconnect them all" }).click();
  await page.says("#confirm-text", "on all gateways");
  await page.tab.getByRole("button", { name: "Disconnect", exact: true }).click();
  await eventually(() => clients.every((client) => client.disconnects[0] === AWAY), "both are disconnected");
  await page.choose("This gateway");
  await page.shows("connections", "0");
  assert.equal(await page.tab.locator("#gateways").isVisible(), false);
  await page.close();
});

test("with a token the page asks for it, and keeps it for the tab only", async () => {
  const page = await open(guarded);
  const field = page.tab.getByLabel("Token of the admin listener");
  const show = page.tab.getByRole("button", { name: "Show the figures" });
  await field.waitFor();
  const refusals = () => page.asked.filter((path) => path.startsWith("/v1/")).length;
  const before = refusals();
  await pause(3000);
  assert.equal(refusals(), before, "nothing is asked for while the token is missing");
  assert.equal(await page.text("#state"), "Token needed");
  for (const part of ["#cards", "#rooms", "#refusals"]) assert.equal(await page.tab.locator(part).isVisible(), false, part);
  for (const wrong of ["wrong", "pass wörd"]) {
    await field.fill(wrong);
    await show.click();
    await page.says("#token-fault", "does not accept this token");
    await field.waitFor();
  }
  const client = await connect(randomUUID(), guarded);
  await field.fill(TOKEN);
  await show.click();
  await page.shows("connections", "1");
  assert.equal(await field.isVisible(), false);
  const kept = await page.tab.evaluate(() => [Object.values(sessionStorage), Object.values(localStorage), document.cookie, location.href]);
  assert.deepEqual(kept, [[TOKEN], [], "", home(guarded)]);
  await page.tab.reload();
  await page.shows("connections", "1");
  await page.tab.getByRole("button", { name: "Forget token" }).click();
  await field.waitFor();
  assert.equal(await page.figure("connections"), "–");
  assert.equal(await page.tab.evaluate(() => sessionStorage.length), 0);
  client.close();
  await page.close({ statuses: true });
});

test("the listener's own page may disconnect, and no other", async () => {
  const { adminPort: port, adminUrl } = world.gateway;
  const status = async (origin, host) => (await request(`${adminUrl}/v1/users/nobody`, { method: "DELETE", headers: { Origin: origin, Host: host } })).status;
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `ops.test:${port}`, "10.1.2.3"]) {
    assert.equal(await status(`http://${host}`, host), 200, host);
  }
  assert.equal(await status("https://ops.test", "ops.test"), 200, "behind a proxy that speaks TLS");
  // Names that their owner lets point here: Origin and Host agree, and that says nothing.
  for (const host of [`evil.test:${port}`, `localhost.evil.test:${port}`]) assert.equal(await status(`http://${host}`, host), 403, host);
  for (const origin of ["http://127.0.0.1", `http://127.0.0.1:${port + 1}`, "http://evil.test", "null"]) {
    assert.equal(await status(origin, `127.0.0.1:${port}`), 403, origin);
  }
  const page = await request(home());
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal((await request(home(), { method: "POST" })).status, 405);
});

test("it asks seldom, and not at all while nobody sees it", async () => {
  const page = await open();
  await page.shows("connections", "0");
  page.asked.length = 0;
  await pause(10_000);
  const seen = page.asked.length;
  assert.ok(seen >= 4 && seen <= 14, `${seen} requests in ten seconds`);
  assert.deepEqual([...new Set(page.asked)].sort(), ["/readyz", "/v1/overview", "/v1/rooms"]);
  await page.tab.evaluate(() => window.hide(true));
  page.asked.length = 0;
  await pause(6000);
  assert.deepEqual(page.asked, []);
  const client = await connect(randomUUID());
  await page.tab.evaluate(() => window.hide(false));
  await page.shows("connections", "1");
  client.close();
  await page.close();
});

test("a drain is told", async () => {
  // So many clients that it takes longer to hand them off than the page to ask.
  const leaving = await world.addGateway({ server: { drain_ms: 10_000 } });
  const cookie = await world.backend.login(randomUUID());
  await inParallel(Array.from({ length: 150 }), 10, () => new Client(leaving.url, { cookie }).connect());
  const page = await open(leaving);
  await page.shows("connections", "150");
  await page.says("#state", "Ready");
  const stopped = leaving.stop();
  await page.says("#state", "Draining");
  await stopped;
  await page.says("#state", "Not reachable");
  await page.close({ statuses: true });
});

test("Redis that is gone is shown as down, and a gateway that is gone as not reachable", { timeout: 120_000 }, async () => {
  const page = await open();
  await page.says("#state", "Ready");
  await world.redis.stop();
  await page.says("#state", "Not ready");
  const parts = await page.rows("parts");
  assert.deepEqual(parts.map(([part, , state]) => [part, state.split(":")[0]]), [["Sessions", "down"], ["Bus", "down"], ["Chats", "up"]]);
  await page.choose("Cluster");
  await page.says("#notice", "the bus is unavailable");
  await page.choose("This gateway");
  await page.shows("connections", "0");
  await world.redis.resume();
  await page.says("#state", "Ready");
  assert.equal(await page.tab.locator("#notice").isVisible(), false);

  await world.gateway.stop();
  await page.says("#state", "Not reachable");
  await page.says("#notice", "does not answer");
  page.asked.length = 0;
  await pause(10_000);
  const asked = page.asked.filter((path) => path === "/v1/overview").length;
  assert.ok(asked <= 3, `it asks less often: ${asked} times in ten seconds`);
  await world.gateway.resume();
  await page.says("#state", "Ready");
  await page.close({ statuses: true });
});
