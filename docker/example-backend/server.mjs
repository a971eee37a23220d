// The back end as a process. Environment: PORT (3000), SESSION_SECRET, REDIS_URL, DATABASE_URL; the gateway is given the last three as well.
import { once } from "node:events";
import pg from "pg";
import { createClient } from "redis";
import { createApp } from "./app.mjs";

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(1);
  }
  return value;
}

const secret = required("SESSION_SECRET");
const redis = createClient({ url: required("REDIS_URL") });
redis.on("error", (error) => console.error(`redis: ${error.message}`)); // the client reconnects by itself
const pool = new pg.Pool({ connectionString: required("DATABASE_URL") });
pool.on("error", (error) => console.error(`postgres: ${error.message}`)); // an idle connection has broken; the next query opens another
await redis.connect();

const server = createApp({ redis, pool, secret }).listen(Number(process.env.PORT ?? 3000), process.env.HOST);
await once(server, "listening");
console.log(`listening on port ${server.address().port}`);

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, async () => {
    server.close();
    server.closeIdleConnections();
    await once(server, "close");
    await pool.end();
    await redis.close();
  });
}
