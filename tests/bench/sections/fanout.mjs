// Messages to rooms: CPU time per delivery and latency at a moderate rate, CPU time per delivery when the server has all it can do.
import { coresOf, groupedBy, median } from "../figures.mjs";
import { populate } from "../population.mjs";
import { interleaved, measured } from "../runs.mjs";

/** Rooms, members of each, connections; messages per second in the moderate phase. */
export const SHAPES = {
  "1x1000": { rooms: 1, members: 1000, clients: 1000, rate: 20 },
  "100x100": { rooms: 100, members: 100, clients: 10_000, rate: 200 },
  "2000x10": { rooms: 2000, members: 10, clients: 2000, rate: 1000 },
  "10000x2": { rooms: 10_000, members: 2, clients: 2000, rate: 2000 },
};

export const servers = ["gateway", "other", "gateway unix", "gateway 2 loops", "gateway memory", "node", "peer"];
export const rounds = 3;
export const seconds = 3;
const BUDGET_S = 240; // per shape

/** The stores in memory have one chat that everybody is in, and cannot be filled with others. */
const fits = (server, shape) => server !== "gateway memory" || SHAPES[shape].rooms === 1;

export async function measure(world, options) {
  const results = [];
  for (const name of options.shapes ?? Object.keys(SHAPES)) {
    const shape = { ...SHAPES[name], ...(options.connections && { clients: options.connections }) };
    const [clients] = await populate(world, [shape]);
    const phases = [
      { name: "warm", rate: shape.rate, seconds: 1 },
      { name: "moderate", rate: shape.rate, seconds: options.seconds },
      { name: "saturated", rate: "saturated", seconds: options.seconds },
    ];
    const chosen = options.servers.filter((server) => fits(server, name));
    await interleaved(chosen, { rounds: options.rounds, seconds: BUDGET_S, say: world.say }, async (server) => {
      const result = await measured(world, server, { what: name, clients, phases, connections: shape.clients });
      if (result) results.push({ shape: name, server, ...result });
    });
  }
  return results;
}

/** Medians per shape and server, and how often Node's figure each is. */
export function rows(results) {
  return [...groupedBy(results, (r) => r.shape)].flatMap(([shape, ofShape]) => {
    const list = [...groupedBy(ofShape, (r) => r.server)].map(([server, runs]) => {
      const of = (phase, figure) => median(runs.map((run) => run.phases[phase][figure]));
      return {
        shape,
        server,
        runs: runs.length,
        moderate: of("moderate", "cpu_us_per_delivery"),
        p50: of("moderate", "p50_us") / 1000,
        p99: of("moderate", "p99_us") / 1000,
        saturated: of("saturated", "cpu_us_per_delivery"),
        perCpuSecond: 1e6 / of("saturated", "cpu_us_per_delivery"),
        wanted: Math.round(of("saturated", "wanted_percent")),
        cores: coresOf(runs.map(({ phases }) => phases.saturated)),
        faults: runs.reduce((sum, run) => sum + run.faults, 0),
      };
    });
    const node = list.find(({ server }) => server === "node");
    return list.map((row) => ({ ...row, ...(node && { toNode: row.moderate / node.moderate, timesNode: row.perCpuSecond / node.perCpuSecond }) }));
  });
}

const COLUMNS = [
  ["rooms x members", (r) => r.shape],
  ["server", (r) => r.server],
  ["moderate: CPU µs per delivery", (r) => r.moderate],
  ["of Node's", (r) => r.toNode],
  ["p50 ms", (r) => r.p50],
  ["p99 ms", (r) => r.p99],
  ["saturated: CPU µs per delivery", (r) => r.saturated],
  ["deliveries per CPU s", (r) => r.perCpuSecond],
  ["times Node's", (r) => r.timesNode],
  ["server busy %", (r) => r.wanted],
  ["CPU %: server, clients, Redis; machine", (r) => r.cores],
  ["faults", (r) => r.faults],
  ["runs", (r) => r.runs],
];

export const tables = (results) => [{ title: "Fan-out", columns: COLUMNS, rows: rows(results) }];
