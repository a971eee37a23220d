// The gateway as a service of a service manager: inherited listening sockets, notifications, watchdog. systemd's protocols, without systemd.
import { EventEmitter, once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { binary } from "./gateway.mjs";
import { privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { PATIENCE_MS, within } from "./wait.mjs";

const INTERPRETER = process.env.CHAT_GATEWAY_TEST_PYTHON ?? "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("../python/service_manager.py", import.meta.url));

const running = new Set();

export class ServiceManager {
  /** `sockets`: `[{name, port}` or `{name, path}]`; `settings`: the gateway's, by section. With --demo, so that it needs no stores. */
  static async start({ sockets = [], settings = {}, abstract = false, watchdogUs = null } = {}) {
    const manager = new ServiceManager();
    const config = join(privateDirectory("service"), "chat-gateway.json");
    manager.config = config;
    manager.configure(settings);
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => /_OPTIONS$|^PATH$/.test(name)));
    const specification = { command: [binary, "--demo", "--config", config], environment, sockets, abstract, watchdog_us: watchdogUs };
    manager.process = new ServerProcess("service manager", INTERPRETER, [SCRIPT, JSON.stringify(specification)], { stdio: "pipe" });
    manager.events = [];
    manager.changes = new EventEmitter();
    running.add(manager);
    createInterface({ input: manager.process.child.stdout }).on("line", (line) => {
      manager.events.push(JSON.parse(line));
      manager.changes.emit("change");
    });
    manager.listening = (await manager.event(({ listening }) => listening, "its sockets")).listening;
    return manager;
  }

  configure(settings) {
    writeFileSync(this.config, typeof settings === "string" ? settings : JSON.stringify(settings));
  }

  /** The first event from `from` on that the predicate holds for. */
  async event(predicate, what, { from = 0, ms = PATIENCE_MS } = {}) {
    const search = async () => {
      for (;;) {
        const found = this.events.slice(from).find(predicate);
        if (found) return found;
        await once(this.changes, "change");
      }
    };
    return within(search(), ms, `${what}; so far: ${JSON.stringify(this.events)}\n${this.process.tail()}`);
  }

  notified(pattern, options) {
    return this.event(({ notified }) => notified && pattern.test(notified), `the notification ${pattern}`, options);
  }

  #command(text) {
    this.process.child.stdin.write(`${text}\n`);
  }

  /** Without waiting for it. */
  launch() {
    this.#command("start");
  }

  /** Until READY=1; returns the pid. */
  async startService() {
    const from = this.events.length;
    this.launch();
    const { started } = await this.event(({ started }) => started, "the start", { from });
    await this.notified(/^READY=1$/m, { from });
    return started;
  }

  /** To the gateway. */
  signal(name) {
    this.#command(`signal ${name}`);
  }

  /** `{code, signal}` of the gateway's end. */
  async ended(from = 0) {
    return (await this.event(({ ended }) => ended, "the gateway's end", { from })).ended;
  }

  get output() {
    return this.process.output;
  }

  async quit() {
    this.#command("quit");
    await this.process.exited;
    running.delete(this);
  }
}

/** For the end of a test file. */
export async function quitAll() {
  for (const manager of running) await manager.quit();
}
