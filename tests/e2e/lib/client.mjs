// Stock socket.io-client sockets, and what they received.
import { EventEmitter, once } from "node:events";
import { io as newest } from "socket.io-client";
import { PATIENCE_MS, eventually, within } from "./wait.mjs";

export const transportSettings = {
  websocket: ["websocket"],
  polling: ["polling"],
  upgrade: ["polling", "websocket"],
};

const open = new Set();

/** One socket.io-client connection, and all the serverMessages it got; `io`: that of another version of the package. */
export class Client {
  constructor(url, { io = newest, cookie, transports = transportSettings.websocket, headers = {}, namespace = "", ...options } = {}) {
    this.messages = [];
    this.arrivals = new EventEmitter();
    this.headers = { ...(cookie && { cookie }), ...headers };
    this.socket = io(url + namespace, {
      path: "/ws",
      transports,
      extraHeaders: this.headers,
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      ...options,
    });
    this.socket.on("serverMessage", (...args) => {
      this.messages.push(args[0]);
      this.arrivals.emit("message", args[0]);
    });
    this.disconnects = [];
    this.socket.on("disconnect", (reason) => this.disconnects.push(reason));
    open.add(this);
  }

  /** Connects and resolves once `connect` was seen; rejects with the client's own error. */
  async connect() {
    const connected = new Promise((resolve, reject) => {
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", reject);
    });
    this.socket.connect();
    await within(connected, PATIENCE_MS, "connect");
    return this;
  }

  /** The error of a connect that must fail. */
  async refusal() {
    const refused = new Promise((resolve, reject) => {
      this.socket.once("connect", () => reject(new Error("connected, but a refusal was expected")));
      this.socket.once("connect_error", resolve);
    });
    this.socket.connect();
    return within(refused, PATIENCE_MS, "connect_error");
  }

  /** The next event of this name of the socket; resolves to its first argument. */
  next(event) {
    const seen = new Promise((resolve) => this.socket.once(event, resolve));
    return within(seen, PATIENCE_MS, event);
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** Until a polling connection has moved to WebSocket. */
  upgraded() {
    return eventually(() => this.transport === "websocket", "the client has upgraded");
  }

  /** Until a message with this content has arrived; returns it. */
  async receives(content, ms = PATIENCE_MS) {
    const search = async () => {
      for (;;) {
        const found = this.messages.find((m) => m.content === content);
        if (found) return found;
        await once(this.arrivals, "message");
      }
    };
    return within(search(), ms, `the message ${content}; came: ${this.messages.map((m) => m?.content).slice(-20)}`);
  }

  get contents() {
    return this.messages.map((m) => m.content);
  }

  /** Emits with an ack; resolves to the ack's arguments. */
  ask(event, ...args) {
    const answered = new Promise((resolve) => {
      this.socket.emit(event, ...args, (...answer) => resolve(answer));
    });
    return within(answered, PATIENCE_MS, `the ack of ${event}`);
  }

  join(chat) {
    return this.ask("clientJoinRoom", { chat_id: chat });
  }

  leave(chat) {
    return this.ask("clientLeaveRoom", { chat_id: chat });
  }

  close() {
    open.delete(this);
    this.socket.disconnect();
  }
}

/** A connected client that comes back quickly by itself: `returns` has `recovered` of each return, `ids` its id each time. */
export async function returning(url, options) {
  const client = new Client(url, { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100, ...options });
  client.returns = [];
  client.ids = [];
  let first = true;
  client.socket.on("connect", () => {
    if (!first) client.returns.push(client.socket.recovered);
    client.ids.push(client.socket.id);
    first = false;
  });
  return client.connect();
}

/** Until it has come back so many times, and is there. */
export const backAgain = (client, times = 1, ms = PATIENCE_MS) =>
  eventually(() => client.returns.length >= times && client.socket.connected, `return ${times}; so far ${client.returns}`, ms);

export function closeAllClients() {
  for (const client of open) client.close();
}
