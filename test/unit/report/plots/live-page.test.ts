import assert from "node:assert/strict";
import { test } from "node:test";
import {
  livePage,
  livePageHtml,
  PAGE_CURVE_POINTS,
  PAGE_RUNS,
} from "../../../../src/report/plots/live-page.ts";
import type { Finding } from "../../../../src/domain/finding.ts";
import { curvesOf } from "../../../../src/judge/curves.ts";
import { input } from "../../judge/given.ts";
import { curveRun } from "../../judge/made-runs.ts";

const metrics = [{ key: "val/loss", direction: "min" as const }];
const PARTS = { library: "library()", script: "script()", style: "p {}\n" };

test("the page carries the curves, the final values and the sweep of the runs that count", () => {
  const runs = ["0.1", "0.01", "0.2"].map((lr, i) =>
    curveRun(`lr-${i}`, [3, 2, 1 + i], { args: ["--lr", lr] }),
  );
  const ignored = [{ target: "lr-2", line: 1, file: "IGNORED_RUNS.md" }];
  const page = livePage(input({ metrics }, runs, { ignored }));
  assert.deepEqual(
    page?.runs.map(({ folder, group, state }) => [folder.slice(20), group, state]),
    [
      ["lr-0", 0, "done"],
      ["lr-1", 1, "done"],
    ],
  );
  assert.deepEqual(page?.metrics[0]?.curves[1], { r: 1, s: [0, 1, 2], t: [0, 1, 2], v: [3, 2, 2] });
  assert.deepEqual(page?.finals[0]?.dots, [
    { r: 0, v: 1 },
    { r: 1, v: 2 },
  ]);
  assert.deepEqual(page?.sweeps[0]?.dots[1], { r: 1, v: 2, at: ["0.01"] });
});

test("an experiment without curves has no page, one with a single run has", () => {
  assert.equal(livePage(input({ metrics }, [])), undefined);
  const page = livePage(input({ metrics }, [curveRun("a", [3, 2])]));
  assert.equal(page?.metrics.length, 1);
  assert.deepEqual(page?.finals, []);
});

test("a gap is null, and a curve on another axis has no steps", () => {
  const odd = curveRun("b", [1, 2]);
  const curves = (odd.curves ?? []).map((curve) => ({ ...curve, stepKey: "epoch" as const }));
  const page = livePage(input({ metrics }, [curveRun("a", [3, "NaN", 1]), { ...odd, curves }]));
  assert.deepEqual(page?.metrics[0]?.curves[0]?.v, [3, null, 1]);
  assert.equal(page?.metrics[0]?.curves[1]?.s, undefined);
});

test("a flagged value is marked with its rule", () => {
  const made = curveRun("a", [3, 9, 2]);
  const evidence = { file: "logs/train.log", line: 2, offset: 0 };
  const spike = { rule: "masked-nan", metric: "val/loss", evidence } as unknown as Finding;
  const runs = [{ ...made, curves: curvesOf(made.reading, [], [spike]) }];
  const [curve] = livePage(input({ metrics }, runs))?.metrics[0]?.curves ?? [];
  assert.deepEqual(curve?.m, [[1, 1, 9, "masked nan"]]);
});

test("of very many runs the newest are there, in a bounded size, and the page says so", () => {
  const values = Array.from({ length: 400 }, (_, step) => (5 / (1 + step)).toFixed(5));
  const one = curveRun("a", values);
  const curves = ["val/loss", "lr"].flatMap((key) =>
    (one.curves ?? []).map((curve) => ({ ...curve, key })),
  );
  const runs = Array.from({ length: PAGE_RUNS + 200 }, (_, i) => ({
    ...one,
    curves,
    name: `r${i}`,
    folder: `2025-02-02T14-30-00-r${i}`,
    path: `runs/2025-02-02T14-30-00-r${i}`,
  }));
  const page = livePage({ ...input({ metrics }, []), runs });
  assert.equal(page?.runs.length, PAGE_RUNS);
  assert.equal(page?.runs.at(-1)?.folder, "2025-02-02T14-30-00-r1199");
  assert.deepEqual(page?.notes, [
    "Of 1,200 runs the newest 1,000 are here.",
    "Of 2 metrics the first is here.",
  ]);
  // Where values only fall, the first of a stretch is its largest and the last its smallest.
  assert.ok((page?.metrics[0]?.curves[0]?.v.length ?? 0) >= PAGE_CURVE_POINTS / 2);
  assert.ok(JSON.stringify(page).length < 6e6, String(JSON.stringify(page).length));
});

test("what a person or a log wrote is never code or markup in the page", () => {
  const evil = `</script><script>alert("x")</script><!--`;
  const made = curveRun("a", [3, 2], { key: "loss" });
  const curves = (made.curves ?? []).map((curve) => ({ ...curve, key: evil }));
  const runs = [{ ...made, name: evil, folder: evil, path: `runs/${evil}`, curves }];
  const page = livePage(input({}, runs, { experiment: `<img src=x onerror="alert(1)">` }));
  assert.ok(page !== undefined);
  const html = livePageHtml(page, { ...PARTS, library: 'a = "</script>";' });
  assert.equal(html.match(/<script\b/g)?.length, 3);
  assert.equal(html.match(/<\/script>/g)?.length, 3);
  assert.doesNotMatch(html, /<img|<!--/);
  const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(html)?.[1] ?? "";
  assert.deepEqual(JSON.parse(data), structuredClone(page));
});

test("the page may load nothing", () => {
  const page = livePage(input({ metrics }, [curveRun("a", [3, 2])]));
  assert.ok(page !== undefined);
  assert.match(livePageHtml(page, PARTS), /Content-Security-Policy" content="default-src 'none';/);
});
