// python-socketio in a process of its own.
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "./process.mjs";
import { PATIENCE_MS, within } from "./wait.mjs";

// Debian's packages belong to Debian's interpreter; another one may come first in PATH.
const INTERPRETER = process.env.CHAT_GATEWAY_TEST_PYTHON ?? "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("../python/client.py", import.meta.url));

/** How the script tells of bytes. */
export const told = (bytes) => ({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });

const running = new Set();

export class PythonClient {
  /** `kind`: "asyncio" or "threads", the two clients that the package has. */
  constructor(kind) {
    // No proxy settings: the requests package would follow them.
    const env = { PATH: process.env.PATH, LANG: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" };
    running.add(this);
    this.process = new ServerProcess(`python-socketio, ${kind}`, INTERPRETER, [SCRIPT, kind], { env, stdio: "pipe" });
    this.events = [];
    this.answers = new Map();
    this.changes = new EventEmitter();
    createInterface({ input: this.process.child.stdout }).on("line", (text) => {
      const line = JSON.parse(text);
      if (line.event) this.events.push(line);
      else this.answers.set(line.answer, line);
      this.changes.emit("change");
    });
    this.process.exited.then(() => {
      this.ended = true;
      this.changes.emit("change");
    });
    this.commands = 0;
    this.process.child.stdin.on("error", () => {}); // it has ended: the answer that does not come tells
  }

  /** Resolves to the command's value; rejects with the client's own error. */
  async do(name, values = {}) {
    this.commands += 1;
    const id = this.commands;
    this.process.child.stdin.write(`${JSON.stringify({ id, do: name, ...values })}\n`);
    const { value, error } = await this.#until(() => this.answers.get(id), `the answer to ${name}`);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  async #until(probe, what) {
    const search = async () => {
      for (;;) {
        const found = probe();
        if (found) return found;
        if (this.ended) throw new Error(`python ended before ${what}:\n${this.process.tail()}`);
        await once(this.changes, "change");
      }
    };
    return within(search(), PATIENCE_MS, what);
  }

  connect(url, { cookie, transports }) {
    return this.do("connect", { url, cookie: cookie ?? null, transports });
  }

  get messages() {
    return this.events.filter(({ event }) => event === "serverMessage").map(({ value }) => value);
  }

  get contents() {
    return this.messages.map(({ content }) => content);
  }

  /** Until `count` events of this name have come in all; returns the last one's value. */
  async seen(event, count = 1) {
    const found = () => this.events.filter((one) => one.event === event)[count - 1];
    return (await this.#until(found, `${event}, number ${count}`)).value;
  }

  /** Until so many messages have come in all. */
  receives(count) {
    return this.#until(() => this.messages.length >= count, `${count} messages; came: ${this.messages.length}`);
  }

  /** The orderly end. */
  async end() {
    running.delete(this);
    this.process.child.stdin.end();
    return within(this.process.exited, PATIENCE_MS, "python to end");
  }
}

export function endAllPythonClients() {
  return Promise.all([...running].map((client) => client.end()));
}
