// The kernel's accounts of other processes.
import { readFileSync } from "node:fs";

const TICK_MS = 10; // of /proc, everywhere on Linux

/** User and system time of a process so far. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
