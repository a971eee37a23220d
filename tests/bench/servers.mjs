// What is measured: gateways in several settings, a Node server with the same duties, and any other program that is at hand.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SECRET } from "../e2e/lib/backend.mjs";
import { root } from "../e2e/lib/gateway.mjs";
import { postJson, request } from "../e2e/lib/http.mjs";
import { freePort, privateDirectory } from "../e2e/lib/machine.mjs";
import { ServerProcess } from "../e2e/lib/process.mjs";
import { eventually, inParallel } from "../e2e/lib/wait.mjs";
import { writeClients } from "./population.mjs";

export const binary = process.env.CHAT_GATEWAY_BINARY ?? join(root, "build/release/chat-gateway");

/** By the name in the table; `settings` as in the configuration file. */
export const SERVERS = {
  gateway: { kind: "gateway" },
  other: { kind: "gateway", isOther: true },
  "gateway unix": { kind: "gateway", unix: true },
  "gateway 2 loops": { kind: "gateway", settings: { server: { threads: 2 } } },
  "gateway memory": { kind: "memory" },
  "gateway all": { kind: "gateway", settings: { bus: { subscription: "all" } } },
  "gateway no recovery": { kind: "gateway", settings: { socket: { recovery_ms: 0 } } },
  node: { kind: "node" },
  peer: { kind: "peer" },
};

const merged = (...all) =>
  all.reduce((sum, settings) => {
    for (const [section, values] of Object.entries(settings)) sum[section] = { ...sum[section], ...values };
    return sum;
  }, {});

// Settings of a developer's own deployment must not reach the gateways.
const SETTINGS = /^(CHAT_GATEWAY_.*|SESSION_SECRET|REDIS_URL|DATABASE_URL|PORT)$/;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)));

/** What every gateway here is told; one loop unless the server says otherwise. */
const BASE = { server: { host: "127.0.0.1", threads: 1, drain_ms: 1000 }, session: { secrets: [SECRET] }, log: { level: "warn" } };

/** The orderly end; the output of a server that ended well is of no interest when another one fails. */
async function stopped(server) {
  const { code, signal } = await server.stop();
  if (code !== 0) throw new Error(`${server.name} ended with ${code ?? signal}:\n${server.tail()}`);
  server.output = "";
}

/** Starts a gateway program and waits until it is ready; `{port, admin, process}`. */
async function startGateway(program, settings, args = []) {
  const [port, admin] = [await freePort(), await freePort()];
  const config = join(privateDirectory("bench"), "chat-gateway.json");
  writeFileSync(config, JSON.stringify(merged(BASE, { server: { port }, admin: { port: admin } }, settings)));
  const server = new ServerProcess(program, program, ["--config", config, ...args], { env: environment });
  await eventually(async () => {
    if (server.child.exitCode !== null) throw new Error(`${program} has ended:\n${server.tail()}`);
    const answer = await request(`http://127.0.0.1:${admin}/readyz`).catch((error) => error);
    return answer.status === 200;
  }, `${program} is ready`);
  return { port, admin, process: server };
}

const starters = {
  async gateway({ redis, postgres, settings: given, other }, { isOther = false, unix = false, settings = {} }) {
    const socket = join(privateDirectory("bench"), "socket");
    const gateway = await startGateway(isOther ? other : binary, merged(
      { redis: { url: redis.url }, postgres: { url: postgres.url } }, unix ? { server: { unix_socket: socket } } : {}, settings, given,
    ));
    return {
      target: unix ? `unix:${socket}` : `127.0.0.1:${gateway.port}`,
      pid: gateway.process.child.pid,
      admin: `http://127.0.0.1:${gateway.admin}`,
      stop: () => stopped(gateway.process),
    };
  },

  /**
   * Stores and bus in memory: --demo is the way to them. It has three chats, and everybody is in the lobby; messages are posted, for there
   * is no Redis to publish to.
   */
  async memory({ settings: given }, { connections }) {
    const { port, admin, process: server } = await startGateway(binary, given, ["--demo"]);
    const cookies = [];
    await inParallel(Array.from({ length: connections }), 16, async () => {
      const { headers } = await postJson(`http://127.0.0.1:${port}/demo/login`, { user: "u-ada" });
      cookies.push(headers["set-cookie"][0].split(";")[0]);
    });
    return {
      target: `127.0.0.1:${port}`,
      pid: server.child.pid,
      options: ["--http", String(admin), "--first-room", "c-lobby"],
      clients: writeClients(cookies.map((cookie) => [cookie, [0]])),
      stop: () => stopped(server),
    };
  },

  async node({ redis, postgres }) {
    const port = await freePort();
    const server = new ServerProcess("node", process.execPath, [join(root, "tests/e2e/lib/socketio_server.mjs")], {
      env: { ...process.env, NODE_ENV: "production", PORT: String(port), REDIS_URL: redis.url, DATABASE_URL: postgres.url },
    });
    await server.prints(/listening/);
    return { target: `127.0.0.1:${port}`, pid: server.child.pid, stop: () => stopped(server) };
  },

  /** `peer`: a command with {port} and {redis} in it; docs/performance.md says what it must do. */
  async peer({ redis, peer }) {
    const port = await freePort();
    const [program, ...args] = peer.replaceAll("{port}", port).replaceAll("{redis}", redis.port).split(" ");
    const server = new ServerProcess(program, program, args);
    await server.prints(/listening|ready/i);
    return { target: `127.0.0.1:${port}`, pid: server.child.pid, options: ["--rooms-header"], stop: () => server.stop() }; // how it ends is its own affair
  },
};

/**
 * Starts one of SERVERS: `{target, pid, stop()}`, a gateway with the URL of its `admin` listener, perhaps with `options` for bench_load and a `clients` file of its own, for as many
 * `connections`.
 */
export function start(name, world, { connections } = {}) {
  const { kind, ...options } = SERVERS[name];
  return starters[kind](world, { connections, ...options });
}
