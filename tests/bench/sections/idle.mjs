// Connections that do nothing: memory before and after traffic, CPU time for pings; and as many connections as one process may have.
import { openFiles } from "../conditions.mjs";
import { groupedBy, median } from "../figures.mjs";
import { populate } from "../population.mjs";
import { interleaved, measured } from "../runs.mjs";

export const servers = ["gateway", "other", "gateway no recovery", "node", "peer"];
export const rounds = 1;
const BUDGET_S = 240;

const CONNECTIONS = 10_000;
const ROOMS_PER_CLIENT = 20;
const PING_INTERVAL_S = 25;
/** A whole interval, so that every connection is pinged once, however the connects were spread. */
const WINDOW_S = PING_INTERVAL_S;

const MOST_CONNECTIONS = 19_000;
const OTHER_FILES = 1000;

export async function measure(world, { servers: chosen, rounds: n, connections = CONNECTIONS }) {
  const results = [];
  const shape = { clients: connections, rooms: connections, members: ROOMS_PER_CLIENT };
  const [clients] = await populate(world, [shape]);
  const phases = [
    { name: "traffic", rate: connections / 5, seconds: 5 }, // a message to every room
    { name: "idle", rate: "idle", seconds: WINDOW_S },
  ];
  await interleaved(chosen, { rounds: n, seconds: BUDGET_S, say: world.say }, async (server) => {
    const result = await measured(world, server, { what: "idle", clients, phases });
    if (result) results.push({ part: "idle", server, ...result });
  });
  if (chosen.includes("gateway")) {
    const most = Math.min(MOST_CONNECTIONS, openFiles() - OTHER_FILES);
    const [all] = await populate(world, [{ clients: most, rooms: 1, members: most }]);
    const broadcast = [{ name: "broadcast", rate: 1, seconds: 3 }];
    const result = await measured(world, "gateway", { what: `${most} connections`, clients: all, phases: broadcast });
    if (result) results.push({ part: "most", server: "gateway", ...result });
  }
  return results;
}

const perConnection = (rss, { connected }) => (rss - connected.rss_before_kb) / connected.clients;

function idleRows(results) {
  return [...groupedBy(results, (r) => r.server)].map(([server, runs]) => {
    const of = (figure) => median(runs.map(figure));
    return {
      server,
      runs: runs.length,
      connections: of((r) => r.connected.clients),
      connected: of((r) => perConnection(r.connected.rss_kb, r)),
      afterTraffic: of((r) => perConnection(r.phases.traffic.rss_kb, r)),
      afterIdle: of((r) => perConnection(r.phases.idle.rss_kb, r)),
      cpu: of((r) => r.phases.idle.server_percent),
      pings: of((r) => r.phases.idle.pings),
      faults: runs.reduce((sum, run) => sum + run.faults, 0),
    };
  });
}

const IDLE = [
  ["server", (r) => r.server],
  ["connections", (r) => r.connections],
  ["RSS per connection, connected, KiB", (r) => r.connected],
  ["after traffic", (r) => r.afterTraffic],
  [`${WINDOW_S} s later`, (r) => r.afterIdle],
  ["CPU % of a core", (r) => r.cpu],
  ["pings answered", (r) => r.pings],
  ["faults", (r) => r.faults],
  ["runs", (r) => r.runs],
];

const MOST = [
  ["server", (r) => r.server],
  ["connections", (r) => r.connected.clients],
  ["connected in s", (r) => r.connected.seconds],
  ["RSS MiB", (r) => r.phases.broadcast.rss_kb / 1024],
  ["broadcast to all: CPU µs per delivery", (r) => r.phases.broadcast.cpu_us_per_delivery],
  ["p50 ms", (r) => r.phases.broadcast.p50_us / 1000],
  ["p99 ms", (r) => r.phases.broadcast.p99_us / 1000],
  ["faults", (r) => r.faults],
];

export const tables = (results) => [
  { title: `Idle, ${ROOMS_PER_CLIENT} rooms each, pings every ${PING_INTERVAL_S} s`, columns: IDLE, rows: idleRows(results.filter((r) => r.part === "idle")) },
  { title: "As many connections as a process may have", columns: MOST, rows: results.filter((r) => r.part === "most") },
];
