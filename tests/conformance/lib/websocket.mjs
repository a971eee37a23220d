// RFC 6455 by hand: frames as a client sends them, right or wrong.
import { readResponse, requestBytes } from "./http.mjs";
import { Wire } from "./wire.mjs";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** The key of the RFC's own example, whose accept value is known. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export function upgradeHeaders(extra = {}) {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    ...extra,
  };
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

/** One frame. `mask`: four bytes, or null for none. `length`: what the header says, if not the truth. */
export function frame(code, payload = "", { fin = true, rsv = 0, mask = [0x12, 0x34, 0x56, 0x78] } = {}) {
  const data = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | code;
  const bit = mask ? 0x80 : 0;
  let header;
  if (data.length < 126) {
    header = Buffer.from([first, bit | data.length]);
  } else if (data.length < 65536) {
    header = Buffer.from([first, bit | 126, 0, 0]);
    header.writeUInt16BE(data.length, 2);
  } else {
    header = Buffer.alloc(10);
    header.set([first, bit | 127]);
    header.writeBigUInt64BE(BigInt(data.length), 2);
  }
  if (!mask) return Buffer.concat([header, data]);
  const masked = Buffer.from(data);
  for (let i = 0; i < masked.length; ++i) masked[i] ^= mask[i & 3];
  return Buffer.concat([header, Buffer.from(mask), masked]);
}

export function closeFrame(code, reason = "") {
  if (code === undefined) return frame(opcode.close);
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return frame(opcode.close, payload);
}

/** The next frame from the server: `{fin, rsv, opcode, masked, payload, bytes}`; `bytes` is all of it. */
export async function readFrame(wire) {
  const start = await wire.take(2);
  let length = start[1] & 127;
  let extended = Buffer.alloc(0);
  if (length === 126) {
    extended = await wire.take(2);
    length = extended.readUInt16BE();
  } else if (length === 127) {
    extended = await wire.take(8);
    length = Number(extended.readBigUInt64BE());
  }
  const masked = (start[1] & 128) !== 0;
  const payload = await wire.take(length);
  return {
    fin: (start[0] & 128) !== 0,
    rsv: (start[0] >> 4) & 7,
    opcode: start[0] & 15,
    masked,
    payload,
    bytes: Buffer.concat([start, extended, payload]),
  };
}

export class WebSocketWire {
  /** Asks for a WebSocket; `response` is the answer, 101 or not. */
  static async ask(port, target, { method = "GET", headers = {}, behind = "" } = {}) {
    const socket = new WebSocketWire();
    socket.wire = await Wire.connect(port);
    socket.wire.send(requestBytes(target, { method, headers: upgradeHeaders(headers) }), behind);
    socket.response = await readResponse(socket.wire);
    return socket;
  }

  /** The same, and it must be 101. */
  static async open(port, target, options = {}) {
    const socket = await WebSocketWire.ask(port, target, options);
    if (socket.response.status !== 101) {
      throw new Error(`no upgrade: ${socket.response.statusLine} ${socket.response.body}`);
    }
    return socket;
  }

  text(payload) {
    this.wire.send(frame(opcode.text, payload));
  }

  binary(payload) {
    this.wire.send(frame(opcode.binary, payload));
  }

  send(...bytes) {
    this.wire.send(...bytes);
  }

  frame() {
    return readFrame(this.wire);
  }

  /** The next message: a string, or a Buffer for a binary one. A close frame rejects. */
  async next() {
    const got = await this.frame();
    if (got.opcode === opcode.text && got.fin) return got.payload.toString();
    if (got.opcode === opcode.binary && got.fin) return got.payload;
    throw new Error(`expected a message, got the frame ${got.bytes.toString("hex").slice(0, 80)}`);
  }

  /** The bytes of the next frame, in hex: `8800` is the empty close. */
  async hex() {
    return (await this.frame()).bytes.toString("hex");
  }

  /** The close code of the next frame, which must be a close; undefined for an empty one. */
  async closeCode() {
    const got = await this.frame();
    if (got.opcode !== opcode.close) throw new Error(`expected a close, got ${got.bytes.toString("hex").slice(0, 80)}`);
    return got.payload.length === 0 ? undefined : got.payload.readUInt16BE();
  }

  drop() {
    this.wire.drop();
  }
}
