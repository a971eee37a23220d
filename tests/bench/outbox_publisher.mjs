// How fast a gateway publishes the outbox: rows that are there at once, from their commit to the last of them.
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "../e2e/lib/http.mjs";
import { eventually } from "../e2e/lib/wait.mjs";
import { cpuMs } from "./cpu.mjs";
import { start } from "./servers.mjs";

/** For so long after it has begun a publisher sends everything to all gateways; see postgres/outbox_translator. */
const WIDE_MS = 3500;
const POLL_MS = 20;
const PATIENCE_MS = 120_000;

async function metric(server, name) {
  const { body } = await request(`${server.admin}/metrics`);
  return Number(body.split("\n").find((line) => line.startsWith(`${name} `)).slice(name.length + 1));
}

/** CPU time of all processes that serve a connection. */
async function databaseMs(postgres) {
  const { rows } = await postgres.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'");
  return rows.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
}

/**
 * Starts a gateway on that database, whose outbox is installed and empty, and has it publish `rows` messages that one transaction writes.
 * `{rows_per_s, gateway_us, database_us}`, the latter for each row.
 */
export async function publishingRate(world, postgres, { rows, insert }) {
  const settings = { ...world.settings, postgres: { ...world.settings.postgres, outbox: true } };
  const server = await start("gateway", { ...world, postgres, settings });
  try {
    const published = () => metric(server, 'chat_gateway_outbox_rows_total{result="published"}');
    await eventually(async () => (await metric(server, 'chat_gateway_outbox_role{role="publisher"}')) === 1, "it publishes");
    await sleep(WIDE_MS);
    await insert(rows);
    const begun = performance.now();
    const [gateway, database] = [cpuMs(server.pid), await databaseMs(postgres)];
    while ((await published()) < rows) {
      if (performance.now() - begun > PATIENCE_MS) throw new Error(`${await published()} of ${rows} rows are published`);
      await sleep(POLL_MS);
    }
    const seconds = (performance.now() - begun) / 1000;
    return {
      rows_per_s: rows / seconds,
      gateway_us: ((cpuMs(server.pid) - gateway) * 1000) / rows,
      database_us: (((await databaseMs(postgres)) - database) * 1000) / rows,
    };
  } finally {
    await server.stop();
  }
}
