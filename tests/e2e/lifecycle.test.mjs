// Start, reload, watchdog, hand-off and restart, as a service manager does and sees them.
import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { SECRET, signedCookie } from "./lib/backend.mjs";
import { Client, closeAllClients } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { pollingPath, poll, request } from "./lib/http.mjs";
import { freePort, privateDirectory } from "./lib/machine.mjs";
import { RawSocket } from "./lib/raw.mjs";
import { ServiceManager, quitAll } from "./lib/service_manager.mjs";
import { eventually } from "./lib/wait.mjs";

after(async () => {
  closeAllClients();
  await quitAll();
});

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function login(url, socketPath) {
  const answer = await request(`${url}/demo/login`, {
    socketPath,
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: "u-ada" }),
  });
  assert.equal(answer.status, 200, answer.body);
  return answer.headers["set-cookie"][0].split(";")[0];
}

test("SIGTERM closes the clients evenly over server.drain_ms, each with a bare close", { timeout: 120_000 }, async () => {
  const DRAIN_MS = 4000;
  const CLIENTS = 400;
  const gateway = await Gateway.startDemo({ SERVER_DRAIN_MS: DRAIN_MS, SERVER_THREADS: 2 });
  const cookie = await login(gateway.url);
  const sockets = [];
  for (let n = 0; n < CLIENTS; n += 1) sockets.push(await RawSocket.connect(gateway.url, { headers: { Cookie: cookie } }));
  const idle = await keptConnection(gateway.port);
  const begun = Date.now();
  const closed = [];
  for (const raw of sockets) raw.closed.then((code) => closed.push({ code, at: Date.now() - begun }));
  gateway.process.child.kill("SIGTERM");

  assert.equal((await gateway.answers("/readyz", 503)).status, 503);
  await idle.ended;
  const refused = await poll(gateway, { Cookie: cookie });
  assert.deepEqual([refused.status, refused.headers["retry-after"], refused.headers.connection], [503, "5", "close"]);
  assert.equal(await gateway.metric('chat_gateway_handshakes_total{result="draining"}'), 1);
  await Promise.all(sockets.map((raw) => raw.end()));
  assert.ok(closed.every(({ code }) => code === 1005), "no code, no reason: the stock client comes back");

  // 9 tenths of the time for 400: 5.6 in each 50 ms. Parts of more than a second: who counts may be late for a moment as well.
  const times = closed.map(({ at }) => at).sort((a, b) => a - b);
  assert.ok(times[12] > 50, `the first moment: ${times.slice(0, 20)}`);
  assert.ok(times.at(-1) <= DRAIN_MS + 1000, `the last one: ${times.at(-1)}`);
  assert.ok(times.at(-1) > DRAIN_MS / 2, `the last one: ${times.at(-1)}`);
  const thirds = Array.from({ length: 3 }, (_, n) => times.filter((at) => at >= n * 0.3 * DRAIN_MS && at < (n + 1) * 0.3 * DRAIN_MS).length);
  for (const count of thirds) assert.ok(count > 65 && count < 205, `closes by thirds of the time: ${thirds}`);
  assert.deepEqual(await gateway.process.exited, { code: 0, signal: null });
});

/** A connection that has had an answer and is kept. */
async function keptConnection(port) {
  const socket = connect(port, "127.0.0.1");
  const ended = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.write("GET /ws/?EIO=9 HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  return { ended };
}

test("a polling session lives until its wave, though its requests come by new connections", { timeout: 60_000 }, async () => {
  const gateway = await Gateway.startDemo({ SERVER_DRAIN_MS: 3000, SERVER_THREADS: 2 });
  const cookie = await login(gateway.url);
  const sockets = [];
  for (let n = 0; n < 60; n += 1) sockets.push(await RawSocket.connect(gateway.url, { headers: { Cookie: cookie } }));
  const open = await poll(gateway, { Cookie: cookie });
  const { sid } = JSON.parse(open.body.slice(1));
  gateway.process.child.kill("SIGTERM");
  await gateway.answers("/readyz", 503);
  const answer = await request(`${gateway.url}${pollingPath}&sid=${sid}`, { headers: { Cookie: cookie } });
  assert.deepEqual([answer.status, answer.body], [200, "1"], "the end of the session, as Engine.IO says it");
  assert.deepEqual(await gateway.process.exited, { code: 0, signal: null });
});

test("a second SIGTERM stops at once, with code 0", { timeout: 60_000 }, async () => {
  const gateway = await Gateway.startDemo({ SERVER_DRAIN_MS: 60_000 });
  const cookie = await login(gateway.url);
  const client = await new Client(gateway.url, { cookie }).connect();
  gateway.process.child.kill("SIGTERM");
  await gateway.answers("/readyz", 503);
  const begun = Date.now();
  assert.deepEqual(await gateway.process.stop("SIGTERM"), { code: 0, signal: null });
  assert.ok(Date.now() - begun < 5000);
  client.close();
});

/** A gateway of which a thread waits in libpq, for a server that accepts and says nothing. */
async function hungInPostgres(t, drainMs) {
  const mute = createServer(() => {}).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const asked = once(mute, "connection");
  const settings = {
    server: { drain_ms: drainMs },
    session: { store: "postgres", secrets: [SECRET] },
    bus: { kind: "memory" },
    postgres: { url: `postgresql://gateway@127.0.0.1:${mute.address().port}/chat` },
  };
  const gateway = await Gateway.start(settings, { until: "/healthz" });
  const handshake = poll(gateway, { Cookie: signedCookie("some-session") }).catch(() => {});
  const [connection] = await asked;
  connection.on("error", () => {}); // the gateway ends without a farewell to it
  t.after(async () => {
    await gateway.kill(); // unless it has ended
    connection.destroy();
    mute.close();
    await handshake;
  });
  return gateway;
}

test("a PostgreSQL that hangs delays no end: neither the second SIGTERM's nor that behind the drain", { timeout: 60_000 }, async (t) => {
  const hurried = await hungInPostgres(t, 60_000);
  const { child } = hurried.process;
  child.kill("SIGTERM");
  await hurried.process.prints(/ draining /);
  const begun = Date.now();
  child.kill("SIGTERM");
  await hurried.process.prints(/ stopped$/m);
  assert.deepEqual(await hurried.process.stop("SIGTERM"), { code: 0, signal: null }, "a third one changes nothing");
  assert.ok(Date.now() - begun < 4000, `${Date.now() - begun} ms after the second SIGTERM`);

  const orderly = await hungInPostgres(t, 100);
  orderly.process.child.kill("SIGTERM");
  await orderly.process.prints(/ stopped$/m);
  const stopped = Date.now();
  assert.deepEqual(await orderly.process.exited, { code: 0, signal: null });
  assert.ok(Date.now() - stopped < 4000, `${Date.now() - stopped} ms after "stopped"`);
});

test("of gateways that are started at the same moment on one port one runs, and the others say why not", { timeout: 120_000 }, async () => {
  for (let round = 0; round < 6; round += 1) {
    const port = await freePort();
    const started = await Promise.all([1, 2, 3].map(() => Gateway.spawnDemo({ SERVER_PORT: port, SERVER_DRAIN_MS: 0 })));
    const refused = ({ process: { child } }) => child.exitCode !== null;
    await eventually(() => started.filter(refused).length === 2, "two of three have ended");
    for (const gateway of started) {
      if (!refused(gateway)) {
        await gateway.answers("/healthz");
        await gateway.stop();
        continue;
      }
      assert.equal(gateway.process.child.exitCode, 2);
      assert.match(gateway.process.tail(), /cannot listen key=server\.port .*in use/);
    }
  }
});

test("the admin listener does not share the public one's port, whatever the host is called", { timeout: 60_000 }, async () => {
  const { address } = await lookup("localhost", { verbatim: true }); // ::1 on many a machine
  const port = await freePort();
  const gateway = await Gateway.spawnDemo({ SERVER_HOST: "localhost", ADMIN_HOST: address, SERVER_PORT: port, ADMIN_PORT: port });
  await eventually(() => gateway.process.child.exitCode !== null, "it has ended");
  assert.equal(gateway.process.child.exitCode, 2);
  assert.match(gateway.process.tail(), /cannot listen key=admin\.port .*in use/);
});

const notifications = (manager) => manager.events.filter(({ notified }) => notified).map(({ notified }) => notified);

for (const abstract of [false, true]) {
  test(`the service manager is told of start, reload and stop, by ${abstract ? "an abstract name" : "a path"}`, { timeout: 60_000 }, async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const settings = { server: { host: "127.0.0.1", port, drain_ms: 500 }, admin: { port: adminPort } };
    const manager = await ServiceManager.start({ settings, abstract });
    await manager.startService();
    assert.equal((await request(`http://127.0.0.1:${adminPort}/healthz`)).status, 200, "READY=1: the listeners are open");
    assert.match(notifications(manager)[0], /^READY=1\nSTATUS=serving 0 connections$/);

    manager.signal("SIGHUP");
    await manager.notified(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    await manager.event(() => notifications(manager).filter((one) => /^READY=1$/m.test(one)).length === 2, "READY=1 again");
    manager.signal("SIGTERM");
    await manager.notified(/^STOPPING=1\nSTATUS=handing clients off\nEXTEND_TIMEOUT_USEC=5500000$/);
    assert.deepEqual(await manager.ended(), { code: 0, signal: null });
    await manager.quit();
  });
}

test("the watchdog hears of loops that turn, and of none that do not", { timeout: 60_000 }, async () => {
  const settings = { server: { host: "127.0.0.1", port: await freePort(), threads: 2, drain_ms: 0 }, admin: { port: await freePort() } };
  const manager = await ServiceManager.start({ settings, watchdogUs: 1_000_000 });
  const pid = await manager.startService();
  const pings = () => manager.events.filter(({ notified }) => notified === "WATCHDOG=1");
  await eventually(() => pings().length >= 5, "five pings");
  const gaps = pings().slice(1).map(({ at }, n) => at - pings()[n].at).sort((a, b) => a - b);
  assert.ok(gaps[Math.floor(gaps.length / 2)] < 1, `seconds between pings: ${gaps}`);
  process.kill(pid, "SIGSTOP");
  await pause(1000); // what it had sent before
  const before = pings().length;
  await pause(1500);
  assert.equal(pings().length, before);
  process.kill(pid, "SIGCONT");
  await eventually(() => pings().length > before, "it goes on");
  manager.signal("SIGTERM");
  assert.deepEqual(await manager.ended(), { code: 0, signal: null });
  await manager.quit();
});

test("a restart with inherited sockets refuses nobody: TCP, AF_UNIX and the admin's", { timeout: 120_000 }, async () => {
  const path = join(privateDirectory("activation"), "public.sock");
  const sockets = [{ name: "public", port: 0 }, { name: "public", path }, { name: "admin", port: 0 }];
  // Neither of the ports that the settings name is opened.
  const taken = createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const used = taken.address().port;
  const settings = {
    server: { host: "127.0.0.1", port: used, threads: 2, drain_ms: 300 },
    admin: { port: used + 1 },
    session: { secrets: ["kept over restarts"] },
  };
  const manager = await ServiceManager.start({ sockets, settings });
  const [port, , adminPort] = manager.listening;
  await manager.startService();
  assert.match(manager.output, new RegExp(`listening public="127\\.0\\.0\\.1:${port}, unix:${path}"`));
  const url = `http://127.0.0.1:${port}`;

  // Handshakes one after the other, by new connections, on each of the sockets and in several lanes.
  let going = true;
  const statuses = new Map();
  const lane = async (kind, ask) => {
    while (going) {
      const status = await ask().then((answer) => answer.status, (error) => error.code ?? String(error));
      statuses.set(`${kind} ${status}`, (statuses.get(`${kind} ${status}`) ?? 0) + 1);
    }
  };
  const overUnix = { url: "http://gateway.test", socketPath: path };
  const lanes = [1, 2, 3].flatMap(() => [
    lane("tcp", () => poll({ url })),
    lane("unix", () => poll(overUnix)),
    lane("admin", () => request(`http://127.0.0.1:${adminPort}/healthz`)),
  ]);
  const cookie = await login(url);
  await new Client(url, { cookie }).connect();
  for (let restart = 0; restart < 5; restart += 1) {
    const from = manager.events.length;
    await pause(100);
    manager.signal("SIGTERM");
    assert.deepEqual(await manager.ended(from), { code: 0, signal: null });
    await manager.startService();
  }
  await pause(100);
  going = false;
  await Promise.all(lanes);
  // No cookie: 401 is the answer of a gateway that takes handshakes.
  assert.deepEqual([...statuses.keys()].sort(), ["admin 200", "tcp 401", "unix 401"], JSON.stringify([...statuses]));
  for (const [, count] of statuses) assert.ok(count > 20, JSON.stringify([...statuses]));
  manager.signal("SIGTERM");
  await manager.quit();
  taken.close();
});

test("an inherited socket of another name is a fault", { timeout: 60_000 }, async () => {
  const manager = await ServiceManager.start({ sockets: [{ name: "mystery", port: 0 }] });
  manager.launch();
  assert.deepEqual(await manager.ended(), { code: 2, signal: null });
  assert.match(manager.output, /cannot listen error="inherited socket \\"mystery\\": FileDescriptorName= is neither public nor admin"/);
  await manager.quit();
});
