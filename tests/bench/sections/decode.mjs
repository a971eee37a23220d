// What the bus alone costs: messages to rooms that have no member here, one, or two.
import { coresOf, groupedBy, median } from "../figures.mjs";
import { populate } from "../population.mjs";
import { interleaved, measured } from "../runs.mjs";

export const servers = ["gateway", "other", "gateway all", "gateway 2 loops", "node", "peer"];
export const rounds = 3;
export const seconds = 2;
const BUDGET_S = 90; // per number of members

const ROOMS = 2000;
const ROOMS_PER_CLIENT = 20;
/** Of the empty rooms some have a member after all: what arrives there shows how far the server has come. */
const MARKERS = ROOMS / 50;

/** A server that subscribes to its rooms only is never sent what is for none. */
const SEES_ALL = new Set(["gateway all", "node", "peer"]);

export async function measure(world, options) {
  const results = [];
  for (const members of [0, 1, 2]) {
    const rooms = members === 0 ? MARKERS : ROOMS;
    const [clients] = await populate(world, [{ clients: rooms * Math.max(1, members) / ROOMS_PER_CLIENT, rooms, members: Math.max(1, members) }]);
    const phases = [
      { name: "warm", rate: "saturated", seconds: 1 },
      { name: "saturated", rate: "saturated", seconds: options.seconds },
    ];
    const chosen = options.servers.filter((server) => members > 0 || SEES_ALL.has(server));
    await interleaved(chosen, { rounds: options.rounds, seconds: BUDGET_S, say: world.say }, async (server) => {
      const what = `${members} members`;
      const result = await measured(world, server, { what, clients, phases, options: ["--rooms", String(ROOMS)] });
      if (result) results.push({ members, server, ...result });
    });
  }
  return results;
}

export function rows(results) {
  return [...groupedBy(results, (r) => `${r.members} ${r.server}`).values()].map((runs) => {
    const of = (figure) => median(runs.map((run) => figure(run.phases.saturated)));
    return {
      members: runs[0].members,
      server: runs[0].server,
      runs: runs.length,
      perSecond: of((p) => p.messages / p.seconds),
      cpu: of((p) => p.cpu_us_per_message),
      perCpuSecond: 1e6 / of((p) => p.cpu_us_per_message),
      wanted: Math.round(of((p) => p.wanted_percent)),
      cores: coresOf(runs.map(({ phases }) => phases.saturated)),
      faults: runs.reduce((sum, run) => sum + run.faults, 0),
    };
  });
}

const COLUMNS = [
  ["members here", (r) => r.members.toString()],
  ["server", (r) => r.server],
  ["messages per s", (r) => r.perSecond],
  ["CPU µs per message", (r) => r.cpu],
  ["messages per CPU s", (r) => r.perCpuSecond],
  ["server busy %", (r) => r.wanted],
  ["CPU %: server, clients, Redis; machine", (r) => r.cores],
  ["faults", (r) => r.faults],
  ["runs", (r) => r.runs],
];

export const tables = (results) => [{ title: "Messages from the bus, saturated", columns: COLUMNS, rows: rows(results) }];
