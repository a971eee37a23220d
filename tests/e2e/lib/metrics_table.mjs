// The rows of docs/metrics.md, made of what /metrics says.

/** One for each family: `| name | type | labels | help |`. */
export function metricsTable(exposition) {
  const families = [];
  for (const line of exposition.trimEnd().split("\n")) {
    const comment = line.match(/^# (HELP|TYPE) (\w+) (.+)$/);
    if (comment?.[1] === "HELP") families.push({ name: comment[2], help: comment[3], labels: new Map() });
    const family = families.at(-1);
    if (comment?.[1] === "TYPE") family.type = comment[3];
    if (comment) continue;
    for (const [, label, value] of line.matchAll(/(\w+)="([^"]*)"/g)) {
      if (label === "le") continue;
      family.labels.set(label, new Set(family.labels.get(label)).add(value));
    }
  }
  return families.map(({ name, type, labels, help }) => {
    const values = ([label, all]) => `\`${label}\`${label === "version" ? "" : `: ${[...all].join(", ")}`}`;
    return `| \`${name}\` | ${type} | ${[...labels].map(values).join("; ")} | ${help} |`;
  });
}
