// Blocks that build something, or measure it: what they begin with, scripts/build, has been done when these run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { commandsOf } from "./document_scripts.mjs";
import { binary } from "./document_world.mjs";
import { root } from "./gateway.mjs";
import { request } from "./http.mjs";
import { freePort } from "./machine.mjs";
import { ServerProcess } from "./process.mjs";
import { eventually } from "./wait.mjs";

const run = promisify(execFile);
const built = dirname(binary);
const BENCH_ENDS_MS = 50_000;

/** `scripts/build release TARGET && build/release/..`: the words of the second part, once the first has named what that is built by. */
function behindBuild(command) {
  const [, target, rest] = command.match(/^scripts\/build release (\w+) && build\/release\/(.+)$/) ?? assert.fail(command);
  assert.ok(rest.startsWith(`tests/${target} `), `${target} builds something else than ${rest}`);
  return rest.split(" ");
}

/** In a copy in which all that is to be written is wrong: afterwards it is as in the repository. */
async function writesFiles(world, text) {
  const [program, ...args] = behindBuild(text.trim());
  const copy = join(world.directory, "copy");
  const files = ["config/chat-gateway.schema.json", "config/chat-gateway.json", "docs/configuration.md"];
  for (const folder of ["config", "docs"]) mkdirSync(join(copy, folder), { recursive: true });
  for (const file of files) {
    cpSync(join(root, file), join(copy, file));
    writeFileSync(join(copy, file), "as it was before\n", { flag: "w" });
  }
  const { stdout, stderr } = await run(join(built, program), args, { cwd: copy });
  for (const file of files) assert.equal(readFileSync(join(copy, file), "utf8"), readFileSync(join(root, file), "utf8"), file);
  return stdout + stderr;
}

/** The server of the protocol suites answers a handshake where they expect it; on a free port. */
async function echoServer(world, text) {
  const [program, ...args] = behindBuild(text.trim());
  const port = await freePort();
  assert.ok(args.join(" ").includes("--port 3000"), "the suites expect it at 3000");
  const server = new ServerProcess(program, join(built, program), args.map((one) => (one === "3000" ? String(port) : one)));
  try {
    await eventually(() => request(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`).then(({ status }) => status === 200, () => false), "it answers");
  } finally {
    await server.stop();
  }
  return server.output;
}

const bench = (args, environment, options) => run(process.execPath, ["tests/bench/bench.mjs", ...args], {
  cwd: root, env: { ...environment, CHAT_GATEWAY_BINARY: binary, BENCH_LOAD: join(built, "tests/bench/bench_load") }, ...options,
});

/** The words behind `scripts/bench`, which `make` may stand for. */
function benchArguments(command) {
  const [, target] = command.match(/^make (\S+)$/) ?? [];
  const line = target ? readFileSync(join(root, "Makefile"), "utf8").match(new RegExp(`^${target}:\n\t(.*)$`, "m"))?.[1] : command;
  const [, rest] = line?.match(/^scripts\/bench(.*)$/) ?? assert.fail(`${command} does not measure`);
  return [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

/** Every command is one that the benchmark takes, and measures something. */
async function benchPlans(world, text) {
  let output = "";
  for (const command of commandsOf(text)) {
    const args = benchArguments(command);
    const { stdout } = await bench([...args, "--plan"], world.environment);
    output += stdout;
    if (args.includes("--help")) continue;
    const { plan } = JSON.parse(stdout);
    assert.ok(Object.keys(plan).length > 0, command);
    if (args.includes("--other")) assert.ok(Object.values(plan).every(({ servers }) => servers.includes("other")), stdout);
  }
  return output;
}

/** Another server, the least there can be, measured for a moment. */
async function benchPeer(world, text) {
  const args = benchArguments(text.trim());
  const at = args.indexOf("--peer") + 1;
  assert.match(args[at], /\{port\}.*\{redis\}/);
  args[at] = `${process.execPath} tests/bench/peer.mjs {port} {redis}`;
  const short = ["--servers", "peer", "--shapes", "2000x10", "--connections", "100", "--repeat", "1", "--seconds", "1"];
  const { stdout } = await bench([...args, ...short], world.environment, { timeout: BENCH_ENDS_MS });
  assert.match(stdout, /^\| 2000x10 \| peer \|/m);
  return stdout;
}

export const buildRuns = {
  "config files": writesFiles,
  "echo server": echoServer,
  bench: benchPlans,
  "bench peer": benchPeer,
};
