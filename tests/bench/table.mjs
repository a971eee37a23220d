// Medians of the runs, as a table.

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** One row per shape and server. */
export function rows(results) {
  const keys = [...new Set(results.map(({ shape, server }) => `${shape}\t${server}`))];
  return keys.map((key) => {
    const [shape, server] = key.split("\t");
    const runs = results.filter((r) => r.shape === shape && r.server === server);
    const of = (figure) => median(runs.map(figure));
    return {
      shape,
      server,
      runs: runs.length,
      moderate: of((r) => r.phases.moderate.cpu_us_per_delivery),
      saturated: of((r) => r.phases.saturated.cpu_us_per_delivery),
      perCpuSecond: Math.round(1e6 / of((r) => r.phases.saturated.cpu_us_per_delivery)),
      p50: of((r) => r.phases.moderate.p50_us),
      p99: of((r) => r.phases.moderate.p99_us),
      handshake: of((r) => r.connected.cpu_us_per_client),
      faults: runs.reduce((sum, r) => sum + ["moderate", "saturated"].reduce((n, p) => {
        const { missed, doubled, lost, undelivered } = r.phases[p];
        return n + missed + doubled + lost + Math.abs(undelivered);
      }, 0), 0),
    };
  });
}

const COLUMNS = [
  ["rooms x members", "shape"], ["server", "server"], ["µs/delivery, moderate", "moderate"], ["saturated", "saturated"],
  ["deliveries per CPU s", "perCpuSecond"], ["p50 µs", "p50"], ["p99 µs", "p99"], ["µs/handshake", "handshake"], ["missed, doubled, lost", "faults"],
];

export function print(results) {
  console.log(`| ${COLUMNS.map(([title]) => title).join(" | ")} |`);
  console.log(`|${" --- |".repeat(COLUMNS.length)}`);
  for (const row of rows(results)) console.log(`| ${COLUMNS.map(([, key]) => row[key]).join(" | ")} |`);
}
