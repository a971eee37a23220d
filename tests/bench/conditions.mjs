// On what was measured.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { binary } from "./servers.mjs";
import { root } from "../e2e/lib/gateway.mjs";

/** First line of what a program prints, or "" if it cannot be run. */
function says(program, ...args) {
  try {
    return execFileSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0];
  } catch {
    return "";
  }
}

const version = (name) => JSON.parse(readFileSync(join(root, "tests/e2e/node_modules", name, "package.json"), "utf8")).version;

/** Open files that a process may have; Node has raised it as far as it may. */
export function openFiles() {
  const [, soft] = readFileSync("/proc/self/limits", "utf8").match(/^Max open files\s+(\d+|unlimited)/m);
  return soft === "unlimited" ? Infinity : Number(soft);
}

export const load = () => loadavg().map((one) => one.toFixed(2)).join(" ");

export async function conditions({ postgres, other }) {
  const { rows } = await postgres.query("SHOW server_version");
  return {
    machine: `${cpus().length} cores (${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().match(/^\d+\.\d+/)[0]}, ${openFiles()} open files per process`,
    gateway: [says(binary, "--version"), says("git", "rev-parse", "--short", "HEAD")].filter(Boolean).join(", commit "),
    ...(other && { other: `${other}, ${says(other, "--version")}` }),
    node: `Node ${process.versions.node}, socket.io ${version("socket.io")}, @socket.io/redis-adapter ${version("@socket.io/redis-adapter")}, ` +
      `express-session ${version("express-session")}, connect-redis ${version("connect-redis")}, pg ${version("pg")}`,
    stores: `${says("redis-server", "--version").replace(/^Redis server v=(\S+).*/, "Redis $1")}, PostgreSQL ${rows[0].server_version}`,
    "load average before": load(),
  };
}
