// What the outbox costs: the triggers of config/postgres/outbox.sql the back end that writes messages (pgbench, with and without them), and
// publishing them the gateway that does it (with and without keeping what was published, which is what gaps of the bus are healed from).
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../e2e/lib/gateway.mjs";
import { privateDirectory } from "../../e2e/lib/machine.mjs";
import { Postgres, program } from "../../e2e/lib/postgres.mjs";
import { groupedBy, median } from "../figures.mjs";
import { publishingRate } from "../outbox_publisher.mjs";

export const servers = [];
export const rounds = 3;
export const seconds = 6;

const WRITERS = 8;
const CHATS = 100;
const ROWS_PER_SECOND = 30_000; // of the length of a phase: more than are kept, so that some have to go meanwhile
const run = promisify(execFile);

const chat = (n) => `('00000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/** Messages of 100 bytes, each in a transaction of its own, to chats by chance. */
const SCRIPT = `\\set n random(1, ${CHATS})
INSERT INTO messages (chat_id, content) VALUES (${chat(":n")}, repeat('x', 100));
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

/** With the triggers and without. */
async function measureWriters(postgres, { directory, file, time, say }) {
  const script = join(directory, "insert.sql");
  writeFileSync(script, SCRIPT);
  const results = [];
  const flushes = await flushesPerSecond(directory);
  for (const outbox of [false, true]) {
    if (outbox) file("outbox.sql");
    const tps = await transactionsPerSecond(postgres, script, time);
    say(`  outbox, writers ${outbox ? "with" : "without"}: ${Math.round(tps)} messages/s`);
    results.push({ outbox, flushes, tps });
  }
  file("outbox-remove.sql");
  return results;
}

/** With what was published being kept, as it is, and without. */
async function measurePublisher(world, postgres, { file, time, round }) {
  const results = [];
  const rows = Math.round(time * ROWS_PER_SECOND);
  const insert = (n) => postgres.query(`INSERT INTO messages (chat_id, content) SELECT ${chat(`n % ${CHATS} + 1`)}, repeat('x', 100) FROM generate_series(1, ${n}) n`);
  for (const kept of round % 2 === 0 ? [true, false] : [false, true]) {
    file("outbox.sql");
    if (!kept) await postgres.query("ALTER TABLE chat_gateway.outbox DISABLE TRIGGER chat_gateway_retain");
    const figures = await publishingRate(world, postgres, { rows, insert });
    world.say(`  outbox, publisher ${kept ? "with" : "without"} keeping: ${Math.round(figures.rows_per_s)} rows/s`);
    results.push({ kept, rows, ...figures });
    file("outbox-remove.sql");
  }
  return results;
}

export async function measure(world, { rounds: n, seconds: time }) {
  const results = [];
  // Commits reach the disk here, as they do in earnest.
  const postgres = await Postgres.start({ settings: { fsync: "on" } });
  try {
    await postgres.query(`INSERT INTO chats (chat_id) SELECT ${chat("n")} FROM generate_series(1, ${CHATS}) n`);
    const directory = privateDirectory("bench");
    const env = { ...process.env, PGOPTIONS: "-c client_min_messages=warning" };
    const file = (name) => execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", join(root, "config/postgres", name), postgres.url], { env });
    for (let round = 0; round < n; round += 1) {
      results.push(...await measureWriters(postgres, { directory, file, time, say: world.say }));
      results.push(...await measurePublisher(world, postgres, { file, time, round }));
    }
  } catch (error) {
    world.failures.push(`outbox: ${error.message}`);
  } finally {
    await postgres.stop();
  }
  return results;
}

/** A row for each value of `key`, with the medians of `figures`. */
const rowsOf = (results, key, figures) => [...groupedBy(results.filter((one) => key in one), (one) => one[key])]
  .map(([value, runs]) => ({ [key]: value, runs: runs.length, ...Object.fromEntries(figures.map((name) => [name, median(runs.map((one) => one[name]))])) }));

const WRITER_COLUMNS = [
  ["outbox", (r) => (r.outbox ? "with" : "without")],
  ["messages per s, each in a transaction of its own", (r) => r.tps],
  ["flushes per s that the disk does", (r) => r.flushes],
  ["runs", (r) => r.runs],
];

const PUBLISHER_COLUMNS = [
  ["what was published", (r) => (r.kept ? "is kept for gaps" : "is not kept")],
  ["rows per s", (r) => r.rows_per_s],
  ["gateway, us of CPU per row", (r) => r.gateway_us],
  ["PostgreSQL, us of CPU per row", (r) => r.database_us],
  ["rows", (r) => r.rows],
  ["runs", (r) => r.runs],
];

export const tables = (results) => [
  { title: `Writers of messages, ${WRITERS} at a time`, columns: WRITER_COLUMNS, rows: rowsOf(results, "outbox", ["tps", "flushes"]) },
  { title: "One gateway that publishes", columns: PUBLISHER_COLUMNS, rows: rowsOf(results, "kept", ["rows_per_s", "gateway_us", "database_us", "rows"]) },
];
