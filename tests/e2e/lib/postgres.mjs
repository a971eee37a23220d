// A private PostgreSQL cluster with the tables that the default queries read.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, mkdirSync, chownSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { account, freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";

export const SCHEMA = `
  CREATE TABLE chats (chat_id uuid PRIMARY KEY, name text);
  CREATE TABLE chat_participants (
    chat_id uuid NOT NULL REFERENCES chats ON DELETE CASCADE,
    user_id uuid NOT NULL,
    UNIQUE (chat_id, user_id));
  CREATE INDEX ON chat_participants (user_id);
  CREATE TABLE messages (
    message_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    chat_id uuid NOT NULL REFERENCES chats ON DELETE CASCADE,
    author uuid,
    content text NOT NULL,
    "timestamp" timestamp NOT NULL DEFAULT now());
`;

function programs() {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).map(Number).sort((a, b) => b - a) : [];
  for (const version of versions) {
    const directory = join(root, String(version), "bin");
    if (existsSync(join(directory, "initdb"))) return directory;
  }
  throw new Error(`no PostgreSQL server in ${root}`);
}

/** The path of a program that comes with the server. */
export const program = (name) => join(programs(), name);

export class Postgres {
  /** `settings`: of the server, beside those that the tests want. */
  static async start({ settings = {} } = {}) {
    const postgres = new Postgres();
    postgres.settings = settings;
    postgres.port = await freePort();
    postgres.url = `postgresql://postgres@127.0.0.1:${postgres.port}/postgres`;
    postgres.account = account("postgres");
    postgres.directory = join(privateDirectory("postgres"), "data");
    mkdirSync(postgres.directory, { mode: 0o700 });
    if (postgres.account.uid) chownSync(postgres.directory, postgres.account.uid, postgres.account.gid);
    execFileSync(
      join(programs(), "initdb"),
      ["-D", postgres.directory, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
      { ...postgres.account, cwd: postgres.directory, stdio: ["ignore", "ignore", "inherit"] },
    );
    await postgres.resume();
    await postgres.query(SCHEMA);
    return postgres;
  }

  /** Starts it, again on the same port and with the same data. */
  async resume() {
    const settings = {
      listen_addresses: "127.0.0.1", port: this.port, unix_socket_directories: this.directory,
      fsync: "off", max_connections: 50, ...this.settings,
    };
    this.process = new ServerProcess(
      "postgres",
      join(programs(), "postgres"),
      ["-D", this.directory, ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])],
      { ...this.account, cwd: this.directory },
    );
    await this.process.prints(/database system is ready to accept connections/);
    this.pool = new pg.Pool({ connectionString: this.url, max: 2 });
    this.pool.on("error", () => {}); // idle connections break when the server stops
  }

  /** Ends every connection at once; the data stays for resume(). */
  async stop() {
    await this.pool.end();
    await this.process.stop("SIGINT");
  }

  query(text, values) {
    return this.pool.query(text, values);
  }

  /** A connection of the caller's own, who ends it. */
  async connect() {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    return client;
  }

  /** A new chat with these members; returns its id. */
  async addChat(...users) {
    const chat = randomUUID();
    await this.query("INSERT INTO chats (chat_id, name) VALUES ($1, 'a chat')", [chat]);
    await this.query("INSERT INTO chat_participants (chat_id, user_id) SELECT $1, unnest($2::uuid[])", [chat, users]);
    return chat;
  }

  async addParticipant(chat, user) {
    await this.query("INSERT INTO chat_participants (chat_id, user_id) VALUES ($1, $2)", [chat, user]);
  }

  async removeParticipant(chat, user) {
    await this.query("DELETE FROM chat_participants WHERE chat_id = $1 AND user_id = $2", [chat, user]);
  }

  /** Makes readers of the participants wait until the returned function is called. */
  async lockParticipants() {
    const client = await this.pool.connect();
    await client.query("BEGIN");
    await client.query("LOCK TABLE chat_participants IN ACCESS EXCLUSIVE MODE");
    return async () => {
      await client.query("COMMIT");
      client.release();
    };
  }

  /** How many statements wait for a lock. */
  async waiting() {
    const { rows } = await this.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    return rows[0].n;
  }
}
