// HTTP/1.1 written and read by hand: headers in the order and the spelling of the wire.
import { Wire } from "./wire.mjs";

/**
 * The bytes of a request. `headers` is an object or a list of [name, value]; Host and, for a body, Content-Length are added unless
 * given.
 */
export function requestBytes(target, { method = "GET", headers = [], body } = {}) {
  const fields = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  const given = new Set(fields.map(([name]) => name.toLowerCase()));
  if (!given.has("host")) fields.unshift(["Host", "127.0.0.1"]);
  const content = body === undefined ? undefined : Buffer.from(body);
  if (content && !given.has("content-length") && !given.has("transfer-encoding")) {
    fields.push(["Content-Length", content.length]);
  }
  const head = `${method} ${target} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), content ?? Buffer.alloc(0)]);
}

export class Response {
  constructor(head) {
    const [statusLine, ...lines] = head.toString("latin1").trimEnd().split("\r\n");
    this.statusLine = statusLine;
    this.status = Number(statusLine.split(" ")[1]);
    /** [name, value] as sent, in the order as sent */
    this.headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
    this.bytes = Buffer.alloc(0);
  }

  /** The value of a header, whatever its case; undefined if it is not there. */
  get(name) {
    return this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  }

  /** Those headers, in the order in which they came, without what every answer has. */
  only(...names) {
    const wanted = names.map((name) => name.toLowerCase());
    return this.headers.filter(([name]) => wanted.includes(name.toLowerCase()));
  }

  get body() {
    return this.bytes.toString();
  }
}

async function chunks(wire) {
  const parts = [];
  for (;;) {
    const size = parseInt((await wire.takeThrough("\r\n")).toString(), 16);
    parts.push(await wire.take(size));
    await wire.takeThrough("\r\n");
    if (size === 0) return Buffer.concat(parts);
  }
}

/** Reads one answer. `bodiless`: it is one to HEAD. */
export async function readResponse(wire, { bodiless = false } = {}) {
  const response = new Response(await wire.takeThrough("\r\n\r\n"));
  if (bodiless || response.status < 200 || response.status === 204) return response;
  if (response.get("Transfer-Encoding") === "chunked") response.bytes = await chunks(wire);
  else if (response.get("Content-Length") !== undefined) response.bytes = await wire.take(Number(response.get("Content-Length")));
  else response.bytes = await wire.takeRest();
  return response;
}

/** A request on a connection of its own, and its answer. */
export async function request(port, target, options = {}) {
  const wire = await Wire.connect(port);
  wire.send(requestBytes(target, options));
  const response = await readResponse(wire, { bodiless: options.method === "HEAD" });
  wire.drop();
  return response;
}
