// The running compose project, by the command line of the engine that scripts/test_compose has started.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "../e2e/lib/wait.mjs";

const { DOCKER: docker, CHAT_PORT, CHAT_ADMIN_PORT } = process.env;
assert.ok(docker && process.env.DOCKER_HOST && CHAT_PORT && CHAT_ADMIN_PORT, "run scripts/test_compose");

export const url = `http://127.0.0.1:${CHAT_PORT}`;
export const adminUrl = `http://127.0.0.1:${CHAT_ADMIN_PORT}`;
const project = fileURLToPath(new URL("../../docker/compose.yaml", import.meta.url));

/** `{code, output}`, standard output and error in one. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: 120_000, ...options }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") return reject(error); // not started, or out of time
      resolve({ code: error?.code ?? 0, output: (stdout + stderr).trim() });
    });
  });
}

/** A command that must succeed; its output. */
async function output(command, args, options) {
  const done = await run(command, args, options);
  assert.equal(done.code, 0, `${command} ${args.join(" ")}: ${done.output}`);
  return done.output;
}

export const compose = (...args) => output("docker-compose", ["-f", project, ...args]);
export const inspect = async (what) => JSON.parse(await output(docker, ["inspect", what]))[0];
export const container = async (service) => inspect(await compose("ps", "-a", "-q", service));
export const history = (image) => output(docker, ["history", "--no-trunc", "--format", "{{.CreatedBy}}", image]);

/** In the container of a service that runs: `{code, output}`. */
export async function exec(service, ...command) {
  return run(docker, ["exec", await compose("ps", "-a", "-q", service), ...command]);
}

/** In a container of its own: `{code, output}`. `options`: of `docker run`. */
export const runImage = (image, options, ...command) => run(docker, ["run", "--rm", "--network", "none", ...options, image, ...command]);

/** `docker build` with these arguments, as scripts/test_compose has built it already: what is there is taken. */
export const build = (args) => output(docker, [
  "build", "--network", "host", "--build-arg", `BUILD_JOBS=${process.env.BUILD_JOBS}`, "--build-arg", `DEBIAN_SUITE=${process.env.DEBIAN_SUITE}`, ...args,
]);

/** `docker run` with these arguments, detached; returns the container's id. `environment`: where its `-e NAME` are looked up. */
export const start = (args, environment) => output(docker, ["run", "-d", ...args], { env: { ...process.env, ...environment } });

/** Stops it within the time that it was given, removes it, and returns how it ended: `{code, log}`. */
export async function stop(id) {
  await output(docker, ["stop", id]);
  const { State } = await inspect(id);
  const log = await output(docker, ["logs", id]);
  await output(docker, ["rm", id]);
  return { code: State.ExitCode, log };
}

/** Until the engine's own check of a service says so. */
export const healthy = (service, status = "healthy") =>
  eventually(async () => (await container(service)).State.Health.Status === status, `${service} is ${status}`, 90_000);
