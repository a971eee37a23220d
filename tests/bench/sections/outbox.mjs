// What the triggers of config/postgres/outbox.sql cost the back end that writes messages: pgbench, with and without them.
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../e2e/lib/gateway.mjs";
import { privateDirectory } from "../../e2e/lib/machine.mjs";
import { Postgres, program } from "../../e2e/lib/postgres.mjs";
import { median } from "../figures.mjs";

export const servers = [];
export const rounds = 3;
export const seconds = 6;

const WRITERS = 8;
const CHATS = 100;
const run = promisify(execFile);

/** Messages of 100 bytes, each in a transaction of its own, to chats by chance. */
const SCRIPT = `\\set n random(1, ${CHATS})
INSERT INTO messages (chat_id, content) VALUES (('00000000-0000-4000-8000-' || lpad(:n::text, 12, '0'))::uuid, repeat('x', 100));
`;

async function transactionsPerSecond(postgres, script, time) {
  const { stdout } = await run(program("pgbench"), ["-n", "-c", String(WRITERS), "-j", "2", "-T", String(time), "-f", script, postgres.url]);
  return Number(stdout.match(/^tps = ([\d.]+)/m)[1]);
}

/** How often the disk takes what a commit waits for. */
async function flushesPerSecond(directory) {
  const { stdout } = await run(program("pg_test_fsync"), ["-s", "1", "-f", join(directory, "flushed")]);
  return Number(stdout.match(/^\s+fdatasync\s+([\d.]+)/m)[1]);
}

export async function measure(world, { rounds: n, seconds: time }) {
  const results = [];
  // Commits reach the disk here, as they do in earnest.
  const postgres = await Postgres.start({ settings: { fsync: "on" } });
  try {
    await postgres.query(`INSERT INTO chats (chat_id) SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid FROM generate_series(1, ${CHATS}) n`);
    const directory = privateDirectory("bench");
    const script = join(directory, "insert.sql");
    writeFileSync(script, SCRIPT);
    const file = (name) => execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", join(root, "config/postgres", name), postgres.url]);
    for (let round = 0; round < n; round += 1) {
      const flushes = await flushesPerSecond(directory);
      results.push({ outbox: false, flushes, tps: await transactionsPerSecond(postgres, script, time) });
      file("outbox.sql");
      results.push({ outbox: true, flushes, tps: await transactionsPerSecond(postgres, script, time) });
      file("outbox-remove.sql");
    }
  } catch (error) {
    world.failures.push(`outbox: ${error.message}`);
  } finally {
    await postgres.stop();
  }
  return results;
}

const rowsOf = (results) => [false, true]
  .map((outbox) => results.filter((one) => one.outbox === outbox))
  .filter((runs) => runs.length > 0)
  .map((runs) => ({
    outbox: runs[0].outbox, runs: runs.length, tps: median(runs.map(({ tps }) => tps)), flushes: median(runs.map(({ flushes }) => flushes)),
  }));

const COLUMNS = [
  ["outbox", (r) => (r.outbox ? "with" : "without")],
  ["messages per s, each in a transaction of its own", (r) => r.tps],
  ["flushes per s that the disk does", (r) => r.flushes],
  ["runs", (r) => r.runs],
];

export const tables = (results) => [{ title: `Writers of messages, ${WRITERS} at a time`, columns: COLUMNS, rows: rowsOf(results) }];
