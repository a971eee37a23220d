// A TCP way to the gateway that can be cut.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  static async start(gateway) {
    const proxy = new Proxy();
    proxy.pairs = new Set();
    proxy.closed = false;
    proxy.port = gateway.port;
    proxy.bytes = { up: 0, down: 0 }; // to the server, to the clients
    proxy.server = createServer((client) => proxy.#carry(client));
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  #carry(client) {
    if (this.closed) return client.destroy();
    if (this.stalled) {
      client.on("error", () => {}); // it may give up before it is carried
      return this.stalled.push(client);
    }
    const server = connect(this.port, "127.0.0.1");
    const pair = [client, server];
    this.pairs.add(pair);
    for (const [from, to, way] of [[client, server, "up"], [server, client, "down"]]) {
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        this.bytes[way] += chunk.length;
      });
      from.on("error", () => {}); // the close tells
      from.on("close", () => {
        to.destroy();
        this.pairs.delete(pair);
      });
      from.pipe(to);
    }
  }

  /** Breaks every connection, losing what is on its way. */
  cut() {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  /** Only the clients see the end: for the gateway the connections stay, dead, until it notices by itself. */
  cutUnnoticed() {
    for (const [client, server] of this.pairs) {
      server.removeAllListeners("close");
      client.removeAllListeners("close");
      client.unpipe(server);
      server.unpipe(client);
      server.pause();
      client.destroy();
      this.dead ??= [];
      this.dead.push(server);
    }
    this.pairs.clear();
  }

  /** Nothing passes any more, and nobody is told: a network that swallows everything. */
  stall() {
    this.stalled = [];
    for (const [client, server] of this.pairs) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  /** What was begun meanwhile passes; what was open before does not come to life again. */
  flow() {
    const waiting = this.stalled;
    this.stalled = undefined;
    this.cut();
    for (const client of waiting) if (!client.destroyed) this.#carry(client);
  }

  /** New connections go to another gateway. */
  retarget(gateway) {
    this.port = gateway.port;
  }

  /** While closed every new connection is dropped. */
  close() {
    this.closed = true;
  }

  open() {
    this.closed = false;
  }

  stop() {
    this.cut();
    for (const server of this.dead ?? []) server.destroy();
    this.server.close();
  }
}
