// The binary under test, as a process with its own configuration file.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { request } from "./http.mjs";
import { freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { eventually } from "./wait.mjs";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const binary = process.env.CHAT_GATEWAY_BINARY ?? join(root, "build/release/chat-gateway");

// What a developer's own deployment may have set must not reach the gateway under test.
const SETTINGS = /^(CHAT_GATEWAY_.*|SESSION_SECRET|REDIS_URL|DATABASE_URL|PORT)$/;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)));

const SANITIZER_REPORT = /(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:/;

/** Settings by section; `overrides` wins key by key. */
function merged(settings, overrides) {
  const result = { ...settings };
  for (const [section, values] of Object.entries(overrides)) result[section] = { ...result[section], ...values };
  return result;
}

export class Gateway {
  /** With a configuration file; waits until `until` says yes: /healthz for one whose stores are not to answer. */
  static async start(settings, { until = "/readyz" } = {}) {
    const gateway = new Gateway();
    gateway.port = await freePort();
    gateway.adminPort = await freePort();
    const config = join(privateDirectory("gateway"), "chat-gateway.json");
    const defaults = {
      server: { host: "127.0.0.1", port: gateway.port, drain_ms: 1000, threads: 2 },
      admin: { port: gateway.adminPort },
      log: { level: "debug" },
    };
    writeFileSync(config, JSON.stringify(merged(defaults, settings)));
    gateway.config = config;
    gateway.unixSocket = settings.server?.unix_socket;
    await gateway.resume(until);
    return gateway;
  }

  /** Starts it, again on the same ports and with the same configuration. */
  async resume(until = "/readyz") {
    this.#spawn(["--config", this.config], {});
    try {
      await this.answers(until);
    } catch (error) {
      await this.kill(); // nobody else knows of it, and the test would not end
      throw error;
    }
  }

  /** The end without a farewell. */
  kill() {
    return this.process.stop("SIGKILL");
  }

  /** With --demo and no configuration file, as `spawnDemo`; waits until /healthz says yes. */
  static async startDemo(settings) {
    const gateway = await Gateway.spawnDemo(settings);
    await gateway.answers("/healthz");
    return gateway;
  }

  /** May fail to start; `settings` by environment name without its prefix: `{SERVER_PORT: 0}`. */
  static async spawnDemo(settings = {}) {
    const gateway = new Gateway();
    gateway.port = await freePort();
    gateway.adminPort = await freePort();
    const all = {
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: gateway.port,
      SERVER_DRAIN_MS: 1000,
      ADMIN_PORT: gateway.adminPort,
      ...settings,
    };
    gateway.unixSocket = settings.SERVER_UNIX_SOCKET;
    gateway.#spawn(["--demo"], Object.fromEntries(Object.entries(all).map(([name, value]) => [`CHAT_GATEWAY_${name}`, String(value)])));
    return gateway;
  }

  #spawn(args, settings) {
    assert.ok(existsSync(binary), `${binary} is not there: build it, or set CHAT_GATEWAY_BINARY`);
    this.url = `http://127.0.0.1:${this.port}`;
    this.adminUrl = `http://127.0.0.1:${this.adminPort}`;
    this.process = new ServerProcess("chat-gateway", binary, args, { env: { ...environment, ...settings } });
  }

  /** Until the admin listener answers `path` with this status; returns that answer. */
  answers(path, status = 200) {
    const probe = async () => {
      const { exitCode, signalCode } = this.process.child;
      assert.ok(exitCode === null && signalCode === null, `the gateway has ended:\n${this.process.tail()}`);
      const answer = await this.admin(path).catch((error) => {
        if (error.code !== "ECONNREFUSED") throw error; // not listening yet
      });
      return answer?.status === status && answer;
    };
    return eventually(probe, `the gateway answers ${path} with ${status}`);
  }

  /** Its AF_UNIX listener, for `request` and what is made of it. */
  get overSocket() {
    return { url: "http://gateway.test", socketPath: this.unixSocket };
  }

  /** A request to the admin listener. */
  admin(path, options) {
    return request(this.adminUrl + path, options);
  }

  /** The value of one sample of /metrics; `name` with its labels, if it has any. */
  async metric(name) {
    const { body } = await this.admin("/metrics");
    const line = body.split("\n").find((one) => one.startsWith(`${name} `));
    assert.ok(line, `/metrics has no ${name}`);
    return Number(line.slice(name.length + 1));
  }

  /** The orderly end: exit code 0, and no sanitizer had anything to say. */
  async stop() {
    const end = await this.process.stop("SIGTERM");
    const report = this.process.output.match(SANITIZER_REPORT);
    assert.deepEqual(end, { code: 0, signal: null }, "how the gateway ended");
    assert.equal(report, null, `a sanitizer's report in the gateway's output:\n${this.process.output.slice(report?.index, report?.index + 6000)}`);
  }
}
