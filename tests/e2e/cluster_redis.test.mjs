// One cluster with Node servers on the classic adapter, @socket.io/redis-adapter.
import { Emitter } from "@socket.io/redis-emitter";
import { clusterCases } from "./lib/cluster_cases.mjs";

await clusterCases({
  kind: "redis",
  emitter: async (world, prefix) => new Emitter(world.backend.redis, { key: prefix }),
});
