// docker/example-backend as it is shipped, with the tests' own packages, and its page's requests.
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { root } from "./gateway.mjs";
import { postJson, request } from "./http.mjs";
import { freePort, privateDirectory } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";

const shipped = join(root, "docker/example-backend");
const packages = join(root, "tests/e2e");

export const readManifest = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
export const manifests = { shipped: () => readManifest(shipped), tested: () => readManifest(packages) };

export class ExampleBackend {
  /** As a process: `{secret, redisUrl, databaseUrl}`; waits until it listens. */
  static async start({ secret, redisUrl, databaseUrl }) {
    const backend = new ExampleBackend();
    backend.port = await freePort();
    const directory = join(privateDirectory("backend"), "app");
    cpSync(shipped, directory, { recursive: true, filter: (path) => !path.includes("node_modules") });
    // Node looks for packages beside the code; the symbolic link keeps the repository free of a second installation.
    symlinkSync(join(packages, "node_modules"), join(directory, "node_modules"));
    const env = { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: String(backend.port), SESSION_SECRET: secret, REDIS_URL: redisUrl, DATABASE_URL: databaseUrl };
    backend.process = new ServerProcess("example-backend", process.execPath, ["server.mjs"], { cwd: directory, env });
    await backend.process.prints(/listening on port/);
    return backend;
  }

  /** The orderly end. */
  stop() {
    return this.process.stop("SIGTERM");
  }
}

/** A user of the site at `url`: what the page asks of /api. */
export class Visitor {
  constructor(url) {
    this.url = url;
    this.cookie = undefined;
  }

  /** `{status, body}`, the body parsed. */
  async ask(method, path, body) {
    const headers = this.cookie ? { Cookie: this.cookie } : {};
    const answer = method === "POST"
      ? await postJson(`${this.url}/api${path}`, body ?? {}, headers)
      : await request(`${this.url}/api${path}`, { method, headers });
    this.setCookie = answer.headers["set-cookie"]?.[0];
    return { status: answer.status, body: answer.body === "" ? null : JSON.parse(answer.body) };
  }

  get(path) {
    return this.ask("GET", path);
  }

  post(path, body) {
    return this.ask("POST", path, body);
  }

  /** Keeps the cookie, as a browser would. */
  async login(name, password = "demo") {
    const answer = await this.post("/login", { name, password });
    if (this.setCookie) this.cookie = this.setCookie.split(";")[0];
    return answer;
  }

  async chatNamed(name) {
    const { body } = await this.get("/chats");
    return body.find((chat) => chat.name === name);
  }
}

/**
 * The manual test of the specification, at a site with the example's users: log in, connect with the cookie, join, send by the back
 * end, see `serverMessage`. `connect(visitor)` opens a stock client. Returns the message; throws at the step that fails.
 */
export async function manualTest(url, connect, content) {
  const step = (ok, what) => {
    if (!ok) throw new Error(`the manual test fails: ${what}`);
  };
  const [ada, grace] = [new Visitor(url), new Visitor(url)];
  step((await ada.login("ada")).status === 200 && (await grace.login("grace")).status === 200, "log in");
  const client = await connect(ada);
  const chat = await ada.chatNamed("Ada and Grace");
  await client.leave(chat.chat_id);
  await client.join(chat.chat_id);
  const sent = await grace.post(`/chats/${chat.chat_id}/messages`, { content });
  step(sent.status === 201, `send: ${sent.status}`);
  const received = await client.receives(content);
  step(JSON.stringify(received) === JSON.stringify(sent.body), `received ${JSON.stringify(received)}, sent ${JSON.stringify(sent.body)}`);
  client.close();
  return received;
}
