// Experiments made at random for the audit: their logs, the report that is true of them, and the
// ways in which a page can be made to lie.
import * as fc from "../properties.ts";
import { auditPage } from "../../src/report/audit/audit.ts";
import type { AuditResult } from "../../src/report/audit/audit-finding.ts";
import { knownFacts } from "../../src/report/audit/audit-known.ts";
import { decimalText, parseDecimal } from "../../src/base/decimal.ts";
import type { ReportInput, ReportRun } from "../../src/judge/input.ts";
import { renderReport } from "../../src/report/page/page.ts";
import { readPage } from "../../src/report/audit/page-units.ts";
import { unitTokens } from "../../src/report/audit/unit-tokens.ts";
import { input, record } from "../unit/judge/given.ts";
import { createRunReader } from "../../src/logs/run-reader.ts";

export interface Experiment {
  readonly input: ReportInput;
  readonly lines: ReadonlyMap<string, string>;
}

interface Shape {
  readonly seeds: number;
  readonly settings: number;
  readonly baseline: number;
  readonly crashed: boolean;
  readonly notFinite: boolean;
  readonly values: readonly number[];
  readonly criterion: number;
  readonly direction: "min" | "max" | undefined;
}

const CRITERIA = [
  "val/loss <= 0.4",
  "best(val/loss) < 0.35",
  "val/loss <= 0.98 * baseline.val/loss",
  "val/loss < 0.5 and train/loss < 0.4",
  "max(val/loss) - min(val/loss) > 0.1",
];

export const shapes: fc.Arbitrary<Shape> = fc.record({
  seeds: fc.integer({ min: 0, max: 12 }),
  settings: fc.integer({ min: 1, max: 3 }),
  baseline: fc.integer({ min: 0, max: 4 }),
  crashed: fc.boolean(),
  notFinite: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  values: fc.array(fc.integer({ min: 1_000, max: 9_999 }), { minLength: 40, maxLength: 40 }),
  criterion: fc.integer({ min: 0, max: CRITERIA.length - 1 }),
  direction: fc.constantFrom("min" as const, "max" as const, undefined),
});

/** The experiment of a shape; `later` adds a line to each log, as a run that went on does. */
export function experimentOf(shape: Shape, later = false): Experiment {
  const lines = new Map<string, string>();
  let drawn = 0;
  const value = (): number => shape.values[drawn++ % shape.values.length] ?? 5_000;
  const run = (name: string, args: readonly string[], minute: number, fields = {}): ReportRun => {
    const folder = `2025-02-02T14-${String(minute).padStart(2, "0")}-00-${name}`;
    const path = `runs/${folder}`;
    const steps = later ? 4 : 3;
    const texts = Array.from({ length: steps }, (_, step) => {
      const broken = shape.notFinite && minute === 1 && step === 2;
      const val = broken ? "NaN" : `0.${value() + minute}`;
      return `2025-02-02 14:30:0${step} | INFO | metric {"step": ${step * 100}, "train/loss": 0.${value()}, "val/loss": ${val}}`;
    });
    drawn += later ? 0 : 2;
    texts.forEach((text, i) => lines.set(`${path}/logs/train.log#${i + 1}`, text));
    const reader = createRunReader();
    reader.feed("logs/train.log", Buffer.from(texts.map((text) => `${text}\n`).join("")));
    reader.finish();
    const own = record(name, { args: [name, ...args], folder, id: `id${minute}x`, ...fields });
    return { folder, name, path, record: own, reading: reader.reading(), findings: [], plots: [] };
  };
  const runs: ReportRun[] = [];
  const base = Array.from({ length: shape.baseline }, (_, seed) =>
    run(
      shape.baseline === 1 ? "base" : `base-seed-${seed}`,
      ["--seed", String(seed)],
      runs.length + seed,
      {
        long: false,
      },
    ),
  );
  runs.push(...base);
  for (let setting = 0; setting < shape.settings; setting += 1) {
    for (let seed = 0; seed < shape.seeds; seed += 1) {
      const args = ["--lr", `0.0${setting + 1}`, "--seed", String(seed)];
      runs.push(run(`lr${setting}-seed-${seed}`, args, runs.length, { seconds: 41 + runs.length }));
    }
  }
  if (shape.crashed) {
    const cause = { kind: "exit-code", code: 3 } as const;
    runs.push(run("crash", [], runs.length, { ending: "failed", exitCode: 3, cause, long: false }));
  }
  const named = runs.filter((one) => one.name.startsWith("lr0-")).map((one) => one.name);
  const first = base[0];
  const given = input(
    {
      hypothesis: "it falls by 2 %",
      success: CRITERIA[shape.criterion] ?? "",
      failure: "val/loss > 0.9",
      metrics: [
        { key: "val/loss", ...(shape.direction && { direction: shape.direction }) },
        { key: "train/loss" },
      ],
      ...(first === undefined ? {} : { baseline: "base" }),
      ...(named.length === 0 ? {} : { evidence: named }),
    },
    runs,
    first === undefined
      ? {}
      : { baseline: { kind: "run", target: "base", run: first, group: base } },
  );
  return { input: given, lines };
}

export function audited(page: string, { input: given, lines }: Experiment): AuditResult {
  const fresh = renderReport(given);
  return auditPage(page, fresh, knownFacts(given, fresh), (path, line) =>
    lines.get(`${path}#${line}`),
  );
}

export const MUTATIONS = ["digit", "sign", "run", "word", "unit", "citation", "deletion"] as const;

/** The page with one lie of a kind, drawn by `pick`; undefined where it has no place for it. */
export function mutated(
  page: string,
  kind: (typeof MUTATIONS)[number],
  pick: (count: number) => number,
): string | undefined {
  const places = placesOf(page, kind);
  const place = places[places.length === 0 ? 0 : pick(places.length)];
  if (place === undefined) return undefined;
  const { at, text } = place;
  const swap = (to: string): string => page.slice(0, at) + to + page.slice(at + text.length);
  switch (kind) {
    case "digit": {
      const digits = [...text.matchAll(/\d/g)].map((match) => match.index);
      const index = digits[pick(digits.length)] ?? 0;
      const digit = (Number(text.charAt(index)) + 1 + pick(9)) % 10;
      const wrong = `${text.slice(0, index)}${digit}${text.slice(index + 1)}`;
      const isSame = plainText(wrong) === plainText(text);
      return isSame ? undefined : swap(wrong);
    }
    case "sign":
      return swap(text.includes("-") ? text.replace("-", "") : text.replace(/\d|NaN/, "-$&"));
    case "run": {
      const names = [...new Set(placesOf(page, "run").map((one) => one.text))];
      const others = names.filter((name) => name !== text);
      const other = others[others.length === 0 ? 0 : pick(others.length)];
      return other === undefined ? undefined : swap(other);
    }
    case "word":
      return swap(WORDS[text] ?? text);
    case "unit":
      return swap(UNITS[text] ?? text);
    case "deletion":
      return page.slice(0, at) + page.slice(at + text.length + 1);
    case "citation":
      return swap(`[${Number(text.slice(1, -1)) + 1 + pick(3)}]`);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  "NOT MET": "MET",
  "**MET": "**NOT MET",
  smallest: "largest",
  largest: "smallest",
  lower: "higher",
  higher: "lower",
  "at most": "at least",
  "less than": "more than",
  "more than": "less than",
  yes: "no",
  "no difference shown": "lower",
  "not tested": "tested",
  last: "best",
  failed: "done",
  INCONCLUSIVE: "MET",
};
const UNITS: Readonly<Record<string, string>> = { " s ": " min ", " h ": " s ", " min ": " h " };

interface Place {
  readonly at: number;
  readonly text: string;
}

function placesOf(page: string, kind: (typeof MUTATIONS)[number]): readonly Place[] {
  const body = page.slice(0, page.indexOf('[nightlab]: # "'));
  if (kind === "word" || kind === "unit") {
    const table = kind === "word" ? WORDS : UNITS;
    const found: Place[] = [];
    for (const word of Object.keys(table)) {
      for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + 1)) {
        const line = body.slice(body.lastIndexOf("\n", at) + 1, at);
        // A word inside of a name, a quotation or a head of a table that says no number.
        const inside = line.split("`").length % 2 === 0 || /“[^”]*$/.test(line);
        const whole = !/\w/.test(body.charAt(at - 1)) && !/\w/.test(body.charAt(at + word.length));
        const unit = kind === "unit" && /\d$/.test(line);
        if (!inside && (kind === "unit" ? unit : whole)) found.push({ at, text: word });
      }
    }
    return found;
  }
  if (kind === "deletion") return linesOf(body);
  const starts = [0, ...[...body.matchAll(/\n/g)].map((match) => match.index + 1)];
  return readPage(page).units.flatMap((unit): Place[] =>
    unit.kind === "rule"
      ? []
      : unitTokens(unit.text).flatMap((token): Place[] => {
          const at = (starts[unit.line - 1] ?? 0) + token.at;
          if (kind === "citation" && token.kind === "citation" && token.at > 0)
            return [{ at, text: token.text }];
          if ((kind === "digit" || kind === "sign") && token.kind === "number")
            return [{ at, text: token.text }];
          const isRun =
            token.kind === "name" &&
            /^`[\w-]+`$/.test(token.text) &&
            /seed|base|crash/.test(token.text);
          return kind === "run" && isRun ? [{ at, text: token.text }] : [];
        }),
  );
}

/** Lines that say something: no blank ones, no rules of tables. */
function linesOf(body: string): readonly Place[] {
  let at = 0;
  return body.split("\n").flatMap((text) => {
    const place = { at, text };
    at += text.length + 1;
    return text.trim() === "" || text.startsWith("| -") ? [] : [place];
  });
}

function plainText(text: string): string {
  const value = parseDecimal(text.replace(/^≈\s*/, ""));
  return value === undefined ? text : decimalText(value);
}
