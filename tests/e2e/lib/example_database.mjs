// The database that docker/compose.yaml makes, in the tests' PostgreSQL.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./gateway.mjs";

const scripts = join(root, "docker/postgres");

/**
 * Fills a new database as the image of PostgreSQL does: every file in the order of names, with the compose file's variables. Returns the
 * URLs of the two accounts, `{backend, gateway}`.
 */
export async function makeExampleDatabase(postgres) {
  await postgres.query("CREATE DATABASE chat");
  const url = (user) => `postgresql://${user}@127.0.0.1:${postgres.port}/chat`;
  const env = { PATH: process.env.PATH, BACKEND_DB_PASSWORD: "backend's", GATEWAY_DB_PASSWORD: "gateway's" };
  for (const file of readdirSync(scripts).sort()) {
    execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", join(scripts, file), url("postgres")], { env });
  }
  return { backend: url("backend"), gateway: url("chat_gateway") };
}
