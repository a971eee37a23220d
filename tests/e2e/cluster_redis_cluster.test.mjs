// One cluster with Node servers on the sharded adapter of @socket.io/redis-adapter, over a Redis Cluster of three nodes.
import { clusterCases } from "./lib/cluster_cases.mjs";
import { RedisCluster } from "./lib/redis_cluster.mjs";

await clusterCases({ kind: "redis-sharded", startRedis: () => RedisCluster.start() });
