// What an application keeps when its sockets move to the gateway: logging in, chats, storing messages. There is no Socket.IO server here.
import { fileURLToPath } from "node:url";
import { Emitter } from "@socket.io/redis-emitter";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { Chats } from "./chats.mjs";
import { verified } from "./passwords.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_CONTENT = 4000;

const isText = (value, limit) => typeof value === "string" && value.trim() !== "" && value.length <= limit;

/** The emitter waits for no answer of Redis, so a publication that fails would end the process as an unhandled rejection. */
function publisher(redis) {
  const publish = (channel, message) =>
    redis.publish(channel, message).catch((error) => console.error(`not published: ${error.message}`));
  return new Emitter({ publish });
}

/** `redis`: a connected client, for sessions and for publishing; `pool`: of PostgreSQL; `secret`: what the gateway has in SESSION_SECRET. */
export function createApp({ redis, pool, secret }) {
  const chats = new Chats(pool);
  const io = publisher(redis);
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", 1); // nginx: it says whether the browser came by https

  app.get("/healthz", (req, res) => res.json({ status: "ok" }));
  app.use((req, res, next) => {
    res.set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:");
    next();
  });
  app.use(express.static(here("public")));
  app.get("/socket.io.js", (req, res) => res.sendFile(here("node_modules/socket.io-client/dist/socket.io.min.js")));

  app.use("/api", express.json(), session({
    store: new RedisStore({ client: redis, prefix: "sess:" }),
    secret,
    name: "connect.sid",
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: "lax", secure: "auto", maxAge: 24 * 3_600_000 },
  }));

  app.post("/api/login", async (req, res) => {
    const { name, password } = req.body ?? {};
    const user = isText(name, 100) ? await chats.userByName(name) : undefined;
    if (!(await verified(password, user?.password))) return res.status(401).json({ error: "wrong name or password" });
    // A session id that somebody knew before the login must not be good after it.
    await new Promise((resolve, reject) => req.session.regenerate((error) => (error ? reject(error) : resolve())));
    req.session.passport = { user: user.user_id }; // where passport has it, and session.user_pointer looks
    res.json({ user_id: user.user_id, name: user.name });
  });

  app.use("/api", (req, res, next) => {
    req.user = req.session.passport?.user;
    if (!req.user) return res.status(401).json({ error: "not logged in" });
    next();
  });

  app.post("/api/logout", async (req, res) => {
    // The gateway hears of it, and cuts off the sockets of this session.
    await new Promise((resolve, reject) => req.session.destroy((error) => (error ? reject(error) : resolve())));
    res.clearCookie("connect.sid").status(204).end();
  });

  app.get("/api/me", async (req, res) => res.json(await chats.userById(req.user)));

  app.get("/api/chats", async (req, res) => res.json(await chats.of(req.user)));

  app.post("/api/chats", async (req, res) => {
    const { name, members } = req.body ?? {};
    if (!isText(name, 100) || !Array.isArray(members) || !members.every((one) => isText(one, 100))) {
      return res.status(400).json({ error: "name: a text; members: names of users" });
    }
    const chat = await chats.create(req.user, name.trim(), members);
    if (!chat) return res.status(400).json({ error: "there is no user of that name" });
    // Sockets that are open already were not asked for this chat; `user:<id>` is a user's sockets, at whichever gateway.
    io.in(chat.member_ids.map((id) => `user:${id}`)).socketsJoin(chat.chat_id);
    res.status(201).json({ chat_id: chat.chat_id, name: chat.name, members: chat.members });
  });

  app.param("chat", (req, res, next, id) => (UUID.test(id) ? next() : res.status(404).json({ error: "no such chat" })));

  app.get("/api/chats/:chat/messages", async (req, res) => {
    const messages = await chats.messages(req.params.chat, req.user);
    // Who may not see a chat learns no more of it than of one that is not there.
    if (!messages) return res.status(404).json({ error: "no such chat" });
    res.json(messages);
  });

  app.post("/api/chats/:chat/messages", async (req, res) => {
    const content = req.body?.content;
    if (!isText(content, MAX_CONTENT)) return res.status(400).json({ error: `content: a text of at most ${MAX_CONTENT} characters` });
    const message = await chats.addMessage(req.params.chat, req.user, content);
    if (!message) return res.status(404).json({ error: "no such chat" });
    io.to(message.chat_id).emit("serverMessage", message);
    res.status(201).json(message);
  });

  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error);
    const status = error.status ?? 500; // of the JSON parser, say
    if (status >= 500) console.error(error);
    res.status(status).json({ error: status >= 500 ? "something went wrong" : error.message });
  });
  return app;
}
