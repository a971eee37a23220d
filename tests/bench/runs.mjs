// One server after the other, several times over.
import { faultsOf } from "./figures.mjs";
import { load } from "./load.mjs";
import { start } from "./servers.mjs";

/**
 * Calls `run(item, round)` for all items, `rounds` times; each round begins with another item, so that none is always the first or behind
 * the same neighbour. Once `seconds` are over no further round begins: a slow machine measures less often rather than for hours.
 */
export async function interleaved(items, { rounds, seconds, say }, run) {
  const end = Date.now() + seconds * 1000;
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0 && Date.now() > end) {
      say(`  ${seconds} s are over after ${round} of ${rounds} rounds`);
      return;
    }
    for (let i = 0; i < items.length; i += 1) await run(items[(i + round) % items.length], round);
  }
}

/**
 * Starts a server, puts the load on it and ends it. Returns `{connected, phases, faults}`, or undefined if that failed, which
 * `world.failures` then tells. `warmUp`: a file of clients that connect once before.
 */
export async function measured(world, name, { what, connections, warmUp, ...rest }) {
  const label = `${what}, ${name}`;
  try {
    const server = await start(name, world, { connections });
    try {
      if (warmUp) await load(server, { redis: world.redis, clients: warmUp });
      const result = await load(server, { redis: world.redis, ...rest });
      const faults = faultsOf(result);
      if (faults > 0) world.failures.push(`${label}: ${faults} missed, doubled, out of order or lost: ${JSON.stringify(result)}`);
      world.say(`  ${label}: ${summary(result)}${faults > 0 ? `, ${faults} FAULTS` : ""}`);
      return { ...result, faults };
    } finally {
      await server.stop();
    }
  } catch (error) {
    world.failures.push(`${label}: ${error.message}`);
    world.say(`  ${label}: FAILED: ${error.message}`);
    return undefined;
  }
}

/** For whoever watches. */
function summary({ connected, phases }) {
  const parts = [`handshake ${connected.cpu_us_per_client} us`];
  for (const { name, cpu_us_per_delivery: each, deliveries, server_percent: percent } of Object.values(phases)) {
    parts.push(`${name} ${deliveries > 0 ? `${each} us/delivery, ` : ""}${percent} %`);
  }
  return parts.join("; ");
}
