// One cluster with Node servers on @socket.io/redis-streams-adapter.
import { clusterCases } from "./lib/cluster_cases.mjs";

await clusterCases({ kind: "redis-streams" });
