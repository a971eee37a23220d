// bench_load as a child process.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../e2e/lib/gateway.mjs";

const program = process.env.BENCH_LOAD ?? join(root, "build/release/tests/bench/bench_load");

/**
 * Connects the clients to `server` and runs the phases; returns `{connected, phases}` as bench_load printed them. Throws if a client
 * could not connect.
 */
export async function load(server, { redis, clients, phases, options = [] }) {
  const args = [
    "--target", server.target, "--server", String(server.pid), "--redis", String(redis.port), "--clients", clients,
    ...phases.flatMap(({ name, rate, seconds }) => ["--phase", `${name}:${rate}:${seconds}`]), ...options,
  ];
  const { stdout, stderr } = await promisify(execFile)(program, args, { maxBuffer: 1 << 24 });
  if (stderr) process.stderr.write(stderr);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return { connected: lines[0], phases: Object.fromEntries(lines.slice(1).map((line) => [line.name, line])) };
}
