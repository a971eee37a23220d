// Clients that come all at once: how few questions to the stores they become, and what a handshake takes that waits for them.
import { readFileSync } from "node:fs";
import { request } from "../../e2e/lib/http.mjs";
import { load } from "../load.mjs";
import { Connection } from "../pollers.mjs";
import { populate } from "../population.mjs";
import { start } from "../servers.mjs";

export const servers = [];
export const rounds = 1;
export const seconds = undefined; // as long as it takes

const CLIENTS = 2000;
const ROOMS_PER_CLIENT = 20;
const AT_ONCE = [64, 512, 2000];
const PARALLEL = 64;
const PATH = "/ws/?EIO=4&transport=polling";

async function metric(server, name) {
  const { body } = await request(`${server.admin}/metrics`);
  return Number(body.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1] ?? 0);
}

const chatQuestions = (server) => metric(server, 'chat_gateway_store_seconds_count{store="chats"}');

async function redisCounts({ redis }) {
  const info = await redis.admin.info("stats");
  const of = (name) => Number(info.match(new RegExp(`^${name}:(\\d+)`, "m"))?.[1] ?? 0);
  return { reads: of("total_reads_processed"), commands: of("total_commands_processed") };
}

/** All of them get in; so many at a time. */
async function crowd(world, clients, connections, atOnce) {
  const server = await start("gateway", world);
  try {
    const [statements, redis] = [await chatQuestions(server), await redisCounts(world)];
    await load(server, { redis: world.redis, clients, options: ["--connects-at-once", String(atOnce)] });
    const behind = await redisCounts(world);
    return {
      connections, atOnce,
      statements: (await chatQuestions(server)) - statements,
      commands: behind.commands - redis.commands,
      reads: behind.reads - redis.reads,
    };
  } finally {
    await server.stop();
  }
}

const residentKib = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+)/m)[1]);

/** Handshakes whose chat lists do not come: what each of them keeps. */
async function waiting(world, clients) {
  const cookies = readFileSync(clients, "utf8").trim().split("\n").map((line) => line.split("\t")[0]);
  const server = await start("gateway", world);
  const connections = await Promise.all(Array.from({ length: PARALLEL }, () => Connection.open(server.target)));
  const unlock = await world.postgres.lockParticipants();
  try {
    const before = residentKib(server.pid);
    let next = 0;
    let refused = 0;
    await Promise.all(connections.map(async (connection) => {
      while (next < cookies.length) {
        const { status } = await connection.request("GET", PATH, { cookie: cookies[next++] });
        if (status !== 200) refused += 1;
      }
    }));
    const under_way = await metric(server, "chat_gateway_handshakes_under_way");
    return { under_way, refused, kib: (residentKib(server.pid) - before) / under_way };
  } finally {
    await unlock();
    for (const connection of connections) connection.close();
    await server.stop();
  }
}

export async function measure(world, { connections = CLIENTS }) {
  const results = { crowds: [], waiting: [] };
  try {
    const [clients] = await populate(world, [{ clients: connections, rooms: connections, members: ROOMS_PER_CLIENT }]);
    for (const atOnce of AT_ONCE) results.crowds.push(await crowd(world, clients, connections, Math.min(atOnce, connections)));
    results.waiting.push(await waiting(world, clients));
  } catch (error) {
    world.failures.push(`storms: ${error.message}`);
  }
  return results;
}

const CROWD = [
  ["clients, 20 rooms each", (r) => r.connections],
  ["at a time", (r) => r.atOnce],
  ["statements for their chat lists", (r) => r.statements],
  ["commands to Redis", (r) => r.commands],
  ["reads that these reach it in", (r) => r.reads],
];
const WAITING = [
  ["handshakes that wait for their chat lists", (r) => r.under_way],
  ["refused meanwhile", (r) => r.refused],
  ["RSS of each, KiB", (r) => r.kib],
];

export const tables = ({ crowds, waiting: kept }) => [
  { title: "Storms", columns: CROWD, rows: crowds },
  { title: "Handshakes that wait", columns: WAITING, rows: kept },
];
