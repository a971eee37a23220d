// The programs under test, each on a port that the system gave it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../../e2e/lib/process.mjs";
import { request } from "./http.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const echoBinary = process.env.PROTOCOL_ECHO_SERVER ?? join(root, "build/release/tests/protocol_echo_server");
export const gatewayBinary = process.env.CHAT_GATEWAY_BINARY ?? join(root, "build/release/chat-gateway");

// What a developer's own deployment may have set must not reach the gateway under test.
const SETTINGS = /^(CHAT_GATEWAY_.*|SESSION_SECRET|REDIS_URL|DATABASE_URL|PORT)$/;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)));

const SANITIZER_REPORT = /(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:/;

class Server {
  async start(name, binary, args, options, listening) {
    assert.ok(existsSync(binary), `${binary} is not there: build it, or name another in the environment`);
    this.process = new ServerProcess(name, binary, args, options);
    await this.process.prints(listening);
    this.port = Number(this.process.output.match(listening)[1]);
    return this;
  }

  /** The orderly end: exit code 0, and no sanitizer had anything to say. */
  async stop(signal = "SIGTERM") {
    const end = await this.process.stop(signal);
    const report = this.process.output.match(SANITIZER_REPORT);
    assert.deepEqual(end, { code: 0, signal: null }, "how the server ended");
    assert.equal(report, null, `a sanitizer's report:\n${this.process.output.slice(report?.index, report?.index + 6000)}`);
  }
}

/** protocol_echo_server, with an option that is `true` as a flag. Unless told otherwise nothing times out while a test is looking elsewhere. */
export function startEcho(options = {}) {
  const settings = { port: 0, "ping-interval": 600_000, "ping-timeout": 600_000, "connect-timeout": 600_000, ...options };
  const args = Object.entries(settings).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  return new Server().start("protocol_echo_server", echoBinary, args, {}, /listening on port (\d+)\n/);
}

/** chat-gateway --demo; `settings` by environment name without its prefix: `{ENGINE_PING_INTERVAL_MS: 100}`. */
export function startDemo(settings = {}) {
  const all = { SERVER_HOST: "127.0.0.1", SERVER_PORT: 0, SERVER_DRAIN_MS: 100, ADMIN_PORT: 0, LOG_FORMAT: "json", ...settings };
  const variables = Object.fromEntries(Object.entries(all).map(([name, value]) => [`CHAT_GATEWAY_${name}`, String(value)]));
  const options = { env: { ...environment, ...variables } };
  return new Server().start("chat-gateway", gatewayBinary, ["--demo"], options, /"public":"127\.0\.0\.1:(\d+)"/);
}

/** A Cookie header's value for one of the demo's users. */
export async function demoCookie(gateway, user = "u-ada") {
  const answer = await request(gateway.port, "/demo/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user }),
  });
  assert.equal(answer.status, 200, answer.body);
  return answer.get("Set-Cookie").split(";")[0];
}
