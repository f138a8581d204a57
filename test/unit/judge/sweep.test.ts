// Which of an experiment's runs are its sweep.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportRun } from "../../../src/judge/input.ts";
import { searched, sweepOf } from "../../../src/judge/sweep.ts";
import { evidenceOf } from "../../../src/judge/evidence.ts";
import { input, run } from "./given.ts";

/** Runs that differ in one option; with a name, as members of the sweep that a command wrote. */
const set = (option: string, values: readonly string[], sweep?: string): readonly ReportRun[] =>
  values.map((value, i) =>
    run(`${option}-${i}`, ["0.5"], {
      args: [`${option}-${i}`, `--${option}`, value],
      ...(sweep === undefined ? {} : { sweep: { id: `id${sweep}`, name: sweep } }),
    }),
  );
const chosen = (runs: readonly ReportRun[]): readonly [string | undefined, number | undefined] => {
  const sweep = sweepOf(runs);
  return [sweep?.options.join(), sweep?.groups.length];
};

const WIDE = ["1", "2", "3"];
const NARROW = ["1", "2"];

test("the sweep is the set with the most settings, whichever comes first", () => {
  assert.deepEqual(chosen([...set("lr", NARROW), ...set("wd", WIDE)]), ["--wd", 3]);
  assert.deepEqual(chosen([...set("wd", WIDE), ...set("lr", NARROW)]), ["--wd", 3]);
  assert.deepEqual(chosen(set("lr", ["1"])), [undefined, undefined], "one setting is no sweep");
  assert.deepEqual(chosen(set("lr", ["1", "1"])), [undefined, undefined], "nor are equal ones");
});

test("of the sweeps that commands started the largest counts, and before any other set", () => {
  const [a, b] = [set("lr", NARROW, "a"), set("wd", WIDE, "b")];
  assert.deepEqual(chosen([...a, ...b]), ["--wd", 3]);
  assert.deepEqual(chosen([...b, ...a]), ["--wd", 3]);
  assert.deepEqual(chosen([...set("wd", WIDE), ...a]), ["--lr", 2]);
});

test("a run that `evidence:` names confirms; it is searched only where it is a sweep itself", () => {
  const one = run("best", ["0.4"], { args: ["best", "--lr", "9"] });
  const runs = [...set("lr", NARROW, "a"), one];
  const searchedBy = (evidence: readonly string[]): readonly string[] => {
    const given = input({ evidence }, runs);
    return searched(given.runs, evidenceOf(given)).map(({ name }) => name);
  };
  assert.deepEqual(searchedBy(["best"]), ["lr-0", "lr-1"]);
  assert.deepEqual(searchedBy(["a"]), ["lr-0", "lr-1", "best"]);
});
