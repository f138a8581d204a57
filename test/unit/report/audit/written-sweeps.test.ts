// What the report makes of runs whose records name the sweep they are of, and of second tries.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceOf } from "../../../../src/judge/evidence.ts";
import { meansRun, type ReportRun } from "../../../../src/judge/input.ts";
import { renderReport } from "../../../../src/report/page/page.ts";
import { searched, sweepOf } from "../../../../src/judge/sweep.ts";
import { input, run } from "../../judge/given.ts";

const member = (
  name: string,
  number: number,
  args: readonly string[],
  token: string,
  fields = {},
): ReportRun => {
  const full = [name, ...args.map((arg) => arg.replace("--", ""))].join("-");
  return run(full, [token], {
    id: `k7f3.${number}`,
    attempt: `k7f3.${number}-1`,
    args: [full, ...args],
    sweep: { id: "k7f3", name },
    long: false,
    ...fields,
  });
};
const GRID = ["1e-4", "3e-4"].flatMap((lr, i) =>
  ["0", "1"].map((seed, j) =>
    member("lr-sweep", 2 * i + j + 1, ["--lr", lr, "--seed", seed], `0.${i + 2}${j}`),
  ),
);
const OTHERS = ["8", "16", "32"].map((size) =>
  run(`try-${size}`, ["0.9"], { args: [`try-${size}`, "--batch-size", size], long: false }),
);
const asked = { metrics: [{ key: "val/loss", direction: "min" as const }] };

test("a sweep that was written as one is the sweep, whatever other runs look alike", () => {
  const sweep = sweepOf([...OTHERS, ...GRID]);
  assert.deepEqual(sweep?.options, ["--lr"]);
  assert.deepEqual(
    sweep.groups.map(({ runs }) => runs.length),
    [2, 2],
  );
  assert.match(renderReport(input(asked, [...OTHERS, ...GRID])), /### Sweep over `--lr`/);
  assert.deepEqual(sweepOf(OTHERS)?.options, ["--batch-size"]);
});

test("evidence, and every other word for runs, may name the sweep by id or name", () => {
  for (const word of ["k7f3", "lr-sweep", "lr-sweep/"]) {
    assert.deepEqual(
      GRID.map((one) => meansRun(word, one)),
      [true, true, true, true],
      word,
    );
  }
  assert.deepEqual(
    GRID.map((one) => meansRun("k7f3.2", one)),
    [false, true, false, false],
  );
  const evidence = evidenceOf(input({ ...asked, evidence: ["lr-sweep"] }, [...OTHERS, ...GRID]));
  assert.deepEqual(
    evidence.runs.map(({ name }) => name),
    GRID.map(({ name }) => name),
  );
  assert.deepEqual(evidence.obstacles, []);
});

test("seeds that confirm a setting are no part of the search, a sweep that is named stays one", () => {
  const seeds = ["0", "1"].map((seed, i) =>
    member("confirm", i + 5, ["--seed", seed], "0.2", { sweep: { id: "m2qd", name: "confirm" } }),
  );
  const named = (evidence: readonly string[]): readonly string[] => {
    const given = input({ ...asked, evidence }, [...GRID, ...seeds]);
    return searched(given.runs, evidenceOf(given)).map(({ name }) => name);
  };
  assert.deepEqual(
    named(["confirm"]),
    GRID.map(({ name }) => name),
  );
  assert.equal(named(["lr-sweep"]).length, 6);
});

test("of several tries only the latest is judged, and the others stay in the list of runs", () => {
  const tried = [1, 2].map((number): ReportRun => {
    const one = run("full", ["0.5", "0.2"], {
      id: "k7f3",
      attempt: `k7f3-${number}`,
      ...(number === 1 ? { ending: "failed", cause: { kind: "gpu-out-of-memory" } } : {}),
    });
    const folder = `2025-02-02T14-3${number}-00-full`;
    return { ...one, folder, path: `runs/${folder}` };
  });
  const given = input({ ...asked, hypothesis: "It falls.", success: "val/loss <= 0.3" }, tried);
  const evidence = evidenceOf(given);
  assert.deepEqual(
    evidence.runs.map(({ folder }) => folder),
    ["2025-02-02T14-32-00-full"],
  );
  assert.deepEqual(evidence.obstacles, []);
  const page = renderReport(given);
  assert.match(page, /success criterion `val\/loss <= 0\.3` is \*\*MET\*\*/);
  assert.match(page, /2025-02-02T14-31-00-full` failed: out of GPU memory/);
});
