// What the operator's page costs a gateway with many sockets: CPU time of each answer that it asks for, and of /v1/stats, which it does not.
import { readFileSync } from "node:fs";
import { openFiles } from "../conditions.mjs";
import { request } from "../../e2e/lib/http.mjs";
import { eventually } from "../../e2e/lib/wait.mjs";
import { load } from "../load.mjs";
import { populate } from "../population.mjs";
import { start } from "../servers.mjs";

export const servers = [];
export const rounds = 1;
export const seconds = 30; // of connections that do nothing, in which the questions are asked

const CONNECTIONS = 15_000;
const ROOMS_PER_CLIENT = 10;
const OTHER_FILES = 1000;
const PATIENCE_MS = 120_000;
const REQUESTS = 100;
const QUIET_MS = 2000;
const TICK_MS = 10; // of /proc, everywhere on Linux

const QUESTIONS = [
  { path: "/v1/overview", every: 2 },
  { path: "/v1/overview?scope=cluster", every: 4 },
  { path: "/v1/rooms?limit=20", every: 4 },
  { path: "/readyz", every: 4 },
  { path: "/v1/stats", every: null },
];

/** User and system time of a process so far. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The time that an answer takes, less what the gateway does anyway in that time. */
async function costOf(server, { path, every }) {
  const before = cpuMs(server.pid);
  const begun = performance.now();
  let bytes = 0;
  for (let i = 0; i < REQUESTS; i += 1) {
    const answer = await request(server.admin + path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    bytes = answer.body.length;
  }
  const [used, passed] = [cpuMs(server.pid) - before, performance.now() - begun];
  const quiet = cpuMs(server.pid);
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  const anyway = ((cpuMs(server.pid) - quiet) / QUIET_MS) * passed;
  const each = Math.max(0, used - anyway) / REQUESTS;
  return { path, bytes, cpu_ms: each, percent: every && each / every / 10 };
}

export async function measure(world, { seconds: time, connections = Math.min(CONNECTIONS, openFiles() - OTHER_FILES) }) {
  const [clients] = await populate(world, [{ clients: connections, rooms: connections, members: ROOMS_PER_CLIENT }]);
  const server = await start("gateway", world);
  try {
    const crowd = load(server, { redis: world.redis, clients, phases: [{ name: "idle", rate: "idle", seconds: time }] });
    const all = async () => {
      const { gateways } = JSON.parse((await request(`${server.admin}/v1/overview`)).body);
      return gateways[0].figures.chat_gateway_sockets === connections;
    };
    const asked = eventually(all, "all are connected", PATIENCE_MS).then(async () => {
      const results = [];
      for (const question of QUESTIONS) results.push({ connections, ...(await costOf(server, question)) });
      // They were there to the end: else the last questions were cheaper than they are.
      if (!(await all())) throw new Error("the connections ended before the questions: more --seconds");
      return results;
    });
    const [results] = await Promise.all([asked, crowd]);
    return results;
  } catch (error) {
    world.failures.push(`operator: ${error.message}`);
    return [];
  } finally {
    await server.stop();
  }
}

const COLUMNS = [
  ["question", (r) => `\`${r.path}\``],
  ["connections", (r) => r.connections],
  ["bytes", (r) => r.bytes],
  ["CPU ms each", (r) => r.cpu_ms],
  ["CPU % of a core, as often as an open page asks", (r) => r.percent],
];

export const tables = (results) => [{ title: "What the operator's page asks", columns: COLUMNS, rows: results }];
