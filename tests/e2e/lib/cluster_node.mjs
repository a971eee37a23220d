// A Node Socket.IO server as a member of a cluster, driven like cluster_member: one JSON object a line on standard input,
// `{"n":1,"call":"fetchSockets","rooms":[]}`, one a line on standard output, `{"n":1,"result":..}` or `{"n":1,"error":".."}`.
// Settings in the environment: ADAPTER (redis, redis-sharded, redis-streams), REDIS_URL, PREFIX, PORT, NAME.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createAdapter as classic, createShardedAdapter as sharded } from "@socket.io/redis-adapter";
import { createAdapter as streams } from "@socket.io/redis-streams-adapter";
import { createClient, createCluster } from "redis";
import { Server } from "socket.io";

const { ADAPTER, REDIS_URL, PREFIX, PORT, NAME } = process.env;

async function connect() {
  const urls = REDIS_URL.split(",");
  const client = urls.length > 1
    ? createCluster({ rootNodes: urls.map((url) => ({ url })) })
    : createClient({ url: urls[0] });
  client.on("error", () => {}); // it reconnects by itself
  await client.connect();
  return client;
}

/**
 * For sharded channels of a Redis Cluster. When the last channels that this process has at one node are left at the same time, redis 5.12
 * closes its connection there once for each, and the second time ends the process (ClientClosedError, uncaught): so some stay open at all nodes.
 */
async function connectToListen() {
  const client = await connect();
  if (client.masters) for (let i = 0; i < 30; i += 1) await client.sSubscribe(`kept open ${i}`, () => {});
  return client;
}

const adapters = {
  redis: async () => classic(await connect(), await connect(), { key: PREFIX, requestsTimeout: 5000 }),
  "redis-sharded": async () => sharded(await connect(), await connectToListen(), { channelPrefix: PREFIX }),
  "redis-streams": async () => streams(await connect(), { streamName: PREFIX, channelPrefix: PREFIX }),
};

const server = createServer();
const io = new Server(server, { path: "/ws", adapter: await adapters[ADAPTER]() });
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const heard = [];
io.on("connection", (socket) => socket.join(socket.handshake.auth.rooms ?? []));
io.on("hello", (...args) => {
  const answer = args.at(-1);
  if (typeof answer === "function") return answer(NAME);
  heard.push(args);
});

const calls = {
  ready: async () => null,
  emit: async ({ rooms = [], except = [], event }) => {
    io.to(rooms).except(except).emit(...event);
    return null;
  },
  // Messages `from` up to `to`: i to room i modulo their number, each with its number.
  emitMany: async ({ rooms, from, to }) => {
    for (let i = from; i < to; i += 1) {
      io.to(rooms[i % rooms.length]).emit("tell", i);
      if (i % 100 === 99) await new Promise(setImmediate);
    }
    return null;
  },
  fetchSockets: async ({ rooms = [], except = [] }) => (await io.in(rooms).except(except).fetchSockets())
    .map(({ id, rooms, handshake, data }) => ({ id, rooms: [...rooms], handshake, data })),
  allRooms: async () => [...(await io.of("/").adapter.allRooms?.() ?? [])],
  serverCount: async () => io.of("/").adapter.serverCount(),
  socketsJoin: async ({ rooms = [], except = [], names }) => (io.in(rooms).except(except).socketsJoin(names), null),
  socketsLeave: async ({ rooms = [], except = [], names }) => (io.in(rooms).except(except).socketsLeave(names), null),
  disconnectSockets: async ({ rooms = [], except = [], close }) => (io.in(rooms).except(except).disconnectSockets(close), null),
  serverSideEmit: async ({ event, ack }) => (ack ? io.serverSideEmitWithAck(...event) : (io.serverSideEmit(...event), null)),
  emitWithAck: async ({ rooms = [], except = [], event, timeout }) =>
    io.to(rooms).except(except).timeout(timeout).emitWithAck(...event),
  heard: async () => heard.splice(0),
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const asked = JSON.parse(line);
  try {
    say({ n: asked.n, result: (await calls[asked.call](asked)) ?? null });
  } catch (error) {
    say({ n: asked.n, error: error.message });
  }
}).on("close", () => process.exit(0));

server.listen(Number(PORT), "127.0.0.1", () => say({ n: 0, result: "listening" }));
