// Engine.IO and Socket.IO spoken by hand: for packets that the stock client would never send, and to see the text itself.
import { once } from "node:events";
import WebSocket from "ws";
import { pollingPath, request, websocketPath } from "./http.mjs";
import { PATIENCE_MS, within } from "./wait.mjs";

/** A WebSocket whose messages are kept in order; pings are answered and not kept. */
export class RawSocket {
  /** Open, and through CONNECT of the main namespace. */
  static async connect(url, { headers = {}, path = websocketPath } = {}) {
    const raw = await RawSocket.open(url, { headers, path });
    await raw.next(); // Engine.IO open
    raw.send("40");
    await raw.next(); // CONNECT's answer
    return raw;
  }

  static async open(url, { headers = {}, path = websocketPath } = {}) {
    const raw = new RawSocket();
    raw.received = [];
    raw.socket = new WebSocket(url.replace(/^http/, "ws") + path, { headers, perMessageDeflate: false });
    raw.closed = new Promise((resolve) => raw.socket.once("close", resolve));
    raw.socket.on("message", (data, isBinary) => {
      if (!isBinary && data.toString() === "2") return raw.send("3");
      raw.received.push(isBinary ? data : data.toString());
      raw.socket.emit("kept");
    });
    await within(once(raw.socket, "open"), PATIENCE_MS, "the WebSocket to open");
    raw.socket.on("error", () => {}); // the close tells
    return raw;
  }

  send(data) {
    this.socket.send(data);
  }

  /** The oldest message not taken yet. */
  async next() {
    const take = async () => {
      while (this.received.length === 0) await once(this.socket, "kept");
      return this.received.shift();
    };
    return within(take(), PATIENCE_MS, "a WebSocket message");
  }

  /** Takes messages until one holds this text. */
  async receives(text) {
    while (!String(await this.next()).includes(text));
  }

  /** The close code of the end. */
  end() {
    return within(this.closed, PATIENCE_MS, "the WebSocket to close");
  }

  close() {
    this.socket.terminate();
  }
}

/** An Engine.IO session over polling. */
export class RawPolling {
  static async connect(url, headers) {
    const raw = new RawPolling();
    raw.url = url;
    raw.headers = headers;
    const answer = await request(url + pollingPath, { headers });
    if (answer.status !== 200) throw new Error(`the handshake was answered ${answer.status} ${answer.body}`);
    raw.sid = JSON.parse(answer.body.slice(1)).sid;
    await raw.send("40");
    await raw.poll();
    return raw;
  }

  get #target() {
    return `${this.url}${pollingPath}&sid=${this.sid}`;
  }

  send(body) {
    return request(this.#target, {
      method: "POST",
      headers: { ...this.headers, "Content-Type": "text/plain;charset=UTF-8" },
      body,
    });
  }

  poll() {
    return request(this.#target, { headers: this.headers });
  }

  /** Polls until a payload holds this text; an Engine.IO ping is answered on the way. */
  async receives(text) {
    for (;;) {
      const answer = await this.poll();
      if (answer.status !== 200) throw new Error(`a poll was answered ${answer.status} ${answer.body}`);
      const packets = answer.body.split("\x1e");
      if (packets.some((packet) => packet.includes(text))) return;
      if (packets.includes("2")) await this.send("3");
    }
  }
}
