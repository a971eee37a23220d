// A server that load.test.mjs can tell to make mistakes: sockets are in the rooms that the handshake's x-bench-rooms names.
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../e2e/package.json", import.meta.url));
const { WebSocketServer } = require("ws");
const { decode } = createRequire(require.resolve("@socket.io/redis-adapter"))("notepack.io");

export class FakeServer {
  /**
   * `deliver(send, message, client)` hands a message to one client, honestly if it is not given: `send(message)`. Clients are numbered in
   * the order of their names, which are their cookies. `where`: a port or the path of a socket.
   */
  static async start(redis, { deliver = (send, message) => send(message), refuse = false, where = 0 } = {}) {
    const fake = new FakeServer();
    fake.deliver = deliver;
    fake.sockets = new Map();
    fake.pongs = 0;
    fake.http = createServer((request, response) => fake.#onPost(request, response));
    const sockets = new WebSocketServer({ server: fake.http, verifyClient: () => !refuse });
    sockets.on("connection", (socket, request) => fake.#onConnection(socket, request));
    fake.http.listen(where, ...(where === 0 ? ["127.0.0.1"] : []));
    await once(fake.http, "listening");
    fake.subscriber = await redis.connect();
    await fake.subscriber.pSubscribe("socket.io#/#*", (bytes) => fake.#onBroadcast(decode(bytes)), true);
    return fake;
  }

  get port() {
    return this.http.address().port;
  }

  #onConnection(socket, request) {
    const rooms = new Set(request.headers["x-bench-rooms"].split(","));
    socket.send('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
    socket.on("message", (data) => {
      const packet = data.toString();
      if (packet === "3") this.pongs += 1;
      if (packet !== "40") return;
      this.sockets.set(request.headers.cookie, { socket, rooms });
      socket.send('40{"sid":"b"}');
      socket.send("2");
    });
  }

  #onBroadcast([, packet, { rooms: [room] }]) {
    this.#broadcast(room, packet.data[1]);
  }

  #onPost(request, response) {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      for (const message of JSON.parse(body)) this.#broadcast(message.chat_id, message);
      const answer = '{"accepted":1}';
      response.writeHead(202, { "Content-Length": answer.length }).end(answer);
    });
  }

  #broadcast(room, message) {
    for (const name of [...this.sockets.keys()].sort()) {
      const { socket, rooms } = this.sockets.get(name);
      if (!rooms.has(room)) continue;
      const send = (what) => socket.send(`42${JSON.stringify(["serverMessage", what])}`);
      this.deliver(send, message, { name, socket });
    }
  }

  async stop() {
    await this.subscriber.close();
    for (const { socket } of this.sockets.values()) socket.terminate();
    this.http.close();
    this.http.closeAllConnections();
  }
}

/** Room and number that bench_load wrote into a message. */
export function numbersOf(message) {
  const [room, number] = message.content.split(" ", 2).map(Number);
  return { room, number };
}
