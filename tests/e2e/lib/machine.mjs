// What the machine gives: free ports, private directories, the account to run servers under.
import { mkdtempSync, chmodSync, rmSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const taken = new Set();

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/**
 * A loopback port that nobody listens on. Below the range that the kernel gives to outgoing connections, so that a server can be
 * stopped and come back on its port.
 */
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
}

const directories = [];

/** To be called when the servers that write into them have ended. */
export function removeDirectories() {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
}

/** A directory that is gone when the test ends; other accounts may look into it. */
export function privateDirectory(name) {
  const directory = mkdtempSync(join(tmpdir(), `chat-gateway-${name}-`));
  chmodSync(directory, 0o755);
  directories.push(directory);
  return directory;
}

/** `{uid, gid}` of an account, or `{}` unless we are root: only root can and must change it. */
export function account(name) {
  if (process.getuid() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8").split("\n").find((entry) => entry.startsWith(`${name}:`));
  if (!line) throw new Error(`there is no account ${name}`);
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}
