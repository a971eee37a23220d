// What the operator's page and its neighbours cost a gateway with 100,000 sockets in 300,000 rooms: CPU time of an answer, and how long everything
// else on that loop has to wait for it.
import { readFileSync } from "node:fs";
import { Backend, message } from "../../e2e/lib/backend.mjs";
import { request } from "../../e2e/lib/http.mjs";
import { eventually } from "../../e2e/lib/wait.mjs";
import { median } from "../figures.mjs";
import { Connection, openSockets } from "../pollers.mjs";
import { chatOf, populate, userOf } from "../population.mjs";
import { start } from "../servers.mjs";

export const servers = [];
export const rounds = 1;
export const seconds = undefined; // as long as it takes

const CONNECTIONS = 100_000;
const ROOMS_PER_CONNECTION = 3;
const MEMBERS = 3;
const PATIENCE_MS = 120_000;
const BATCH = 5000;
const REQUESTS = 50;
const QUIET_MS = 2000;
const TICK_MS = 10; // of /proc, everywhere on Linux
// Polling sessions: nobody answers pings.
const SETTINGS = { engine: { ping_interval_ms: 3_600_000 } };

/** `every`: seconds, as an open page asks. */
const QUESTIONS = [
  { path: "/" },
  { path: "/v1/overview", every: 2 },
  { path: "/v1/overview?scope=cluster", every: 4 },
  { path: "/v1/rooms?limit=20", every: 4 },
  { path: "/v1/rooms?limit=1000" },
  { path: "/readyz", every: 4 },
  { path: "/v1/stats" },
  { path: `/v1/users/${userOf(7)}` },
  { path: "/metrics" },
];

/** User and system time of a process so far. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function answered(server, path) {
  const answer = await request(server.admin + path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  return answer.body.length;
}

/** The time that an answer takes, less what the gateway does anyway in that time. */
async function costOf(server, path) {
  const before = cpuMs(server.pid);
  const begun = performance.now();
  let bytes = 0;
  for (let i = 0; i < REQUESTS; i += 1) bytes = await answered(server, path);
  const [used, passed] = [cpuMs(server.pid) - before, performance.now() - begun];
  const quiet = cpuMs(server.pid);
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  const anyway = ((cpuMs(server.pid) - quiet) / QUIET_MS) * passed;
  return { bytes, cpu_ms: Math.max(0, used - anyway) / REQUESTS };
}

/** The longest that one that asks for /healthz, again and again, has to wait while an answer is made: the median of all answers. */
async function delayOf(server, path) {
  const prober = await Connection.open(server.admin.replace("http://", ""));
  const longest = [];
  try {
    for (let i = 0; i < REQUESTS; i += 1) {
      let asking = true;
      const answer = answered(server, path).finally(() => { asking = false; });
      let most = 0;
      do {
        const begun = performance.now();
        await prober.request("GET", "/healthz");
        most = Math.max(most, performance.now() - begun);
      } while (asking);
      await answer;
      longest.push(most);
    }
  } finally {
    prober.close();
  }
  return median(longest);
}

/** A message to each room: then all of them have a place in the order. Not faster than they are taken: Redis cuts off who is far behind. */
async function fillRooms(world, server, rooms) {
  const backend = await Backend.start(world.redis);
  const prober = await Connection.open(server.admin.replace("http://", ""));
  const brought = async () => Number((await prober.request("GET", "/metrics")).body.match(/^chat_gateway_bus_messages_total (\d+)/m)[1]);
  try {
    for (let room = 0; room < rooms; room += 1) {
      backend.publish(chatOf(room), message(chatOf(room), "x"));
      if ((room + 1) % BATCH !== 0 && room + 1 < rooms) continue;
      await eventually(async () => (await brought()) > room, `${room} rooms have had a message`, PATIENCE_MS);
    }
  } finally {
    prober.close();
    await backend.stop();
  }
}

export async function measure(world, { connections = CONNECTIONS }) {
  const rooms = connections * ROOMS_PER_CONNECTION;
  const [clients] = await populate(world, [{ clients: connections, rooms, members: MEMBERS }]);
  const cookies = readFileSync(clients, "utf8").trim().split("\n").map((line) => line.split("\t")[0]);
  const server = await start("gateway", { ...world, settings: { ...world.settings, ...SETTINGS } });
  try {
    await openSockets(server.target, cookies);
    await fillRooms(world, server, rooms);
    const { gateways } = JSON.parse((await request(`${server.admin}/v1/overview`)).body);
    const { chat_gateway_sockets: sockets } = gateways[0].figures;
    if (sockets !== connections) throw new Error(`${sockets} of ${connections} sockets are connected`);
    const results = [{ path: "nothing", connections, rooms, delay_ms: await delayOf(server, "/healthz") }];
    for (const { path, every } of QUESTIONS) {
      const cost = await costOf(server, path);
      results.push({ path, connections, rooms, ...cost, delay_ms: await delayOf(server, path), percent: every && cost.cpu_ms / every / 10 });
    }
    return results;
  } catch (error) {
    world.failures.push(`operator: ${error.message}`);
    return [];
  } finally {
    await server.stop();
  }
}

const COLUMNS = [
  ["question", (r) => (r.path === "nothing" ? r.path : `\`${r.path}\``)],
  ["sockets", (r) => r.connections],
  ["rooms of chats", (r) => r.rooms],
  ["bytes", (r) => r.bytes ?? ""],
  ["CPU ms each", (r) => r.cpu_ms ?? ""],
  ["others wait, ms", (r) => r.delay_ms],
  ["CPU % of a core, as often as an open page asks", (r) => r.percent ?? ""],
];

export const tables = (results) => [{ title: "What the operator's page asks", columns: COLUMNS, rows: results }];
