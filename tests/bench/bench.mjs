// The benchmark: the same load on each server, one after the other, several times over; prints medians as Markdown.
// scripts/bench builds what it needs; docs/performance.md says what is measured and how.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Postgres } from "../e2e/lib/postgres.mjs";
import { Redis } from "../e2e/lib/redis.mjs";
import { conditions, load } from "./conditions.mjs";
import * as decode from "./sections/decode.mjs";
import * as fanout from "./sections/fanout.mjs";
import * as handshakes from "./sections/handshakes.mjs";
import * as idle from "./sections/idle.mjs";
import * as operator from "./sections/operator.mjs";
import * as outbox from "./sections/outbox.mjs";
import * as recheck from "./sections/recheck.mjs";
import * as storms from "./sections/storms.mjs";
import { SERVERS } from "./servers.mjs";
import { smoke } from "./smoke.mjs";
import { markdown } from "./table.mjs";

const SECTIONS = { fanout, handshakes, idle, storms, decode, recheck, outbox, operator };

/** Servers that have to be named by an option. */
const OPTIONAL = ["other", "peer"];

const USAGE = `scripts/bench [SECTION...] [OPTION...]
Sections, all of them if none is named: ${Object.keys(SECTIONS).join(", ")}
  --servers LIST         some of: ${Object.keys(SERVERS).join(", ")}
  --shapes LIST          of the fan-out: ${Object.keys(fanout.SHAPES).join(", ")}
  --repeat N             rounds (3; idle, storms, recheck, operator 1)
  --seconds N            length of a measured phase (fan-out 3, decode 2, recheck 30, outbox 6)
  --connections N        of every shape, of the handshakes, of the idle section, of storms; sessions of recheck; sockets of operator
  --set SECTION.KEY=VALUE   a setting for the gateways, may be given several times
  --other BINARY         measure another build of the gateway as well
  --peer COMMAND         measure another server as well; {port} and {redis} in COMMAND become port numbers
  --json FILE            write every run's figures there
  --plan                 say what would be measured, and measure nothing
  --smoke                a short form that fails when the gateway is not far enough ahead of Node
Exit code 1: something was missed, doubled or out of order, a connection was lost, a run failed, or --smoke is not content.`;

function fail(message) {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parse() {
  const text = { type: "string" };
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        servers: text, shapes: text, repeat: text, seconds: text, connections: text, other: text, peer: text, json: text,
        set: { type: "string", multiple: true, default: [] },
        plan: { type: "boolean", default: false },
        smoke: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return fail(error.message);
  }
}

/** A list of names, each of them a key of `table`; undefined if there is no list. */
function names(list, table) {
  const all = list?.split(",");
  for (const name of all ?? []) if (!Object.hasOwn(table, name)) fail(`no such thing as ${name}`);
  return all;
}

function number(text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) fail(`not a number: ${text}`);
  return value;
}

function settings(list) {
  const result = {};
  for (const one of list) {
    const [, section, key, value] = one.match(/^(\w+)\.(\w+)=(.*)$/) ?? fail(`not a setting: ${one}`);
    result[section] = { ...result[section], [key]: /^(\d+|true|false)$/.test(value) ? JSON.parse(value) : value };
  }
  return result;
}

const { values, positionals } = parse();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const sections = positionals.length > 0 ? names(positionals.join(), SECTIONS) : Object.keys(SECTIONS);
const wanted = names(values.servers, SERVERS);
for (const name of OPTIONAL) if (wanted?.includes(name) && !values[name]) fail(`--${name} is missing`);

const given = settings(values.set);

/** What a section is asked for on the command line. */
const optionsOf = (section) => ({
  servers: section.servers.filter((name) => (wanted ? wanted.includes(name) : !OPTIONAL.includes(name) || values[name])),
  shapes: names(values.shapes, fanout.SHAPES),
  rounds: number(values.repeat) ?? section.rounds,
  seconds: number(values.seconds) ?? section.seconds,
  connections: number(values.connections),
});

if (values.plan) {
  const plan = values.smoke ? { smoke: {} } : Object.fromEntries(sections.map((name) => [name, optionsOf(SECTIONS[name])]));
  console.log(JSON.stringify({ plan, settings: given }));
  process.exit(0);
}

const world = {
  redis: await Redis.start(),
  postgres: await Postgres.start(),
  settings: given,
  other: values.other,
  peer: values.peer,
  failures: [],
  say: (line) => console.error(line),
};

async function measureAll() {
  const results = {};
  for (const name of sections) {
    const began = Date.now();
    world.say(name);
    results[name] = await SECTIONS[name].measure(world, optionsOf(SECTIONS[name]));
    for (const { title, columns, rows } of SECTIONS[name].tables(results[name])) {
      if (rows.length > 0) console.log(`\n${title}:\n\n${markdown(columns, rows)}`);
    }
    world.say(`${name}: ${Math.round((Date.now() - began) / 1000)} s`);
  }
  return results;
}

const where = await conditions(world);
for (const [what, text] of Object.entries(where)) console.log(`- ${what}: ${text}`);
const results = values.smoke ? await smoke(world) : await measureAll();
where["load average behind"] = load();
console.log(`\n- load average behind: ${where["load average behind"]}`);
if (values.json) writeFileSync(values.json, JSON.stringify({ conditions: where, results, failures: world.failures }, null, 1));

await world.postgres.stop();
world.redis.admin.destroy();
await world.redis.process.stop();
world.redis.process.output = "";
world.postgres.process.output = "";
if (world.failures.length > 0) {
  console.error(`\n${world.failures.length} failures:\n${world.failures.map((one) => `- ${one}`).join("\n")}`);
  process.exitCode = 1;
}
