// Many Socket.IO sockets over few descriptors: polling sessions that nobody polls, so that a process has as many as it likes.
import { once } from "node:events";
import { connect } from "node:net";

/** One kept HTTP/1.1 connection; requests on it come one after the other. */
export class Connection {
  static async open(target) {
    const connection = new Connection();
    const [host, port] = target.split(":");
    connection.socket = connect(Number(port), host);
    connection.socket.setNoDelay(true).setEncoding("latin1");
    connection.socket.on("data", (text) => connection.#take(text));
    connection.socket.on("error", (error) => connection.fail?.(error));
    connection.socket.on("close", () => connection.fail?.(new Error("the connection was closed")));
    connection.seen = "";
    await once(connection.socket, "connect");
    return connection;
  }

  #take(text) {
    this.seen += text;
    const end = this.seen.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.seen.slice(0, end);
    const [, length] = head.match(/^content-length: *(\d+)/im) ?? [, 0];
    if (this.seen.length < end + 4 + Number(length)) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.seen.slice(end + 4) };
    this.seen = "";
    this.answer(answer);
  }

  /** `{status, body}`. */
  request(method, path, { cookie, body = "" } = {}) {
    return new Promise((resolve, reject) => {
      Object.assign(this, { answer: resolve, fail: reject });
      const length = method === "POST" ? `Content-Length: ${body.length}\r\nContent-Type: text/plain\r\n` : "";
      this.socket.write(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${cookie ? `Cookie: ${cookie}\r\n` : ""}${length}\r\n${body}`);
    });
  }

  close() {
    this.fail = undefined;
    this.socket.destroy();
  }
}

const PATH = "/ws/?EIO=4&transport=polling";

async function open(connection, cookie) {
  const handshake = await connection.request("GET", PATH, { cookie });
  if (handshake.status !== 200) throw new Error(`a handshake is answered ${handshake.status} ${handshake.body}`);
  const { sid } = JSON.parse(handshake.body.slice(1));
  await connection.request("POST", `${PATH}&sid=${sid}`, { body: "40" });
  const { body } = await connection.request("GET", `${PATH}&sid=${sid}`);
  if (!body.startsWith("40{")) throw new Error(`CONNECT is answered ${body}`);
}

/** Opens a socket for each cookie, `parallel` at a time. They live until the gateway misses a pong: see engine.ping_interval_ms. */
export async function openSockets(target, cookies, parallel = 64) {
  let next = 0;
  const connections = await Promise.all(Array.from({ length: Math.min(parallel, cookies.length) }, () => Connection.open(target)));
  try {
    await Promise.all(connections.map(async (connection) => {
      while (next < cookies.length) await open(connection, cookies[next++]);
    }));
  } finally {
    for (const connection of connections) connection.close();
  }
}
