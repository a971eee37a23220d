// The benchmark: the same load on each server, one after the other, several times over; prints medians.
//   scripts/bench [--shapes 1x1000,..] [--servers gateway,node,..] [--repeat N] [--seconds N] [--connections N]
//                 [--peer COMMAND] [--set section.key=value]... [--json FILE]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Postgres } from "../e2e/lib/postgres.mjs";
import { Redis } from "../e2e/lib/redis.mjs";
import { load } from "./load.mjs";
import { populate } from "./population.mjs";
import { start } from "./servers.mjs";
import { print } from "./table.mjs";

// Rooms, members of each, connections; messages per second in the moderate phase.
const SHAPES = {
  "1x1000": { rooms: 1, members: 1000, clients: 1000, rate: 20 },
  "100x100": { rooms: 100, members: 100, clients: 10_000, rate: 200 },
  "2000x10": { rooms: 2000, members: 10, clients: 2000, rate: 1000 },
  "10000x2": { rooms: 10_000, members: 2, clients: 2000, rate: 2000 },
};
const SERVERS = {
  gateway: { kind: "gateway" },
  "gateway unix": { kind: "gateway", unix: true },
  "gateway 2 loops": { kind: "gateway", threads: 2 },
  node: { kind: "node" },
  peer: { kind: "peer" },
};

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: Object.keys(SHAPES).join() },
    servers: { type: "string", default: "gateway,gateway unix,gateway 2 loops,node" },
    repeat: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string" },
    peer: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});

function settings() {
  const result = {};
  for (const one of values.set) {
    const [, section, key, text] = one.match(/^(\w+)\.(\w+)=(.*)$/) ?? [];
    if (!section) throw new Error(`not a setting: ${one}`);
    result[section] = { ...result[section], [key]: /^(\d+|true|false)$/.test(text) ? JSON.parse(text) : text };
  }
  return result;
}

function pick(table, names) {
  return names.split(",").map((name) => {
    if (!table[name]) throw new Error(`no such thing as ${name}: choose from ${Object.keys(table).join(", ")}`);
    return [name, table[name]];
  });
}

const world = { redis: await Redis.start(), postgres: await Postgres.start() };
const results = [];
for (const [shapeName, shape] of pick(SHAPES, values.shapes)) {
  if (values.connections) shape.clients = Number(values.connections);
  const clients = await populate(world.redis, world.postgres, shape);
  const seconds = Number(values.seconds);
  const phases = [
    { name: "warm", rate: shape.rate, seconds: 1 },
    { name: "moderate", rate: shape.rate, seconds },
    { name: "saturated", rate: "saturated", seconds },
  ];
  for (let run = 0; run < Number(values.repeat); run += 1) {
    for (const [name, { kind, ...options }] of pick(SERVERS, values.servers)) {
      const server = await start(kind, world, { settings: settings(), command: values.peer, ...options });
      try {
        const measured = await load(server, { redis: world.redis, clients, phases, options: server.options });
        results.push({ shape: shapeName, server: name, run, ...measured });
        const { moderate: m, saturated: s } = measured.phases;
        process.stderr.write(`${shapeName} ${name}: ${m.cpu_us_per_delivery} ${s.cpu_us_per_delivery} us per delivery; ` +
          `p99 ${m.p99_us} us; handshake ${measured.connected.cpu_us_per_client} us; rss ${measured.connected.rss_before_kb} ${measured.connected.rss_kb} ${s.rss_kb} kB` +
          `${[m, s].some((p) => p.missed + p.doubled + p.lost + Math.abs(p.undelivered) > 0) ? " FAULTY " + JSON.stringify([m, s]) : ""}\n`);
      } finally {
        await server.stop();
      }
    }
  }
}
if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 1));
print(results);
await world.postgres.stop();
await world.redis.process.stop();
