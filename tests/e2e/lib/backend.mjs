// The application beside the gateway: Express with sessions in Redis or another store, and the emitter.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { Emitter } from "@socket.io/redis-emitter";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { postJson, request } from "./http.mjs";
import { within } from "./wait.mjs";

export const SECRET = "the newest secret";
export const COOKIE = "connect.sid";

export class Backend {
  /**
   * `secrets`: newest first, as express-session and the gateway take them. `origins`: of pages on other origins that may call it;
   * `domain`: the site whose hosts share the cookie. `store`: an express-session store instead of the one in Redis; `rolling`, `maxAge`
   * (ms): as express-session takes them.
   */
  static async start(redis, { secrets = [SECRET], cookie = COOKIE, origins = [], domain, store, rolling = false, maxAge = 3_600_000 } = {}) {
    const backend = new Backend();
    backend.redis = await redis.connect();
    backend.emitter = new Emitter(backend.redis);
    backend.server = backend.#app({ secrets, cookie, origins, domain, store, rolling, maxAge }).listen(0, "127.0.0.1");
    await once(backend.server, "listening");
    backend.url = `http://127.0.0.1:${backend.server.address().port}`;
    return backend;
  }

  #app({ secrets, cookie, origins, domain, store, rolling, maxAge }) {
    const app = express();
    app.use((req, res, next) => {
      if (origins.includes(req.headers.origin)) {
        res.set({
          "Access-Control-Allow-Origin": req.headers.origin,
          "Access-Control-Allow-Credentials": "true",
          "Access-Control-Allow-Headers": "Content-Type",
          Vary: "Origin",
        });
      }
      if (req.method === "OPTIONS") return res.status(204).end();
      next();
    });
    app.use(express.json());
    app.use(session({
      store: store ?? new RedisStore({ client: this.redis, prefix: "sess:" }),
      secret: secrets,
      name: cookie,
      resave: false,
      rolling,
      saveUninitialized: false,
      cookie: { maxAge, domain },
    }));
    app.post("/login", (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) return next(error);
        req.session.passport = { user: req.body.user };
        res.json({ user: req.body.user });
      });
    });
    app.get("/me", (req, res) => res.json({ user: req.session.passport?.user ?? null }));
    // What passport does on logout: the session stays, the user in it goes.
    app.post("/forget", (req, res) => {
      req.session.passport = {};
      res.status(204).end();
    });
    app.post("/logout", (req, res, next) => {
      req.session.destroy((error) => (error ? next(error) : res.status(204).end()));
    });
    app.post("/chats/:id/messages", (req, res) => {
      this.emitter.to(req.params.id).emit("serverMessage", req.body);
      res.status(202).end();
    });
    return app;
  }

  /** Logs in over HTTP; returns the cookie as a browser would send it. */
  async login(user) {
    const answer = await postJson(`${this.url}/login`, { user });
    return answer.headers["set-cookie"][0].split(";")[0];
  }

  /** Who Express takes the cookie's bearer for; a request that changes nothing touches the session. */
  async whoami(cookie) {
    const answer = await request(`${this.url}/me`, { headers: { Cookie: cookie } });
    return JSON.parse(answer.body).user;
  }

  forget(cookie) {
    return postJson(`${this.url}/forget`, {}, { Cookie: cookie });
  }

  logout(cookie) {
    return postJson(`${this.url}/logout`, {}, { Cookie: cookie });
  }

  /** Posts a chat message as the application's page would. */
  post(chat, message) {
    return postJson(`${this.url}/chats/${chat}/messages`, message);
  }

  /** Emits without the detour over HTTP. */
  publish(chat, message) {
    this.emitter.to(chat).emit("serverMessage", message);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    if (!(this.redis.isReady ?? this.redis.isOpen)) return this.redis.isOpen && this.redis.destroy();
    // What was published may have arrived before Redis' answer to it has: the emitter waits for none.
    await within(this.redis.close(), 5000, "Redis to answer the back end").catch(() => this.redis.isOpen && this.redis.destroy());
  }
}

/** A session cookie as express-session signs it. */
export function signedCookie(id, secret = SECRET, name = COOKIE) {
  const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
  return `${name}=${encodeURIComponent(`s:${id}.${signature}`)}`;
}

/** The session id in a signed cookie. */
export function sessionId(cookie) {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf("=") + 1));
  return value.slice(2, value.lastIndexOf("."));
}

let messages = 0;
/** A serverMessage as the contract has it. */
export function message(chat, content = "hello") {
  messages += 1;
  return {
    chat_id: chat,
    message_id: `m-${messages}`,
    author: null,
    content,
    timestamp: 1_700_000_000_000 + messages,
    type: "text",
  };
}
