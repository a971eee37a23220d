// Where the blocks of the documents are run: their addresses, ids and files stand for those of a world of this run's own.
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { io } from "socket.io-client";
import { SECRET, message } from "./backend.mjs";
import { Client } from "./client.mjs";
import { root } from "./gateway.mjs";
import { privateDirectory } from "./machine.mjs";
import { SCHEMA } from "./postgres.mjs";
import { eventually } from "./wait.mjs";
import { World } from "./world.mjs";

/** The chat that the documents write to, and its member. */
export const CHAT = "3f0e8a52-6c1d-4b7e-9a43-0d5c2b1f7e88";
const MEMBER = "7b0c3f5e-2c55-4f0b-8a4e-9d1f60a7c0de";

export const binary = process.env.CHAT_GATEWAY_BINARY ?? join(root, "build/release/chat-gateway");
const run = promisify(execFile);

export class DocumentWorld {
  static async start() {
    const documents = new DocumentWorld();
    const world = await World.start({ server: { drain_ms: 0 }, session: { secrets: [SECRET], recheck_ms: 500 } });
    documents.world = world;
    documents.ends = [];
    documents.directory = privateDirectory("documents");
    symlinkSync(join(root, "tests/e2e/node_modules"), join(documents.directory, "node_modules"));
    mkdirSync(join(documents.directory, "bin"));
    symlinkSync(binary, join(documents.directory, "bin/chat-gateway"));
    await documents.addMember((text, values) => world.postgres.query(text, values));
    documents.cookie = await world.backend.login(MEMBER);
    return documents;
  }

  async addMember(query) {
    await query("INSERT INTO chats (chat_id, name) VALUES ($1, 'the chat of the documents')", [CHAT]);
    await query("INSERT INTO chat_participants (chat_id, user_id) VALUES ($1, $2)", [CHAT, MEMBER]);
  }

  get member() {
    return MEMBER;
  }

  /** Names of /metrics, of histograms the families' too. */
  async metricNames() {
    const { body } = await this.world.gateway.admin("/metrics");
    const names = new Set();
    for (const line of body.split("\n")) {
      const [name] = line.match(/chat_gateway_\w+/) ?? [];
      if (name) names.add(name);
    }
    return names;
  }

  /** The documents' addresses replaced by this world's, or by those of what is given. */
  here(text, { gateway = this.world.gateway, redis = this.world.redis } = {}) {
    return text
      .replace(/https:\/\/(chat|api)\.example\.org/g, gateway.url)
      .replaceAll("http://127.0.0.1:7001", gateway.adminUrl)
      .replaceAll("redis://127.0.0.1:6379", redis.url)
      .replaceAll("redis-cli -p 6379", `redis-cli -p ${redis.port}`)
      .replaceAll("postgresql://127.0.0.1/market", this.world.postgres.url)
      .replaceAll("/etc/chat-gateway/chat-gateway.json", gateway.config);
  }

  get environment() {
    const sanitizers = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.endsWith("_OPTIONS")));
    return {
      ...sanitizers,
      PATH: `${join(this.directory, "bin")}:${process.env.PATH}`, LANG: "C.UTF-8",
      PGHOST: "127.0.0.1", PGPORT: String(this.world.postgres.port), PGUSER: "postgres",
    };
  }

  /** Runs the commands as a careful person would: the first that fails ends it. Returns what they print. */
  async shell(text, options) {
    const { stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", this.here(text, options)], {
      cwd: root, env: this.environment, timeout: 30_000,
    });
    return stdout + stderr;
  }

  /** A file of this run's; returns its path. */
  write(name, text) {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /**
   * Imports the block as a module of its own. It finds `names` as variables, and, where it imports socket.io-client, a client that has
   * the session's cookie, which a browser would add. `exports`: of its variables. `environment`: what it finds in process.env.
   */
  async import(text, { names = {}, exports = [], cookie = this.cookie, environment = {}, ...where } = {}) {
    this.modules = (this.modules ?? 0) + 1;
    const page = { ...names };
    const sockets = [];
    if (!/\b(const|class) io\b/.test(text)) page.io = (url, options) => {
      const socket = io(url, { ...options, forceNew: true, ...(cookie && { extraHeaders: { cookie } }) });
      sockets.push(socket);
      return socket;
    };
    const key = `page${this.modules}`;
    globalThis[key] = page;
    const module = this.write(`${key}.mjs`, [
      `const { ${Object.keys(page).join(", ")} } = globalThis.${key};`,
      this.here(text, where).replace('import { io } from "socket.io-client";', ""),
      exports.length > 0 ? `export { ${exports.join(", ")} };` : "",
    ].join("\n"));
    this.ends.push(() => sockets.forEach((socket) => socket.disconnect()));
    Object.assign(process.env, environment);
    try {
      return { ...(await import(pathToFileURL(module))), sockets };
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name];
    }
  }

  /** A stock client of the documents' member. */
  client({ gateway = this.world.gateway, cookie = this.cookie, ...options } = {}) {
    return new Client(gateway.url, { cookie, ...options }).connect();
  }

  /** Sends a message to the chat, by the world's back end. */
  say(content) {
    this.world.backend.publish(CHAT, message(CHAT, content));
  }

  /** Without a time for draining, which this run would only wait for. */
  addGateway(settings) {
    return this.world.addGateway({ server: { drain_ms: 0 }, ...settings });
  }

  /** Until `probe` holds, with a message to the chat each time: for what says nothing when it listens. */
  sayUntil(content, probe, what) {
    return eventually(() => {
      if (probe()) return true;
      this.say(content);
      return false;
    }, what);
  }

  /** A database `market` with the tables, the documents' chat, and a role for the gateway; its URL. */
  market() {
    this.marketMade ??= (async () => {
      await this.world.postgres.query("CREATE DATABASE market");
      await this.world.postgres.query("CREATE ROLE chat_gateway LOGIN");
      const url = this.world.postgres.url.replace(/\/postgres$/, "/market");
      await this.sql(url, SCHEMA);
      await this.sql(url, "CREATE TABLE accounts (user_id uuid PRIMARY KEY, username text)");
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await this.addMember((text, values) => client.query(text, values));
      await client.end();
      return url;
    })();
    return this.marketMade;
  }

  /** Runs statements by psql, as the documents' reader would. */
  async sql(url, text) {
    const { stdout } = await run("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-f", this.write("block.sql", text), url], { env: this.environment });
    return stdout;
  }

  /** Whether chat-gateway takes this configuration; throws with its faults. */
  async checkSettings(text) {
    const { stdout } = await run(binary, ["--check-config", "--config", this.write("settings.json", text)], {
      env: { ...this.environment, SESSION_SECRET: "a secret" },
    });
    return stdout;
  }

  /** A full configuration of nginx; `-t`, or the process. */
  async nginx(config, { name = "nginx.conf" } = {}) {
    const path = this.write(name, config);
    const { stderr } = await run("/usr/sbin/nginx", ["-t", "-p", this.directory, "-e", "stderr", "-c", path]);
    return { path, output: stderr };
  }

  /** Ends everything, whatever fails on the way; throws the first failure. */
  async stop() {
    const failures = [];
    const gateways = () => Promise.all(this.world.gateways.map((gateway) => gateway.stop()));
    for (const end of [gateways, ...this.ends.reverse(), () => this.world.stop()]) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}


