// The documents are true: every code block runs, every link leads somewhere, every setting, metric, alert and file that they name is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { runInBrowser } from "./lib/document_browser.mjs";
import { alerts, faultOfLink, faultsOfCode } from "./lib/document_names.mjs";
import { DocumentWorld, runs } from "./lib/document_runs.mjs";
import { faultsOfScripts } from "./lib/document_scripts.mjs";
import { root } from "./lib/gateway.mjs";
import { documents, pages, parse } from "./lib/markdown.mjs";

const parsed = new Map(pages.map((page) => [page, parse(page)]));
const world = await DocumentWorld.start();
after(() => world.stop());
const metrics = await world.metricNames();

const anchorsOf = (page) => (parsed.get(page) ?? parse(page)).anchors;

for (const page of pages) {
  test(`${page}: links, and names of files, settings, metrics and alerts`, () => {
    const { links, code, blocks } = parsed.get(page);
    const faults = [
      ...links.map(({ line, target }) => [line, faultOfLink(page, target, anchorsOf)]).filter(([, fault]) => fault),
      ...[...code, ...blocks].flatMap(({ line, text }) => faultsOfCode(text, metrics).map((fault) => [line, fault])),
    ];
    assert.deepEqual(faults.map(([line, fault]) => `${page}:${line}: ${fault}`), []);
  });
}

/** What the first table under a heading has in its columns: rows of cells. */
function tableUnder(page, heading) {
  const [, section] = parsed.get(page).text.split(`\n## ${heading}\n`);
  return section.split("\n## ")[0].split("\n").filter((line) => line.startsWith("| ")).slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

test("figures are those that were measured", () => {
  const figuresIn = (text) => [...text.matchAll(/\d[\d,]*(\.\d+)?/g)].map(([figure]) => Number(figure.replaceAll(",", "")));
  const measured = ["docs/performance.md", "docs/outbox.md"].flatMap((page) => figuresIn(parsed.get(page).text));
  const known = new Set(measured.flatMap((one) => [one, Number(one.toPrecision(3))]));
  for (const [page, heading, first, last] of [["docs/operations.md", "How large", 1, 2], ["README.md", "Measured", 1, 4]]) {
    const rows = tableUnder(page, heading);
    assert.ok(rows.length > 5, page);
    for (const cells of rows) {
      const unknown = figuresIn(cells.slice(first, last).join(" ")).filter((figure) => !known.has(figure));
      assert.deepEqual(unknown, [], `${page}: ${cells[0]}`);
    }
  }
});

test("the clients' versions are those that the tests have", () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, "tests/e2e/package.json"), "utf8"));
  const { text } = parsed.get("docs/frontend.md");
  const versions = Object.entries(dependencies).filter(([name]) => name.startsWith("socket.io-client")).map(([, version]) => version.replace(/^.*@/, ""));
  assert.deepEqual(versions.filter((version) => !text.includes(version)), []);
  const named = [...text.split("## Clients that were tried")[1].matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version);
  assert.deepEqual(named.sort(), versions.sort());
});

test("every alert is explained to operators", () => {
  const { text } = parsed.get("docs/operations.md");
  assert.deepEqual([...alerts].filter((name) => !text.includes(`\`${name}\``)), []);
});

test("every code block says how it is tested", () => {
  const faults = [];
  for (const { unfenced, blocks, file } of documents.map((one) => parsed.get(one))) {
    for (const line of unfenced) faults.push(`${file}:${line}: an indented block: put it between fences, with a mark`);
    for (const block of blocks) {
      if (!block.mark) faults.push(`${block.name}: a block without a mark: lib/markdown.mjs says which there are`);
      else if (block.mark.kind && !runs[block.mark.kind]) faults.push(`${block.name}: there is no run ${block.mark.kind}`);
      else if (block.mark.by) faults.push(...faultsOfScripts({ file, ...block }).map((fault) => `${block.name}: ${fault}`));
    }
  }
  assert.deepEqual(faults, []);
});

test("what is wrong is found", () => {
  const page = parse("docs/admin.md", [
    "# A page", "", "    code without a fence", "", "```sh", "ls", "```", "", "<!-- run: nothing -->", "```sh", "ls", "```",
    "See [there](nowhere.md), [here](#a-page) and [not here](#another).",
    "`bus.kin`, `CHAT_GATEWAY_BUS_KIN`, `chat_gateway_socks`, `ChatGatewayAway`, `src/nothing.cpp`, `make nothing`, `redis/nothing`, `docs/*.html`",
    "and what is there: `bus.*`, `bus.kind`, `chat_gateway_recovery_*`, `socket.id`, `src/app/cli.cpp`, `redis/link`, `make lint`, `docs/*.md`.",
  ].join("\n"));
  assert.deepEqual(page.unfenced, [3]);
  assert.deepEqual(page.blocks.map(({ line, mark }) => [line, mark?.kind]), [[5, undefined], [10, "nothing"]]);
  const links = page.links.map(({ target }) => faultOfLink("docs/admin.md", target, () => page.anchors));
  assert.deepEqual(links, ["the link nowhere.md leads nowhere", undefined, "docs/admin.md has no heading for #another"]);
  assert.deepEqual(page.code.flatMap(({ text }) => faultsOfCode(text, metrics)), [
    "there is no setting bus.kin", "there is no variable CHAT_GATEWAY_BUS_KIN", "/metrics has no chat_gateway_socks",
    "config/prometheus has no alert ChatGatewayAway", "there is no src/nothing.cpp", "the Makefile has no nothing",
    "there is no file or type of a module redis/nothing", "there is no docs/*.html",
  ]);
});

test("a script that does not run its block is found", () => {
  const block = (by, text = "make test   # all of it\n", file = "README.md") => faultsOfScripts({ file, text, mark: { by } });
  assert.deepEqual(block([".ci/run"]), []);
  assert.deepEqual(block([".ci/run"], "make test \\\n  now\n"), [".ci/run: no line make test now"]);
  assert.deepEqual(block(["scripts/nothing"]), ["there is no scripts/nothing"]);
  assert.deepEqual(block(["scripts/lint", ".ci/run"], "make test\nmake peace\n"), ["scripts/lint, .ci/run: no line make peace"]);
  assert.deepEqual(block(["scripts/test_package"], "anything\n"), [], "it takes the block out of README.md");
  assert.deepEqual(block(["scripts/test_package"], "anything\n", "docs/admin.md"), ["scripts/test_package: no line anything"]);
});

test("every way to run a block has a block", () => {
  const used = new Set(documents.flatMap((one) => parsed.get(one).blocks).map(({ mark }) => mark?.kind));
  assert.deepEqual(Object.keys(runs).filter((kind) => !used.has(kind)), []);
});

for (const block of documents.flatMap((one) => parsed.get(one).blocks)) {
  if (!block.mark?.kind || !runs[block.mark.kind]) continue;
  test(`${block.name}: ${block.mark.kind}`, { timeout: 60_000 }, async () => {
    const output = await runs[block.mark.kind](world, block.text, block);
    if (block.mark.prints) assert.ok(output.includes(block.mark.prints), `it does not print ${block.mark.prints}:\n${output}`);
  });
}

test("docs/frontend.md: its page in a browser", { timeout: 60_000 }, async () => {
  const { blocks } = parsed.get("docs/frontend.md");
  await runInBrowser(world, ["page connect", "page errors"].map((kind) => blocks.find(({ mark }) => mark.kind === kind).text));
});
