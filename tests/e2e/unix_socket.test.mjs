// The public listener on an AF_UNIX path: stock clients that come by it alone, and what becomes of its file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { Client, closeAllClients, transportSettings } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { poll, request, upgrade } from "./lib/http.mjs";
import { privateDirectory } from "./lib/machine.mjs";

const directory = privateDirectory("socket");
let paths = 0;
const newPath = () => join(directory, `${(paths += 1)}.sock`);

/** No TCP but the admin listener's, and no proxy that is trusted for its address. */
const settings = () => ({
  SERVER_UNIX_SOCKET: newPath(),
  SERVER_PORT: 0,
  SERVER_THREADS: 2,
  SERVER_TRUSTED_PROXIES: "192.0.2.1/32",
  LOG_LEVEL: "debug",
});

const gateway = await Gateway.startDemo(settings());
after(() => {
  closeAllClients();
  return gateway.stop();
});

const ask = ({ url, socketPath }, path, options) => request(url + path, { socketPath, ...options });

function post(target, path, value, headers = {}) {
  return ask(target, path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(value),
  });
}

async function login(target) {
  const answer = await post(target, "/demo/login", { user: "u-ada" });
  assert.equal(answer.status, 200, answer.body);
  return answer.headers["set-cookie"][0].split(";")[0];
}

/** Ports on which the process listens. */
function portsOf(pid) {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1];
    } catch {
      return undefined; // closed meanwhile
    }
  }));
  return ["tcp", "tcp6"].filter((name) => existsSync(`/proc/${pid}/net/${name}`)).flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, "utf8").split("\n").slice(1).map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(inode))
      .map(([, local]) => parseInt(local.split(":")[1], 16)));
}

/** How a gateway that cannot start ends. */
async function refusalToStart(overrides) {
  const { process } = await Gateway.spawnDemo({ ...settings(), ...overrides });
  const { code } = await process.exited;
  assert.equal(code, 2, process.tail());
  return process.output;
}

for (const [name, transports] of Object.entries(transportSettings)) {
  test(`messages arrive, ${name}`, async () => {
    const cookie = await login(gateway.overSocket);
    const [chat] = JSON.parse((await ask(gateway.overSocket, "/demo/chats", { headers: { Cookie: cookie } })).body);
    const agent = new Agent({ socketPath: gateway.unixSocket });
    // More than there are loops: requests of one session come in on both.
    const clients = await Promise.all(Array.from({ length: 4 }, () =>
      new Client("http://gateway.test", { cookie, transports, agent }).connect()));
    if (transports === transportSettings.upgrade) await Promise.all(clients.map((client) => client.upgraded()));
    for (let n = 0; n < 20; n += 1) {
      const answer = await post(gateway.overSocket, "/demo/messages", { chat_id: chat.chat_id, content: `${name} ${n}` }, { Cookie: cookie });
      assert.equal(answer.status, 201, answer.body);
    }
    const expected = Array.from({ length: 20 }, (_, n) => `${name} ${n}`);
    for (const client of clients) {
      await client.receives(`${name} 19`);
      assert.deepEqual(client.contents, expected);
      client.close();
    }
  });
}

test("TCP is not listened on, and the log says where it is", () => {
  assert.deepEqual(portsOf(gateway.process.child.pid), [gateway.adminPort]);
  assert.ok(gateway.process.output.includes(` listening public=unix:${gateway.unixSocket} `), gateway.process.tail());
  assert.equal(statSync(gateway.unixSocket).mode & 0o777, 0o660);
});

test("X-Forwarded-For is believed; who says none is called unix", async () => {
  assert.equal((await upgrade(gateway.overSocket, { "X-Forwarded-For": "192.0.2.66, 198.51.100.7" })).status, 401);
  await gateway.process.prints(/handshake refused reason=\S+ client=198\.51\.100\.7\n/);
  assert.equal((await poll(gateway.overSocket)).status, 401);
  await gateway.process.prints(/handshake refused reason=\S+ client=unix\n/);
});

test("with a port, both are listened on", async () => {
  const { SERVER_PORT, ...rest } = settings();
  const both = await Gateway.startDemo(rest);
  try {
    assert.ok(both.process.output.includes(`public="127.0.0.1:${both.port}, unix:${both.unixSocket}"`), both.process.tail());
    for (const target of [both, both.overSocket]) {
      assert.equal((await poll(target, { Cookie: await login(target) })).status, 200);
    }
  } finally {
    await both.stop();
  }
});

test("a second gateway does not get the path of a live one", async () => {
  const output = await refusalToStart({ SERVER_UNIX_SOCKET: gateway.unixSocket });
  assert.match(output, /cannot listen key=server\.unix_socket path=\S+ error="in use: another process listens there"/);
  assert.equal((await poll(gateway.overSocket)).status, 401);
});

test("what a killed gateway left is taken over; an orderly end leaves nothing", async () => {
  const mine = settings();
  const killed = await Gateway.startDemo(mine);
  await killed.kill();
  assert.ok(existsSync(killed.unixSocket));
  const next = await Gateway.startDemo(mine);
  assert.equal((await poll(next.overSocket)).status, 401);
  await next.stop();
  assert.ok(!existsSync(next.unixSocket));
});

test("a start that fails for another reason leaves nothing", async () => {
  const path = newPath();
  await refusalToStart({ SERVER_UNIX_SOCKET: path, ADMIN_PORT: gateway.adminPort });
  assert.ok(!existsSync(path));
});

test("a file that is no socket stays, and the gateway does not start", async () => {
  const path = newPath();
  writeFileSync(path, "precious");
  assert.match(await refusalToStart({ SERVER_UNIX_SOCKET: path }), /error="there is something that is no socket: /);
  assert.equal(readFileSync(path, "utf8"), "precious");
});

test("without the directory the gateway does not start", async () => {
  const output = await refusalToStart({ SERVER_UNIX_SOCKET: join(directory, "none", "s") });
  assert.match(output, /cannot listen key=server\.unix_socket path=\S+ error="No such file or directory"/);
});

test("a path that no socket can have is a fault of the configuration", () => {
  const { spawnfile } = gateway.process.child;
  const checked = spawnSync(spawnfile, ["--demo", "--check-config"], {
    env: { CHAT_GATEWAY_SERVER_UNIX_SOCKET: `/${"x".repeat(107)}` },
    encoding: "utf8",
  });
  assert.equal(checked.status, 1);
  assert.match(checked.stdout + checked.stderr, /^server\.unix_socket: .* is too long for an AF_UNIX socket; accepted: an absolute path/m);
});
