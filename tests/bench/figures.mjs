// What is made of the figures of several runs.

/** The lower middle one, so that two runs show the better and every figure was really measured. */
export function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];
}

/** Deliveries that are not as they should be, and connections that ended: in a sound run 0. */
export function faultsOf({ connected, phases }) {
  const inPhases = Object.values(phases).reduce(
    (sum, { missed, doubled, reordered, lost }) => sum + Math.abs(missed) + doubled + reordered + lost, 0,
  );
  return connected.lost + inPhases;
}

/** Who had the cores in these phases: server, clients with the publisher, Redis in % of one; the whole machine in % of all. */
export function coresOf(phases) {
  const of = (figure) => Math.round(median(phases.map((phase) => phase[figure])));
  return `${of("server_percent")}, ${of("load_percent")}, ${of("beside_percent")}; ${of("machine_percent")}`;
}

/** `results` by the value of `key`, in order of appearance. */
export function groupedBy(results, key) {
  const groups = new Map();
  for (const result of results) {
    const name = key(result);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(result);
  }
  return groups;
}

/** A number with as many digits as a reader wants. */
export function short(value) {
  if (!Number.isFinite(value)) return "";
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
