// `nightlab inspect` of a run says what its receipt says: it reads the journal's plan and pattern,
// the lab's rules, run.json, the samples and the runs before, as the daemon did.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Finding } from "../../src/domain/finding.ts";
import { isFlag } from "../../src/domain/finding.ts";
import { openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab | undefined;
after(() => it?.close());

const HEAD = `---
success: last(val/acc) >= 0.9
metrics: [fitness, val/accuracy, energy]
metrics_pattern: 'gen (?<step>\\d+) best of all (?<fitness>\\S+)'
rules: { not-finite: off }
---

# Equal
`;

const TRAIN = trainScript(`for step in range(12):
    metric(step=step, **{"val/acc": 0.1234 + step / 7919, "train/loss": 0.9876 / (1 + step / 7), "dead": float("nan")})
    print(f"gen {step} best of all {1.2345 + step / 97}", file=log)`);

interface Inspected {
  readonly findings: readonly Finding[];
  readonly series: readonly { readonly key: string }[];
}

test("inspect finds in a run what its receipt shows, and nothing else", async () => {
  it = await openLab({
    journal: HEAD,
    train: TRAIN,
    settings: "settle: 1s\nquiet: 1s\nrules: { metric-missing: { } }\n",
  });
  const { journal, until, nightlab, runs, experiment } = it;
  await it.start();
  await it.save(`${HEAD}\nrun: first --lr 1 !\n`);
  await until("the first receipt", () => journal().includes("**done**"), 60_000);
  await it.save(`${journal()}\nrun: second --lr 2 !\n`);
  const text = await until(
    "both receipts",
    () => journal().match(/\*\*done\*\*/g)?.length === 2 && journal(),
    60_000,
  );
  const shown: string[] = [];
  for (const folder of runs()) {
    const { stdout } = await nightlab("inspect", join(experiment, "runs", folder), "--json");
    const { findings, series } = JSON.parse(stdout) as Inspected;
    assert.ok(
      series.some(({ key }) => key === "fitness"),
      "the pattern is the journal's",
    );
    for (const { message } of findings.filter(isFlag)) {
      assert.ok(text.includes(`[WEIRD] ${message}`), `${message}\nnot in\n${text}`);
      shown.push(message);
    }
  }
  assert.equal(text.match(/\[WEIRD\]/g)?.length, shown.length, `${shown.join("\n")}\n${text}`);
  assert.ok(
    shown.some((message) => message.includes("energy")),
    "what was promised counts",
  );
  assert.ok(
    shown.some((message) => /equal those of/.test(message)),
    "and the run before",
  );
  assert.ok(!shown.some((message) => message.includes("NaN")), "and rules that are off");
});
