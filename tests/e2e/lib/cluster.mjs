// A cluster of gateways and Node Socket.IO servers on one Redis, and whoever may ask them something.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "./client.mjs";
import { freePort } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { PATIENCE_MS, within } from "./wait.mjs";

/** A process that takes calls as lines of JSON: lib/cluster_node.mjs, or the gateway's cluster_member. */
export class Member {
  #waiting = new Map();
  #next = 1;

  constructor(name, command, args, env) {
    this.name = name;
    this.process = new ServerProcess(name, command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    createInterface({ input: this.process.child.stdout }).on("line", (line) => {
      const { n, result, error } = JSON.parse(line);
      const waiting = this.#waiting.get(n);
      if (!waiting) return;
      this.#waiting.delete(n);
      if (error === undefined) waiting.resolve(result);
      else waiting.reject(new Error(`${name}: ${error}`));
    });
  }

  /** A Node server with that adapter; `url` for its clients. */
  static async startNode(name, { kind, redis, prefix = "socket.io" }) {
    const port = await freePort();
    const script = fileURLToPath(new URL("cluster_node.mjs", import.meta.url));
    const node = new Member(name, process.execPath, [script], {
      ADAPTER: kind, REDIS_URL: redis, PREFIX: prefix, PORT: String(port), NAME: name,
    });
    node.url = `http://127.0.0.1:${port}`;
    await node.answer(0);
    return node;
  }

  /** The gateway's code as a node without sockets. */
  static async startMember(name, { kind, redis, prefix = "socket.io" }) {
    const binary = process.env.CLUSTER_MEMBER ?? fileURLToPath(new URL("../../../build/release/tests/cluster_member", import.meta.url));
    const member = new Member(name, binary, [kind, redis, prefix]);
    await member.call("ready");
    return member;
  }

  answer(n) {
    const answered = new Promise((resolve, reject) => this.#waiting.set(n, { resolve, reject }));
    return within(answered, PATIENCE_MS, `an answer of ${this.name}`);
  }

  call(name, args = {}) {
    const n = this.#next;
    this.#next += 1;
    const answered = this.answer(n);
    this.process.child.stdin.write(`${JSON.stringify({ n, call: name, ...args })}\n`);
    return answered;
  }

  get alive() {
    const { exitCode, signalCode } = this.process.child;
    return exitCode === null && signalCode === null;
  }

  async stop() {
    this.process.child.stdin.end();
    const end = await this.process.exited;
    if (end.code !== 0) throw new Error(`${this.name} ended with ${JSON.stringify(end)}:\n${this.process.tail()}`);
  }
}

/** A client of a Node member, in these rooms; it answers `ask` as `Client`s of gateways do. */
export function nodeClient(node, rooms) {
  return new Client(node.url, { auth: { rooms } });
}

/** Has the client acknowledge `ask` with `[name, first argument]`, and collect `tell`. */
export function answering(client, name) {
  client.told = [];
  client.socket.on("ask", (value, ack) => ack([name, value]));
  client.socket.on("deaf", () => {});
  client.socket.on("tell", (value) => client.told.push(value));
  return client;
}
