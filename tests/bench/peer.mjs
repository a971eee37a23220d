// The least that `scripts/bench --peer` asks of a server (docs/performance.md): tests/e2e/documents.test.mjs measures it.
//   node tests/bench/peer.mjs PORT REDIS_PORT
import { createRequire } from "node:module";
import { argv } from "node:process";
import { FakeServer } from "./fake_server.mjs";

const { createClient } = createRequire(new URL("../e2e/package.json", import.meta.url))("redis");

const [port, redisPort] = argv.slice(2).map(Number);
const redis = { connect: () => createClient({ url: `redis://127.0.0.1:${redisPort}` }).on("error", (error) => console.error(error.message)).connect() };
await FakeServer.start(redis, { where: port });
process.on("SIGTERM", () => process.exit(0));
console.log("listening");
