// One cluster with Node servers on the sharded adapter of @socket.io/redis-adapter.
import { clusterCases } from "./lib/cluster_cases.mjs";

await clusterCases({ kind: "redis-sharded" });
