// A WebSocket client that sends any bytes, and sees frames as they came: for tests of RFC 6455 and RFC 7692.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import zlib from "node:zlib";

const PATIENCE_MS = 20_000;
const FLUSH_END = Buffer.from([0, 0, 0xff, 0xff]);

export const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
export const RSV1 = 4;

/** Rejects instead of waiting for ever. */
function within(promise, what) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`in ${PATIENCE_MS} ms not seen: ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** protocol_echo_server on a free port. */
export class EchoServer {
  static async start(...args) {
    const server = new EchoServer();
    const binary = process.env.PROTOCOL_ECHO_SERVER ?? new URL("../../../build/release/tests/protocol_echo_server", import.meta.url).pathname;
    server.child = spawn(binary, ["--port", "0", ...args], { stdio: ["ignore", "pipe", "inherit"] });
    server.ended = once(server.child, "exit");
    const [line] = await within(
      Promise.race([
        once(createInterface({ input: server.child.stdout }), "line"),
        server.ended.then(([code]) => Promise.reject(new Error(`the echo server has ended: ${code}`))),
      ]),
      "the port of the echo server",
    );
    server.port = Number(/port (\d+)/.exec(line)[1]);
    return server;
  }

  /** Throws if it did not end well: a sanitizer has found something, or it was gone already. */
  async stop() {
    this.child.kill("SIGTERM");
    const [code, signal] = await within(this.ended, "the end of the echo server");
    if (code !== 0) throw new Error(`the echo server has ended with ${code ?? signal}`);
  }
}

/** Text (UTF-8) or a list of bytes as a Buffer. */
export const bytes = (payload) => (typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload ?? []));

/** A masked frame. `length`: what the header announces, if that is not the payload's. */
export function frame(opcode, payload, { fin = true, rsv = 0, masked = true, key = [0x37, 0xfa, 0x21, 0x3d] } = {}) {
  const data = Buffer.from(bytes(payload));
  const n = data.length;
  const head = Buffer.alloc(n < 126 ? 2 : n < 65536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (n < 126 ? n : n < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(n, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(n), 2);
  if (!masked) return Buffer.concat([head, data]);
  for (let i = 0; i < n; i += 1) data[i] ^= key[i & 3];
  return Buffer.concat([head, Buffer.from(key), data]);
}

export const text = (payload, options) => frame(OP.text, payload, options);
export const binary = (payload, options) => frame(OP.binary, payload, options);
export const ping = (payload, options) => frame(OP.ping, payload, options);
export const pong = (payload, options) => frame(OP.pong, payload, options);

export function closePayload(code, reason = "") {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, bytes(reason)]);
}
export const close = (code, reason) => frame(OP.close, code === undefined ? [] : closePayload(code, reason));

/** One message as frames, cut at these places of its payload, or every `size` bytes. */
export function fragments(opcode, payload, cuts, { rsv = 0 } = {}) {
  const data = bytes(payload);
  const places = typeof cuts === "number" ? Array.from({ length: Math.ceil(data.length / cuts) - 1 }, (_, i) => (i + 1) * cuts) : cuts;
  const ends = [...places, data.length];
  return ends.map((end, i) =>
    frame(i === 0 ? opcode : OP.continuation, data.subarray(i === 0 ? 0 : ends[i - 1], end), {
      fin: i === ends.length - 1,
      rsv: i === 0 ? rsv : 0,
    }),
  );
}

export function deflate(payload, options = {}) {
  const packed = zlib.deflateRawSync(bytes(payload), { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options });
  return packed.subarray(0, packed.length - FLUSH_END.length);
}
export function inflate(payload) {
  return zlib.inflateRawSync(Buffer.concat([payload, FLUSH_END]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

/** One connection. */
export class Wire {
  #chunks = [];
  #size = 0;
  #ended = false;
  #wake = () => {};

  /** The answer to the upgrade: `wire.status`, `wire.headers` (lower case); behind a 101 the open packet has been read. */
  static async open(port, { path = "/engine.io/?EIO=4&transport=websocket", headers = {} } = {}) {
    const wire = new Wire();
    wire.socket = net.connect({ port, host: "127.0.0.1" });
    wire.socket.setNoDelay(true);
    wire.socket.on("data", (chunk) => {
      wire.#chunks.push(chunk);
      wire.#size += chunk.length;
      wire.#wake();
    });
    // A reset is an end: the server may close while bytes that it ignores are on their way.
    const end = () => {
      wire.#ended = true;
      wire.#wake();
    };
    wire.socket.on("error", end).on("close", end);
    await within(once(wire.socket, "connect"), "a connection");
    const asked = {
      Host: "echo.test",
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
      ...headers,
    };
    const lines = Object.entries(asked).map(([name, value]) => `${name}: ${value}\r\n`);
    wire.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    await wire.#readHead();
    if (wire.status === 101) {
      const first = await wire.next();
      if (!first.payload.toString().startsWith("0{")) throw new Error(`no open packet, but ${first.payload}`);
    }
    return wire;
  }

  async #readHead() {
    for (;;) {
      const have = Buffer.concat(this.#chunks);
      const end = have.indexOf("\r\n\r\n");
      if (end >= 0) {
        const [statusLine, ...lines] = have.subarray(0, end).toString().split("\r\n");
        this.status = Number(statusLine.split(" ")[1]);
        this.headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]));
        this.#chunks = [have.subarray(end + 4)];
        this.#size = this.#chunks[0].length;
        return;
      }
      if (!(await this.#more())) throw new Error("the server has closed before its answer");
    }
  }

  /** False at the end of the stream. */
  async #more() {
    if (this.#ended) return false;
    const had = this.#size;
    await within(new Promise((resolve) => (this.#wake = resolve)), "more bytes, or the end");
    return this.#size > had || !this.#ended;
  }

  async #take(n) {
    while (this.#size < n) {
      if (!(await this.#more())) return null;
    }
    const have = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [have.subarray(n)];
    this.#size -= n;
    return have.subarray(0, n);
  }

  /** The next frame: {fin, rsv, opcode, masked, payload}; null at the end of the stream. */
  async next() {
    const head = await this.#take(2);
    if (head === null) return null;
    let length = head[1] & 0x7f;
    if (length === 126) length = (await this.#take(2)).readUInt16BE();
    else if (length === 127) length = Number((await this.#take(8)).readBigUInt64BE());
    const payload = await this.#take(length);
    if (payload === null) throw new Error("the stream ends within a frame");
    return { fin: (head[0] & 0x80) !== 0, rsv: (head[0] >> 4) & 7, opcode: head[0] & 0xf, masked: (head[1] & 0x80) !== 0, payload };
  }

  /** All at once. */
  send(...frames) {
    this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** In pieces of `size` bytes, each a write of its own. */
  async sendChopped(size, ...frames) {
    const all = Buffer.concat(frames);
    for (let at = 0; at < all.length && !this.socket.destroyed; at += size) {
      await new Promise((resolve) => this.socket.write(all.subarray(at, at + size), resolve));
    }
    return this;
  }

  destroy() {
    this.socket.destroy();
  }
}
