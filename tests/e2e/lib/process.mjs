// A server that a test starts: its output, its end, and nothing left behind.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { removeDirectories } from "./machine.mjs";
import { within } from "./wait.mjs";

const started = [];
const running = new Set();
process.on("exit", (code) => {
  for (const server of running) server.child.kill("SIGKILL");
  if (code !== 0) for (const server of started) server.print();
  removeDirectories();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export class ServerProcess {
  /** @param {string} name for messages; `options` as for child_process.spawn */
  constructor(name, command, args, options = {}) {
    this.name = name;
    this.output = "";
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    started.push(this);
    running.add(this);
    this.exited = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.output += `${error}\n`;
        resolve({ code: null, signal: null });
      });
      this.child.once("close", (code, signal) => resolve({ code, signal }));
    });
    this.exited.then(() => running.delete(this));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        this.output += text;
      });
    }
  }

  /** Resolves when `pattern` has appeared in the output; rejects when the process ends first. */
  async prints(pattern, ms = 60_000) {
    let ended = false;
    const end = this.exited.then(() => {
      ended = true;
    });
    const search = async () => {
      while (!pattern.test(this.output)) {
        if (ended) throw new Error(`${this.name} ended before it printed ${pattern}:\n${this.tail()}`);
        await Promise.race([once(this.child.stdout, "data"), once(this.child.stderr, "data"), end]);
      }
    };
    await within(search(), ms, `${this.name} to print ${pattern}`);
  }

  /** Sends the signal and returns `{code, signal}` of the end. */
  async stop(signal = "SIGTERM", ms = 60_000) {
    if (running.has(this)) this.child.kill(signal);
    try {
      return await within(this.exited, ms, `${this.name} to end after ${signal}`);
    } catch (error) {
      this.child.kill("SIGKILL");
      throw error;
    }
  }

  tail() {
    return this.output.slice(-8000);
  }

  print() {
    if (this.output === "") return;
    process.stderr.write(`--- output of ${this.name}\n${this.tail()}\n`);
  }
}
