// The server that the gateway is measured against: socket.io with the gateway's duties. Run by `node`, settings in the environment:
// PORT, REDIS_URL, DATABASE_URL. Prints "listening" when it is ready.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";
import { SECRET } from "./backend.mjs";

const connect = async () => {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  return client;
};
const [store, pub, sub] = await Promise.all([connect(), connect(), connect()]);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });

const app = express();
const server = createServer(app);
const io = new Server(server, { path: "/ws", adapter: createAdapter(pub, sub), perMessageDeflate: false });
io.engine.use(session({ store: new RedisStore({ client: store }), secret: SECRET, resave: false, saveUninitialized: false }));
io.use((socket, next) => {
  const user = socket.request.session?.passport?.user;
  if (!user) return next(new Error("Unauthorized"));
  socket.data.user = user;
  next();
});
// Rooms before CONNECT is answered, as the gateway has it.
io.use(async (socket, next) => {
  const { rows } = await pool.query("SELECT chat_id FROM chat_participants WHERE user_id = $1", [socket.data.user]);
  await socket.join(rows.map((row) => row.chat_id));
  next();
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
process.on("SIGTERM", () => process.exit(0));
