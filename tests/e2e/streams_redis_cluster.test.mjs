// One cluster with Node servers on @socket.io/redis-streams-adapter, over a Redis Cluster of three nodes.
import { clusterCases } from "./lib/cluster_cases.mjs";
import { RedisCluster } from "./lib/redis_cluster.mjs";

await clusterCases({ kind: "redis-streams", startRedis: () => RedisCluster.start() });
