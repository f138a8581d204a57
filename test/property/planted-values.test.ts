// The check before a report is saved over random experiments: no true report is refused, and none
// is saved whose tree has a wrong value, planted anywhere in it. NIGHTLAB_PLANTED says how many (40).
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import type { ReportRun } from "../../src/judge/input.ts";
import { standsIn } from "../../src/report/audit/token-in-line.ts";
import { valueRefusals, type Refusal } from "../../src/report/audit/verify-values.ts";
import { reportTree, type ReportTree } from "../../src/report/page/page.ts";
import { pathOf, type Value } from "../../src/report/page/values.ts";
import { experimentOf, shapes, type Experiment } from "./audit-case.ts";
import { input, run } from "../unit/judge/given.ts";
import { allValues, changed, LIES } from "./planted.ts";

const PLANTED = Number(process.env["NIGHTLAB_PLANTED"] ?? 40);

function refusalsOf(tree: ReportTree, { input: given, lines }: Experiment): readonly Refusal[] {
  return valueRefusals(tree, given, (source) => {
    const line = lines.get(`${pathOf(source)}#${source.line}`);
    return standsIn(line ?? "", source.token) ? undefined : "its line says something else";
  });
}

test(`of ${PLANTED} true reports none is refused`, () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const experiment = experimentOf(shape);
      assert.deepEqual(refusalsOf(reportTree(experiment.input), experiment), []);
    }),
    { numRuns: PLANTED },
  );
});

test(`of ${PLANTED} reports with a wrong value each is refused, whatever the value is`, () => {
  const planted = new Map<string, number>();
  fc.assert(
    fc.property(shapes, fc.constantFrom(...Object.keys(LIES)), fc.nat(), (shape, kind, pick) => {
      const experiment = experimentOf(shape);
      const tree = reportTree(experiment.input);
      const lie = LIES[kind] ?? (() => undefined);
      const values = allValues(tree);
      const sources = values.filter((value) => value.kind === "source");
      const places = [...values.keys()].filter(
        (i) => lie(values[i] as Value, sources) !== undefined,
      );
      const place = places[pick % Math.max(1, places.length)];
      fc.pre(place !== undefined);
      const value = values[place] as Value;
      const name = value.kind === "derived" ? `${kind}: ${value.how}` : `${kind}: ${value.kind}`;
      planted.set(name, (planted.get(name) ?? 0) + 1);
      const wrong = changed(tree, place, (one) => lie(one, sources) ?? one);
      assert.notEqual(refusalsOf(wrong, experiment).length, 0, `${name} at ${place}`);
    }),
    { numRuns: PLANTED },
  );
  assert.ok(planted.size >= Math.min(12, PLANTED / 4), [...planted.keys()].join(", "));
});

test("in one report each kind of value is planted with each lie, and each is refused", () => {
  const values = Array.from({ length: 40 }, (_, i) => 2_000 + ((i * i * 131) % 977));
  const shape = { settings: 3, crashed: true, notFinite: false, values } as const;
  const missed: string[] = [];
  const kinds = new Set<string>();
  for (const [seeds, baseline, criterion] of [
    [11, 11, 2],
    [3, 3, 0],
    [1, 1, 4],
  ] as const) {
    const experiment = experimentOf({ ...shape, seeds, baseline, criterion, direction: "min" });
    const tree = reportTree(experiment.input);
    assert.deepEqual(refusalsOf(tree, experiment), []);
    const all = allValues(tree);
    const sources = all.filter((value) => value.kind === "source");
    for (const [name, lie] of Object.entries(LIES)) {
      const done = new Set<string>();
      for (const [i, value] of all.entries()) {
        const kind = value.kind === "derived" ? value.how : value.kind;
        if (done.has(kind) || lie(value, sources) === undefined) continue;
        done.add(kind);
        kinds.add(kind);
        const wrong = changed(tree, i, (one) => lie(one, sources) ?? one);
        if (refusalsOf(wrong, experiment).length === 0) missed.push(`${name}: ${kind}`);
      }
    }
  }
  assert.deepEqual(missed, []);
  assert.deepEqual(
    [...kinds].toSorted(),
    [
      ..."BCa interval,Holm,bound,count,deviation,difference,direction,interval,kinds,largest".split(
        ",",
      ),
      ..."literal,mean,median,met,p,passing,smallest,source,t interval,term,verdict,word".split(
        ",",
      ),
    ].toSorted(),
  );
});

/** Tokens of any size that a double or a log may have, also beyond what doubles hold. */
const tokens = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.integer({ min: 1_000, max: 9_999 }),
    fc.constantFrom("", "e15", "e155", "e300", "e308", "e400", "e-160", "e-300", "e-320", "e-400"),
  )
  .map(([sign, digits, power]) => `${sign}${digits / 1_000}${power}`);

test(`of ${PLANTED} true reports of values at the ends of the range of doubles none is refused`, () => {
  const made = fc.record({
    tokens: fc.array(tokens, { minLength: 16, maxLength: 16 }),
    power: fc.option(fc.constantFrom("", "e300", "e308", "e-320", "e400", "e155", "e-160")),
    runs: fc.integer({ min: 3, max: 12 }),
    baseline: fc.integer({ min: 1, max: 4 }),
    first: fc.integer({ min: 0, max: 1 }),
    success: fc.constantFrom("val/loss <= 0.5", "val/loss > 0.9 * baseline.val/loss"),
  });
  fc.assert(
    fc.property(made, (one) => {
      const token = (i: number): string => {
        const given = one.tokens[i] ?? "0.5";
        return one.power === null ? given : given.replace(/e.*$/, "") + one.power;
      };
      const runOf = (name: string, seed: number, at: number): ReportRun => {
        const args = [`${name}-seed-${seed}`, "--seed", String(seed)];
        return run(`${name}-seed-${seed}`, [token(at)], { args, long: name === "full" });
      };
      const runs = Array.from({ length: one.runs }, (_, i) => runOf("full", i, i));
      const group = Array.from({ length: one.baseline }, (_, i) =>
        runOf("base", i + one.first, 12 + i),
      );
      const [first] = group;
      assert.ok(first !== undefined);
      const given = input(
        { success: one.success, baseline: "base", metrics: [{ key: "val/loss" }] },
        [...group, ...runs],
        { baseline: { kind: "run", target: "base", run: first, group } },
      );
      assert.deepEqual(
        valueRefusals(reportTree(given), given, () => undefined),
        [],
      );
    }),
    { numRuns: 4 * PLANTED },
  );
});
