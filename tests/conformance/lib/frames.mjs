// Frames in the words of RFC 6455 and RFC 7692, made of what websocket.mjs writes.
import zlib from "node:zlib";
import { frame, opcode } from "./websocket.mjs";

export const RSV1 = 4;
const FLUSH_END = Buffer.from([0, 0, 0xff, 0xff]);

export const bytes = (payload) => Buffer.from(payload ?? []);
export const hex = (digits) => Buffer.from(digits.replaceAll(" ", ""), "hex");

export const text = (payload, options) => frame(opcode.text, payload, options);
export const binary = (payload, options) => frame(opcode.binary, payload, options);
export const continuation = (payload, options) => frame(opcode.continuation, payload, options);
export const ping = (payload, options) => frame(opcode.ping, payload, options);
export const pong = (payload, options) => frame(opcode.pong, payload, options);

/** One message as frames, cut at these places of its payload, or every `cuts` bytes. */
export function fragments(code, payload, cuts, { rsv = 0 } = {}) {
  const data = bytes(payload);
  const every = (size) => Array.from({ length: Math.ceil(data.length / size) - 1 }, (_, i) => (i + 1) * size);
  const ends = [...(typeof cuts === "number" ? every(cuts) : cuts), data.length];
  return ends.map((end, i) => {
    const part = data.subarray(i === 0 ? 0 : ends[i - 1], end);
    const options = { fin: i === ends.length - 1, rsv: i === 0 ? rsv : 0 };
    return frame(i === 0 ? code : opcode.continuation, part, options);
  });
}

/** Without context takeover, as RFC 7692 section 7.2.1 has it. */
export function deflate(payload, options = {}) {
  const packed = zlib.deflateRawSync(bytes(payload), { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options });
  return packed.subarray(0, packed.length - FLUSH_END.length);
}

export function inflate(payload) {
  return zlib.inflateRawSync(Buffer.concat([payload, FLUSH_END]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

/** Sends in pieces of `size` bytes, each a write of its own. */
export async function sendChopped(socket, size, ...frames) {
  const all = Buffer.concat(frames);
  for (let at = 0; at < all.length && !socket.wire.socket.destroyed; at += size) {
    await new Promise((resolve) => socket.wire.socket.write(all.subarray(at, at + size), resolve));
  }
}
