// Asks the rules about many made-up runs and counts what they said rightly and wrongly.
// How many runs, and from which seed, is the caller's.
import { RULES, type RuleName } from "../../src/domain/finding.ts";
import { findings } from "../../src/rules/findings.ts";
import { RULE_BOOK } from "../../src/rules/rule-book.ts";
import { FAULTS } from "./faults.ts";
import { randomOf } from "./random.ts";
import { inputOf, type MadeRun } from "./run.ts";
import { healthyRun } from "./healthy.ts";
import { SHAPE_NAMES } from "./shapes.ts";

export interface RuleScore {
  readonly rule: RuleName;
  readonly tier: "A" | "B" | "C";
  readonly planted: number;
  readonly found: number;
  /** Healthy runs in which it spoke. */
  readonly wrong: number;
}

export interface Scores {
  readonly rules: readonly RuleScore[];
  readonly healthy: number;
  /** Healthy runs with any finding at all that is no note. */
  readonly flagged: number;
  readonly wrongly: readonly string[];
}

/** Scores from `seed`: `planted` runs for each rule, `healthy` ones of all shapes in turn. */
export function measure(seed: number, planted: number, healthy: number): Scores {
  const wrong = new Map<RuleName, number>();
  const wrongly: string[] = [];
  let flagged = 0;
  for (let i = 0; i < healthy; i += 1) {
    const run = healthyRun(randomOf(seed + i), SHAPE_NAMES[i % SHAPE_NAMES.length]);
    const said = spoken(run);
    if (said.length > 0) flagged += 1;
    for (const { rule, message } of said) {
      wrong.set(rule, (wrong.get(rule) ?? 0) + 1);
      wrongly.push(`${run.shape}, seed ${seed + i}: ${rule}: ${message}`);
    }
  }
  const rules = RULES.map((rule): RuleScore => {
    let found = 0;
    for (let i = 0; i < planted; i += 1) {
      const run = FAULTS[rule](randomOf(seed + 1_000_003 * (RULES.indexOf(rule) + 1) + i));
      if (spoken(run).some((one) => one.rule === rule)) found += 1;
    }
    const { tier } = RULE_BOOK[rule];
    return { rule, tier, planted, found, wrong: wrong.get(rule) ?? 0 };
  });
  return { rules, healthy, flagged, wrongly };
}

const spoken = (run: MadeRun) => findings(inputOf(run)).filter(({ tier }) => tier !== "note");

/**
 * The table of docs/rules.md. Precision is among as many healthy runs as broken ones: of what the
 * rule says there, the share that is right.
 */
export function scoreTable({ rules, healthy }: Scores): string {
  const rows = rules.map(({ rule, tier, planted, found, wrong }) => {
    const hits = found / planted;
    const misses = wrong / healthy;
    const precision = hits + misses === 0 ? 1 : hits / (hits + misses);
    return `| ${rule} | ${tier} | ${hits.toFixed(3)} | ${precision.toFixed(3)} | ${wrong} of ${healthy} |`;
  });
  return [
    "| Rule | Tier | Recall | Precision | Healthy runs flagged |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
