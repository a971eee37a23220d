// Engine.IO v4 sessions by hand, one connection for every request.
import { request, requestBytes, readResponse } from "./http.mjs";
import { WebSocketWire } from "./websocket.mjs";
import { Wire } from "./wire.mjs";

export const pollingTarget = (path) => `${path}?EIO=4&transport=polling`;
export const websocketTarget = (path) => `${path}?EIO=4&transport=websocket`;
export const openPacket = (text) => JSON.parse(text.slice(1));

export class PollingSession {
  static async open(port, path, options = {}) {
    const session = new PollingSession();
    session.port = port;
    session.path = path;
    session.headers = options.headers ?? {};
    session.handshake = await request(port, pollingTarget(path), options);
    if (session.handshake.status !== 200) {
      throw new Error(`no session: ${session.handshake.statusLine} ${session.handshake.body}`);
    }
    session.sid = openPacket(session.handshake.body).sid;
    return session;
  }

  get target() {
    return `${pollingTarget(this.path)}&sid=${this.sid}`;
  }

  get(headers = {}) {
    return request(this.port, this.target, { headers: { ...this.headers, ...headers } });
  }

  post(body, headers = {}) {
    const all = { "Content-Type": "text/plain;charset=UTF-8", ...this.headers, ...headers };
    return request(this.port, this.target, { method: "POST", headers: all, body });
  }

  /** A GET whose answer is still to come: readResponse() of the Wire. */
  async beginGet() {
    const wire = await Wire.connect(this.port);
    wire.send(requestBytes(this.target, { headers: this.headers }));
    return wire;
  }

  /**
   * A GET that the server (one loop) is holding: sent on a connection that it reads already, and ahead of a request that has been
   * answered.
   */
  async hold() {
    const wire = await Wire.connect(this.port);
    const noop = requestBytes(this.target, { method: "POST", headers: this.headers, body: "6" });
    wire.send(noop);
    await readResponse(wire);
    wire.send(requestBytes(this.target, { headers: this.headers }));
    await this.post("6");
    return wire;
  }

  /** A WebSocket for this session; `behind`: bytes right behind the request. */
  upgrade(options = {}) {
    return WebSocketWire.open(this.port, this.upgradeTarget, { ...options, headers: { ...this.headers, ...options.headers } });
  }

  get upgradeTarget() {
    return `${websocketTarget(this.path)}&sid=${this.sid}`;
  }
}

export class WebSocketSession extends WebSocketWire {
  static async open(port, path, options = {}) {
    const wire = await WebSocketWire.open(port, websocketTarget(path), options);
    const session = Object.assign(new WebSocketSession(), wire);
    session.port = port;
    session.path = path;
    session.sid = openPacket(await session.next()).sid;
    return session;
  }

  /** A polling GET for this session. */
  poll() {
    return request(this.port, `${pollingTarget(this.path)}&sid=${this.sid}`);
  }
}
