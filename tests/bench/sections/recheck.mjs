// What the re-reading of live sessions takes (session.recheck_ms): memory, CPU time of the services loop and of Redis, and how soon it is
// noticed that sessions are gone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../e2e/lib/gateway.mjs";

export const servers = [];
export const rounds = 1;
export const seconds = 30;

const SESSIONS = 100_000;
const PERIOD_MS = 30_000;
const GONE = 1000;
const PATIENCE_MS = 60_000;

const program = process.env.BENCH_RECHECK ?? join(root, "build/release/tests/bench/bench_recheck");

/** As express-session and passport leave it. */
const record = (n) => JSON.stringify({
  cookie: { originalMaxAge: 5184000000, expires: "2027-01-21T20:44:11.302Z", secure: false, httpOnly: true, path: "/", sameSite: "lax" },
  passport: { user: `user-${n}` },
});

async function inBatches(count, work) {
  for (let n = 0; n < count; n += 1000) await work(Array.from({ length: Math.min(1000, count - n) }, (_, i) => n + i));
}

const redisCpu = async ({ admin }) => {
  const info = await admin.info("cpu");
  return Number(info.match(/used_cpu_sys:([\d.]+)/)[1]) + Number(info.match(/used_cpu_user:([\d.]+)/)[1]);
};

/** One run of the program; `notices`: Redis tells of keys that go. */
async function run(world, { sessions, period, seconds: time, notices }) {
  const { redis } = world;
  await inBatches(sessions, (all) => Promise.all(all.map((n) => redis.admin.set(`sess:bench-${n}`, record(n)))));
  await redis.admin.configSet("notify-keyspace-events", notices ? "Egxe" : "");
  const child = spawn(program, [redis.url, String(sessions), String(period), String(time)], { stdio: ["pipe", "pipe", "inherit"] });
  const end = setTimeout(() => child.kill("SIGKILL"), time * 1000 + PERIOD_MS + PATIENCE_MS);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("bench_recheck has ended early");
    return JSON.parse(value);
  };
  const result = { sessions, period, notices, ...(await next()) };
  const before = await redisCpu(redis);
  Object.assign(result, await next());
  result.redis_percent = (100 * ((await redisCpu(redis)) - before)) / time;
  await redis.admin.del(Array.from({ length: Math.min(GONE, sessions) }, (_, i) => `sess:bench-${i * Math.floor(sessions / Math.min(GONE, sessions))}`));
  child.stdin.write(`gone ${Math.min(GONE, sessions)}\n`);
  Object.assign(result, await next());
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  clearTimeout(end);
  if (code !== 0) throw new Error(`bench_recheck ended with ${code}`);
  await redis.admin.configSet("notify-keyspace-events", "");
  await redis.admin.flushDb();
  return result;
}

export async function measure(world, { seconds: time, connections = SESSIONS }) {
  const results = [];
  for (const notices of [false, true]) {
    const result = await run(world, { sessions: connections, period: PERIOD_MS, seconds: time, notices });
    if (result.failed > 0 || result.cut > 0) world.failures.push(`re-check: ${result.failed} reads failed, ${result.cut} valid sessions were cut`);
    if (result.gone !== Math.min(GONE, connections)) world.failures.push(`re-check: ${result.gone} sessions were cut`);
    if (!notices && result.noticed_ms > PERIOD_MS + 1000) world.failures.push(`re-check: noticed after ${result.noticed_ms} ms`);
    results.push(result);
  }
  return results;
}

const COLUMNS = [
  ["sessions", (r) => r.sessions],
  ["keyspace notifications", (r) => (r.notices ? "on" : "off")],
  ["bytes per session: registry", (r) => r.registry_bytes],
  ["its login", (r) => r.login_bytes],
  ["reads per s", (r) => r.reads / r.seconds],
  ["CPU % of a core", (r) => r.cpu_percent],
  ["CPU µs per read", (r) => r.cpu_us_per_read],
  ["Redis' CPU %", (r) => r.redis_percent],
  ["longest stall, ms", (r) => r.longest_stall_ms],
  [`${GONE} sessions gone: all noticed after ms`, (r) => r.noticed_ms],
];

export const tables = (results) => [{ title: `Sessions re-read every ${PERIOD_MS / 1000} s`, columns: COLUMNS, rows: results }];
