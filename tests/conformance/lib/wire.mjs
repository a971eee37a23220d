// One TCP connection, byte by byte: what the server sends is kept until a test takes it.
import net from "node:net";
import { PATIENCE_MS, within } from "../../e2e/lib/wait.mjs";

const open = new Set();

/** Drops every connection that is still open; for afterEach. */
export function dropWires() {
  for (const wire of open) wire.drop();
}

export class Wire {
  /** @param {number} port on 127.0.0.1 */
  static async connect(port) {
    const wire = new Wire();
    wire.received = Buffer.alloc(0);
    wire.ended = false; // the server sends no more
    wire.wake = () => {};
    wire.socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    open.add(wire);
    wire.socket.on("data", (chunk) => {
      wire.received = Buffer.concat([wire.received, chunk]);
      wire.wake();
    });
    const end = () => {
      wire.ended = true;
      wire.wake();
    };
    wire.socket.on("end", end);
    wire.socket.on("error", end); // a reset is an end as well
    wire.socket.on("close", end);
    await within(new Promise((resolve, reject) => wire.socket.once("connect", resolve).once("error", reject)),
      PATIENCE_MS, "a connection");
    return wire;
  }

  /** Strings are sent as UTF-8. */
  send(...pieces) {
    this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }

  /** Sends no more, and goes on reading. */
  finish() {
    this.socket.end();
  }

  drop() {
    open.delete(this);
    this.socket.destroy();
  }

  /** A Buffer of exactly `count` bytes; rejects when the connection ends before. */
  take(count) {
    return this.#cut(() => this.received.length >= count && count, `${count} bytes`);
  }

  /** The bytes up to and with `mark`. */
  takeThrough(mark) {
    return this.#cut(() => {
      const at = this.received.indexOf(mark);
      return at >= 0 && at + mark.length;
    }, JSON.stringify(mark));
  }

  /** All bytes until the server ends the connection. */
  async takeRest() {
    await this.#until(() => this.ended, "the end of the connection");
    return this.#slice(this.received.length);
  }

  async #cut(length, what) {
    let count = false;
    await this.#until(() => {
      count = length();
      return count !== false || this.ended;
    }, what);
    if (count === false) {
      throw new Error(`the connection ended before ${what} came; received ${JSON.stringify(this.received.toString())}`);
    }
    return this.#slice(count);
  }

  async #until(condition, what) {
    const wait = async () => {
      while (!condition()) await new Promise((resolve) => (this.wake = resolve));
    };
    await within(wait(), PATIENCE_MS, what);
  }

  #slice(count) {
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return taken;
  }
}
