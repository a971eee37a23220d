// Clients that connect: a session from Redis and a chat list from PostgreSQL each.
import { groupedBy, median } from "../figures.mjs";
import { populate } from "../population.mjs";
import { interleaved, measured } from "../runs.mjs";

export const servers = ["gateway", "other", "gateway unix", "gateway 2 loops", "gateway all", "node", "peer"];
export const rounds = 3;
const BUDGET_S = 90;

const ROOMS_PER_CLIENT = 20;
/** Every handshake finds one new room on average, as everyone has 20 and every room as many members. */
const shapeOf = (clients) => ({ clients, rooms: clients, members: ROOMS_PER_CLIENT });

/** `connections`: clients per run. */
export async function measure(world, { servers: chosen, rounds: n, connections = 2000 }) {
  const results = [];
  // Those of the warm-up have rooms of their own: a room that has just lost its last member is still subscribed.
  const [warmUp, clients] = await populate(world, [shapeOf(Math.ceil(connections / 4)), shapeOf(connections)]);
  await interleaved(chosen, { rounds: n, seconds: BUDGET_S, say: world.say }, async (server) => {
    const result = await measured(world, server, { what: "handshakes", warmUp, clients });
    if (result) results.push({ server, ...result });
  });
  return results;
}

export function rows(results) {
  const list = [...groupedBy(results, (r) => r.server)].map(([server, runs]) => {
    const of = (figure) => median(runs.map((run) => figure(run.connected)));
    return {
      server,
      runs: runs.length,
      cpu: of((c) => c.cpu_us_per_client),
      perSecond: of((c) => c.clients / c.seconds),
      p50: of((c) => c.handshake_p50_us / 1000),
      p99: of((c) => c.handshake_p99_us / 1000),
      rss: of((c) => (c.rss_kb - c.rss_before_kb) / c.clients),
      faults: runs.reduce((sum, run) => sum + run.faults, 0),
    };
  });
  const node = list.find(({ server }) => server === "node");
  return list.map((row) => ({ ...row, ...(node && { toNode: row.cpu / node.cpu }) }));
}

const COLUMNS = [
  ["server", (r) => r.server],
  ["CPU µs per handshake", (r) => r.cpu],
  ["of Node's", (r) => r.toNode],
  ["handshakes per s", (r) => r.perSecond],
  ["p50 ms", (r) => r.p50],
  ["p99 ms", (r) => r.p99],
  ["faults", (r) => r.faults],
  ["runs", (r) => r.runs],
];

export const tables = (results) => [{ title: `Handshakes, ${ROOMS_PER_CLIENT} rooms each`, columns: COLUMNS, rows: rows(results) }];
