// bench_load as a child process.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { root } from "../e2e/lib/gateway.mjs";

const program = process.env.BENCH_LOAD ?? join(root, "build/release/tests/bench/bench_load");

// Its own patience: 120 s to connect, and 10 s without a delivery at the end of a phase, which a slow server may take several times.
const PATIENCE_S = 130;
const PATIENCE_PER_PHASE_S = 60;

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs it; its standard output, or an error with what it had to say. */
function output(args, seconds) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 24, timeout: seconds * 1000, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      running.delete(child);
      if (!error) return resolve(stdout);
      const end = error.killed ? `was ended after ${seconds} s` : `ended with ${error.code ?? error.signal}`;
      reject(new Error(`bench_load ${end}: ${stderr}${stdout}`));
    });
    running.add(child);
  });
}

/**
 * Connects the clients of a file to `server` and runs the phases, `{name, rate, seconds}` each; `rate`: messages per second, "saturated"
 * or "idle". Returns `{connected, phases}`, what bench_load printed, phases by name. Throws if a client could not connect.
 */
export async function load(server, { redis, clients, phases = [], options = [] }) {
  const args = [
    "--target", server.target, "--server", String(server.pid), "--redis", String(redis.port), "--beside", String(redis.process.child.pid),
    "--clients", server.clients ?? clients,
    ...phases.flatMap(({ name, rate, seconds }) => ["--phase", `${name}:${rate}:${seconds}`]), ...options, ...(server.options ?? []),
  ];
  const time = phases.reduce((sum, { seconds }) => sum + seconds + PATIENCE_PER_PHASE_S, PATIENCE_S);
  const [connected, ...rest] = (await output(args, time)).trim().split("\n").map((line) => JSON.parse(line));
  return { connected, phases: Object.fromEntries(rest.map((line) => [line.name, line])) };
}
