// The dashboard and the alerts ask for what /metrics has: names, labels and their values.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Gateway, root } from "./lib/gateway.mjs";
import { message } from "./lib/backend.mjs";
import { Client, closeAllClients, transportSettings } from "./lib/client.mjs";
import { postJson, request } from "./lib/http.mjs";
import { metricsTable } from "./lib/metrics_table.mjs";
import { eventually } from "./lib/wait.mjs";

const gateway = await Gateway.startDemo();
after(() => {
  closeAllClients();
  return gateway.stop();
});

const exposition = (await gateway.admin("/metrics")).body;
/** Samples of /metrics as `{name: [labels]}`. */
const samples = new Map();
for (const line of exposition.split("\n")) {
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
      assert.ok(["instance", "job"].includes(label) || [...samples.values()].flat().some((pairs) => label in pairs), `no label ${label}: ${expression}`);
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

test("docs/metrics.md lists every metric, with its type, labels and help", () => {
  const page = readFileSync(join(root, "docs/metrics.md"), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `chat_gateway_"));
  // To write the page anew, put what is expected here into it.
  assert.deepEqual(rows, metricsTable(exposition));
});

test("the exposition format: help, type, and samples that belong to them", () => {
  let family;
  for (const line of exposition.trimEnd().split("\n")) {
    const comment = line.match(/^# (HELP|TYPE) (\w+) (.+)$/);
    if (comment?.[1] === "HELP") family = { name: comment[2] };
    else if (comment) {
      assert.equal(comment[2], family.name);
      assert.match(comment[3], /^(counter|gauge|histogram)$/);
      family.type = comment[3];
    } else {
      const [, name] = line.match(/^(\w+)(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? (?:\d[\d.e+-]*|\+Inf)$/) ?? assert.fail(line);
      const ends = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      assert.ok(ends.some((end) => name === family.name + end), line);
    }
  }
});

test("figures move with what happens", async () => {
  const login = await request(`${gateway.url}/demo/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: "u-ada" }),
  });
  const cookie = login.headers["set-cookie"][0].split(";")[0];
  const [websocket, polling] = [
    await new Client(gateway.url, { cookie }).connect(),
    await new Client(gateway.url, { cookie, transports: transportSettings.polling }).connect(),
  ];
  const figure = (name) => gateway.metric(`chat_gateway_${name}`);
  assert.equal(await figure('users{connections="2-3"}'), 1);
  for (const transport of ["websocket", "polling"]) {
    for (const name of ["received_bytes_total", "sent_bytes_total", "packets_received_total", "packets_sent_total"]) {
      assert.ok((await figure(`${name}{transport="${transport}"}`)) > 0, `${name} ${transport}`);
    }
  }
  const chats = JSON.parse((await request(`${gateway.url}/demo/chats`, { headers: { cookie } })).body);
  const chat = chats[0].chat_id;
  const sent = await postJson(`${gateway.adminUrl}/v1/messages`, message(chat, "timed"));
  assert.equal(sent.status, 202);
  for (const client of [websocket, polling]) await client.receives("timed");
  assert.ok((await figure("fan_out_seconds_count")) >= 1);
  assert.ok((await figure("fan_out_seconds_sum")) < 5);
  await eventually(async () => (await figure("loop_lag_seconds_count")) > 0, "the loops' lag has been measured");
  assert.ok((await figure('store_seconds_count{store="sessions"}')) >= 2);
  assert.ok((await figure("resident_memory_bytes")) > 5_000_000);
  assert.ok(Math.abs(Date.now() / 1000 - (await figure("start_time_seconds"))) < 300);

  // Lost, and back: a reconnection. Closed by its user: none.
  websocket.socket.io.engine.transport.ws.terminate();
  await eventually(async () => (await figure('users{connections="1"}')) === 1, "the loss is noticed");
  await new Client(gateway.url, { cookie }).connect();
  assert.equal(await figure("reconnections_total"), 1);
  assert.equal(await figure("session_duration_seconds_count"), 1);
  polling.close();
  await eventually(async () => (await figure("session_duration_seconds_count")) === 2, "the end is noticed");
  await new Client(gateway.url, { cookie }).connect();
  assert.equal(await figure("reconnections_total"), 1);
});
