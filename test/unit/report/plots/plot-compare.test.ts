import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportRun } from "../../../../src/judge/input.ts";
import { comparePlots } from "../../../../src/report/plots/plot-compare.ts";
import { input, run } from "../../judge/given.ts";

const metrics = [{ key: "val/loss", direction: "min" as const }];
const made = (name: string, args: readonly string[], token: string, fields = {}): ReportRun =>
  run(name, [token], { args: [name, ...args], ...fields });
const plotsOf = (...runs: readonly ReportRun[]): readonly { key: string; text: string }[] =>
  comparePlots(input({ metrics }, runs)).map(({ key, spec }) => ({
    key,
    text: JSON.stringify(spec()),
  }));

test("a single run is compared with nothing", () => {
  assert.deepEqual(plotsOf(), []);
  assert.deepEqual(plotsOf(made("a", [], "0.5")), []);
});

test("seeds stand above their setting, with mean and interval from three on", () => {
  const seeds = ["0.5", "0.6", "0.7"].map((token, i) => made(`a-seed-${i}`, [], token));
  const [two] = plotsOf(...seeds.slice(0, 2));
  assert.equal(two?.key, "final last val/loss");
  assert.doesNotMatch(two?.text ?? "", /t-interval/);
  const [three] = plotsOf(...seeds);
  assert.match(three?.text ?? "", /"label":"a","mean":0\.6,"low":0\.35\d*,"high":0\.84\d*/);
});

test("a run that failed, goes on or is ignored is not drawn", () => {
  const cause = { kind: "exit-code", code: 1 } as const;
  const failed = made("c", [], "0.111", { ending: "failed", exitCode: 1, cause });
  const plots = plotsOf(made("a", [], "0.5"), made("b", [], "0.6"), failed);
  assert.doesNotMatch(plots[0]?.text ?? "", /0\.111/);
  const runs = [made("a", [], "0.5"), made("b", [], "0.6")];
  const ignored = [{ target: "b", line: 1, file: "IGNORED_RUNS.md" }];
  assert.deepEqual(comparePlots(input({ metrics }, runs, { ignored })), []);
});

test("a sweep is drawn over its option, on a log scale where it spans more than ten", () => {
  const sweep = ["0.1", "0.01", "0.001"].map((lr, i) => made(`lr-${i}`, ["--lr", lr], "0.5"));
  const plot = plotsOf(...sweep).find(({ key }) => key === "sweep last val/loss");
  assert.match(plot?.text ?? "", /"title":"--lr","scale":\{"type":"log",/);
  const words = ["adam", "sgd"].map((name) => made(name, ["--opt", name], "0.5"));
  const named = plotsOf(...words).find(({ key }) => key === "sweep last val/loss");
  assert.match(named?.text ?? "", /"type":"nominal","sort":null,"title":"--opt"/);
});

test("two options make a map of means, in the order of their numbers", () => {
  const cells = ["10", "9"].flatMap((w) =>
    ["0.1", "0.2"].map((lr) => made(`w${w}-${lr}`, ["--width", w, "--lr", lr], "0.5")),
  );
  const plot = plotsOf(...cells).find(({ key }) => key === "sweep last val/loss");
  assert.match(plot?.text ?? "", /"sort":\["9","10"\]/);
  assert.match(plot?.text ?? "", /"type":"rect"/);
});

test("what a picture leaves out is said below it", () => {
  const cause = { kind: "exit-code", code: 1 } as const;
  const [final] = comparePlots(
    input({ metrics }, [
      ...["0.5", "0.6", "NaN"].map((token, i) => made(`a-seed-${i}`, [], token)),
      made("b", [], "0.7", { ending: "failed", exitCode: 1, cause }),
    ]),
  ).filter(({ key }) => key === "final last val/loss");
  const said = "2 runs have no point: not ended well, or without a finite value";
  assert.equal(final?.caption, `One point a run. ${said}.`);
  assert.ok(JSON.stringify(final.spec()).includes(said));
});

test("a map shows every setting; names that would look alike are told apart", () => {
  const runs = Array.from({ length: 36 }, (_, i) => {
    const [lr, width] = [`${(i % 6) + 1}e-4`, String(1000 + Math.floor(i / 6))];
    return made(`sweep-lr-${lr}-width-${width}`, ["--lr", lr, "--width", width], `0.${i + 10}`);
  });
  const plots = comparePlots(input({ metrics }, runs));
  const map = plots.find(({ key }) => key === "sweep last val/loss");
  assert.equal(JSON.stringify(map?.spec()).match(/"mean":/g)?.length, 36);
  const final = plots.find(({ key }) => key === "final last val/loss");
  assert.match(final?.caption ?? "", /The newest 24 of 36 settings\./);
  const labels = JSON.stringify(final?.spec()).match(/"label":"[^"]+"/g);
  assert.equal(new Set(labels).size, 24);
  assert.ok(labels?.includes('"label":"…lr-1e-4-width-1005"'));
});
