// Records what engine.io's JSONP transport makes of payloads and forms, for tests/unit/engineio/jsonp_test.cpp:
//   bodies.json   {j, payload, body}: what a GET is answered with, for the query's `j` (payload and body in hex, UTF-8)
//   forms.json    {form, payload}: a POST's body and the payload in it (hex); null: the form is ignored
// Run it with engine.io@6 where Node finds it from here (a node_modules folder above this one, or NODE_PATH). It writes
// next to itself, the same bytes every time.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const transports = join(dirname(require.resolve("engine.io")), "transports");
const { Polling } = require(join(transports, "polling.js"));
const { JSONP } = require(join(transports, "polling-jsonp.js"));

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const transport = (j) => new JSONP({ _query: { j } });

function save(name, rows) {
  writeFileSync(new URL(name, import.meta.url), `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
}

let written;
Polling.prototype.doWrite = (data) => { written = data; };
let received;
Polling.prototype.onData = (data) => { received = data; };

const payloads = ["", "4", '0{"sid":"AAAA"}', '42["a","b\\n"]\x1e4\x1ebAQIDBA==', "4\u2028\u2029\u2027",
  `4${Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join("")}`, "4Grüße, Привет, 你好, 👋🏽",
  "4</script>", "4'\"\\"];
const bodies = [];
for (const j of ["0", "12a", "", "a1b2", "-7"]) {
  for (const payload of j === "0" ? payloads : payloads.slice(1, 2)) {
    transport(j).doWrite(payload, {}, () => {});
    bodies.push({ j, payload: hex(payload), body: hex(written) });
  }
}
save("bodies.json", bodies);

// What engine.io-client 3 puts into its form: literal backslash-n is marked first, then newlines are written as such.
const clientForm = (payload) =>
  `d=${encodeURIComponent(payload.replace(/\\n/g, "\\\n").replace(/\n/g, "\\n"))}`;
const forms = [...payloads.map(clientForm), clientForm("4a\nb"), clientForm("4a\\nb"), clientForm("4a\\\nb"),
  clientForm("4\\\\n\n\\"), "d=40", "d=4+a%20b", "d=4%", "d=4%zz%4", "x=y&d=4z", "d=4a&e=4b", "%64=4key", "d=", "e=4", "",
  "d=4\\n\\\\n\\\\\\n", "40", "d=4=5"];
save("forms.json", forms.map((form) => {
  received = null;
  transport("0").onData(form);
  return { form: hex(form), payload: received === null ? null : hex(received) };
}));
