// The audit over random experiments: no true report is doubted, and no lie on one is missed.
// NIGHTLAB_AUDITS says how many of each (20).
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { verifyFindings } from "../oracle/verify-page.ts";
import { renderReport } from "../../src/report/page/page.ts";
import { audited, experimentOf, mutated, MUTATIONS, shapes } from "./audit-case.ts";

const start = (line: string): string => /^\D*/.exec(line)?.[0] ?? "";
const folded = (line: string): string => line.replaceAll(/\s+/g, " ");
const AUDITS = Number(process.env["NIGHTLAB_AUDITS"] ?? 20);

test(`of ${AUDITS} true reports none is doubted`, () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const experiment = experimentOf(shape);
      const { findings, absent } = audited(renderReport(experiment.input), experiment);
      assert.deepEqual(findings, []);
      assert.equal(absent, 0);
    }),
    { numRuns: AUDITS },
  );
});

test(`of ${AUDITS} true reports none is refused by its gate`, () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const { input, lines } = experimentOf(shape);
      const lineOf = (path: string, line: number): string | undefined =>
        lines.get(`${path}#${line}`);
      assert.deepEqual(verifyFindings(renderReport(input), lineOf), []);
    }),
    { numRuns: AUDITS },
  );
});

test(`of ${AUDITS} lies on true reports each is found`, () => {
  let lies = 0;
  fc.assert(
    fc.property(
      shapes,
      fc.constantFrom(...MUTATIONS),
      fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
      (shape, kind, draws) => {
        const experiment = experimentOf(shape);
        const page = renderReport(experiment.input);
        let drawn = 0;
        const pick = (count: number): number => (draws[drawn++ % draws.length] ?? 0) % count;
        const lie = mutated(page, kind, pick);
        fc.pre(lie !== undefined && lie !== page);
        lies += 1;
        const { findings } = audited(lie, experiment);
        const changed = lie.split("\n").filter((line, i) => line !== page.split("\n")[i]);
        assert.ok(findings.length > 0, `${kind} was not found: ${changed.join("\n")}`);
      },
    ),
    { numRuns: AUDITS },
  );
  assert.ok(lies >= AUDITS / 2);
});

test(`of ${AUDITS} true reports with one line of an older one each is found`, () => {
  let stale = 0;
  fc.assert(
    fc.property(shapes, fc.nat(), (shape, pick) => {
      const now = experimentOf(shape, true);
      const page = renderReport(now.input).split("\n");
      const older = renderReport(experimentOf(shape).input).split("\n");
      // A line of the older page in the place of the one that begins as it does.
      const end = page.findIndex((line) => line.startsWith("[nightlab"));
      const fresh = new Set(page.map(folded));
      const places = older.flatMap((line, i) => {
        const at = page.findIndex((one, j) => j < end && start(one) === start(line));
        const isOld = i < end && !fresh.has(folded(line)) && /^[-|T].*\d/.test(line);
        return isOld && at >= 0 ? [{ at, line }] : [];
      });
      const place = places[pick % Math.max(1, places.length)];
      if (place === undefined) return;
      stale += 1;
      const { findings } = audited(page.with(place.at, place.line).join("\n"), now);
      assert.ok(findings.length > 0, `not found: ${place.line} for ${page[place.at]}`);
    }),
    { numRuns: AUDITS },
  );
  assert.ok(stale >= AUDITS / 2);
});

test("a report that the logs have left behind is found, with what they say by now", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const stale = experimentOf(shape);
      const now = experimentOf(shape, true);
      fc.pre(now.input.runs.length > 0);
      const { findings } = audited(renderReport(stale.input), now);
      assert.ok(findings.some(({ message }) => message.startsWith("the logs say by now")));
    }),
    { numRuns: Math.ceil(AUDITS / 5) },
  );
});
