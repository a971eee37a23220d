// What is measured: gateways in several settings, a Node server with the same duties, and any other program that is at hand.
import { join } from "node:path";
import { SECRET } from "../e2e/lib/backend.mjs";
import { Gateway, root } from "../e2e/lib/gateway.mjs";
import { freePort, privateDirectory } from "../e2e/lib/machine.mjs";
import { ServerProcess } from "../e2e/lib/process.mjs";

/** Makes `{target, pid, stop()}` of a running server. */
const starters = {
  async gateway({ redis, postgres }, { threads = 1, unix = false, settings = {} }) {
    const socket = join(privateDirectory("bench"), "socket");
    const gateway = await Gateway.start({
      ...settings,
      server: { threads, ...(unix && { unix_socket: socket }), ...settings.server },
      session: { secrets: [SECRET], ...settings.session },
      redis: { url: redis.url },
      postgres: { url: postgres.url },
      log: { level: "warn" },
    });
    return {
      target: unix ? `unix:${socket}` : `127.0.0.1:${gateway.port}`,
      pid: gateway.process.child.pid,
      stop: () => gateway.stop(),
    };
  },

  async node({ redis, postgres }) {
    const port = await freePort();
    const server = new ServerProcess("node", process.execPath, [join(root, "tests/e2e/lib/socketio_server.mjs")], {
      env: { ...process.env, NODE_ENV: "production", PORT: String(port), REDIS_URL: redis.url, DATABASE_URL: postgres.url },
    });
    await server.prints(/listening/);
    return { target: `127.0.0.1:${port}`, pid: server.child.pid, stop: () => server.stop() };
  },

  /** `command` with {port} and {redis} in it; prints "listening"; is told the rooms by a header. */
  async peer({ redis }, { command }) {
    const port = await freePort();
    const [program, ...args] = command.replaceAll("{port}", port).replaceAll("{redis}", redis.port).split(" ");
    const server = new ServerProcess(program, program, args);
    await server.prints(/listening/);
    return { target: `127.0.0.1:${port}`, pid: server.child.pid, options: ["--rooms-header"], stop: () => server.stop() };
  },
};

export function start(kind, world, options) {
  return starters[kind](world, options);
}
