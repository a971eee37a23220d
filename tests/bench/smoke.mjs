// The short form for every change: ratios against Node in the same run, with a margin that a busy machine leaves.
import { short } from "./figures.mjs";
import * as fanout from "./sections/fanout.mjs";
import * as handshakes from "./sections/handshakes.mjs";
import { markdown } from "./table.mjs";

const SERVERS = ["gateway", "node"];
const MOST = {
  moderate: 0.8, // of Node's CPU time per delivery
  handshake: 0.5, // of Node's CPU time per handshake
  rss: 6, // KiB per connection with 20 rooms
};
const LEAST = { saturated: 2 }; // times Node's deliveries per CPU second

const gatewayOf = (rows) => rows.find(({ server }) => server === "gateway") ?? {};

/** What must hold: `{what, value, limit, ok}` each. A figure that could not be measured does not hold. */
export function judged(fanoutRows, handshakeRows) {
  const most = (what, value, limit) => ({ what, value, limit: `<= ${limit}`, ok: value <= limit });
  const least = (what, value, limit) => ({ what, value, limit: `>= ${limit}`, ok: value >= limit });
  const shapes = [...new Set(fanoutRows.map(({ shape }) => shape))];
  const handshake = gatewayOf(handshakeRows);
  return [
    ...shapes.flatMap((shape) => {
      const { toNode, timesNode } = gatewayOf(fanoutRows.filter((row) => row.shape === shape));
      return [
        most(`${shape}, moderate: CPU time per delivery, of Node's`, toNode, MOST.moderate),
        least(`${shape}, saturated: deliveries per CPU second, times Node's`, timesNode, LEAST.saturated),
      ];
    }),
    most("CPU time per handshake, of Node's", handshake.toNode, MOST.handshake),
    most("RSS per connection, KiB", handshake.rss, MOST.rss),
  ];
}

export async function smoke(world) {
  const common = { servers: SERVERS, rounds: 1 };
  const results = {
    fanout: await fanout.measure(world, { ...common, shapes: ["1x1000", "2000x10"], seconds: 2 }),
    handshakes: await handshakes.measure(world, { ...common, connections: 1000 }),
  };
  for (const { title, columns, rows } of [...fanout.tables(results.fanout), ...handshakes.tables(results.handshakes)]) {
    if (rows.length > 0) console.log(`\n${title}:\n\n${markdown(columns, rows)}`);
  }
  const verdicts = judged(fanout.rows(results.fanout), handshakes.rows(results.handshakes));
  const columns = [
    ["asserted", (v) => v.what], ["measured", (v) => v.value], ["limit", (v) => v.limit], ["", (v) => (v.ok ? "ok" : "FAILED")],
  ];
  console.log(`\nSmoke:\n\n${markdown(columns, verdicts)}`);
  for (const { what, value, limit, ok } of verdicts) {
    if (!ok) world.failures.push(`${what}: ${short(value) || "not measured"}, must be ${limit}`);
  }
  return results;
}
