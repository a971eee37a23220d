// The dashboard and the alerts ask for what /metrics has: names, labels and their values.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Gateway, root } from "./lib/gateway.mjs";

const gateway = await Gateway.startDemo();
after(() => gateway.stop());

/** Samples of /metrics as `{name: [labels]}`. */
const samples = new Map();
for (const line of (await gateway.admin("/metrics")).body.split("\n")) {
  const [, name, labels = ""] = line.match(/^(chat_gateway_\w+)(?:\{(.*)\})? /) ?? [];
  if (!name) continue;
  const pairs = Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  samples.set(name, [...(samples.get(name) ?? []), pairs]);
}

/** Fails unless every series that the expression selects can exist; returns how many selectors it has. */
function check(expression) {
  let selectors = 0;
  for (const [, name, matchers = ""] of expression.matchAll(/(chat_gateway_\w+)(?:\{([^}]*)\})?/g)) {
    selectors += 1;
    assert.ok(samples.has(name), `/metrics has no ${name}: ${expression}`);
    for (const [, label, operator, value] of matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)) {
      if (label === "instance" || label === "job") continue; // Prometheus' own
      for (const one of operator === "=~" ? value.split("|") : [value]) {
        assert.ok(samples.get(name).some((labels) => labels[label] === one), `${name} has no ${label}="${one}": ${expression}`);
      }
    }
  }
  for (const [, labels] of expression.matchAll(/by \(([\w, ]+)\)/g)) {
    for (const label of labels.split(", ")) {
      assert.ok(label === "instance" || [...samples.values()].flat().some((pairs) => label in pairs), `no label ${label}: ${expression}`);
    }
  }
  return selectors;
}

test("the dashboard's panels", () => {
  const dashboard = JSON.parse(readFileSync(join(root, "config/grafana/chat-gateway.json"), "utf8"));
  const targets = dashboard.panels.flatMap((panel) => panel.targets);
  assert.ok(targets.length > 10);
  for (const { expr } of targets) assert.ok(check(expr) > 0, expr);
  for (const { query } of dashboard.templating.list) if (query.query) assert.ok(check(query.query) > 0);
});

test("the alerts", () => {
  const rules = readFileSync(join(root, "config/prometheus/chat-gateway.yml"), "utf8").split(/^ +- alert: /m).slice(1);
  assert.ok(rules.length > 5);
  for (const rule of rules) {
    const [, expression] = rule.match(/^ +expr: ([^]*?)\n +for: /m) ?? assert.fail(rule);
    assert.ok(check(expression) > 0 || expression.startsWith("up{"), expression);
  }
});
