// A private redis-server; CHAT_GATEWAY_TEST_REDIS names another program: valkey-server, say.
import { createClient } from "redis";
import { freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";

const program = process.env.CHAT_GATEWAY_TEST_REDIS ?? "redis-server";

export class Redis {
  /** `durable`: what it has answered is on the disk, and survives its being killed; `options`: more of redis-server's. */
  static async start({ durable = false, options = [] } = {}) {
    const redis = new Redis();
    redis.options = [...(durable ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"]), ...options];
    redis.port = await freePort();
    redis.directory = privateDirectory("redis");
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.resume();
    return redis;
  }

  /** Starts it, again on the same port and with the same data. */
  async resume() {
    this.process = new ServerProcess("redis-server", program, [
      "--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.directory, "--save", "",
      ...this.options,
    ]);
    await this.process.prints(/Ready to accept connections/);
    this.admin = await this.connect();
  }

  /** A connected client; it gives up when Redis goes, for the test to make a new one. */
  async connect() {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on("error", () => {}); // told by the command that fails
    await client.connect();
    return client;
  }

  /** Stops it; the data stays for resume(). */
  async stop() {
    await this.admin.sendCommand(["SAVE"]);
    await this.process.stop();
  }

  /** The end without a farewell; resume() finds what was durable. */
  async kill() {
    await this.process.stop("SIGKILL");
  }

  /** Alive for TCP, but answers nothing until unfreeze(). */
  freeze() {
    this.process.child.kill("SIGSTOP");
  }

  unfreeze() {
    this.process.child.kill("SIGCONT");
  }

  /** How many subscribers a room's channel of the classic adapter has. */
  async subscribers(room) {
    const channel = `socket.io#/#${room}#`;
    const answer = await this.admin.sendCommand(["PUBSUB", "NUMSUB", channel]);
    return Number(answer[1]);
  }
}
