// A person's own pattern for metric lines: what it reads, what is refused, and that none can hang.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { stepsOf } from "../steps.ts";
import { ownPattern } from "../../src/logs/formats/own-pattern.ts";
import type { OwnFormat } from "../../src/logs/lines/metric-line.ts";

/** Bytes of a line as the readers of logs have them. */
const line = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function reader(pattern: string): OwnFormat {
  const own = ownPattern(pattern);
  assert.equal(own.kind, "pattern", `${pattern}: ${own.kind === "refused" ? own.why : ""}`);
  return own.kind === "pattern" ? own.read : () => undefined;
}

/** Names and tokens that a pattern reads in a line; undefined where it is no match. */
function read(pattern: string, text: string): readonly string[] | undefined {
  const found = reader(pattern)(line(text));
  if (found === undefined) return undefined;
  assert.ok(found.kind === "metrics" || found.kind === "unread");
  if (found.kind === "unread") return [];
  const step = found.step as { readonly key: string; readonly at: number; readonly end: number };
  const named = found.entries.map(({ key, at, end }) => `${key} ${line(text).slice(at, end)}`);
  if (found.step === undefined) return named;
  return [`${step.key} ${text.slice(step.at, step.end)}`, ...named];
}

test("groups are metrics, the x axis, the split, or a name and its value", () => {
  const plain = "gen (?<step>\\d+) best (?<fitness>\\S+)";
  assert.deepEqual(read(plain, "gen 12 best -3.5e-2"), ["step 12", "fitness -3.5e-2"]);
  assert.deepEqual(read(plain, "gen 12 best nan"), ["step 12", "fitness nan"]);
  assert.deepEqual(read(plain, "gen 12 best so far"), ["step 12"].slice(1));
  assert.equal(read(plain, "epoch 12 best 3"), undefined);
  assert.deepEqual(read("(?<key>\\w+)~(?<value>\\S+)", "a~1 é~x b~2"), ["a 1", "b 2"]);
  assert.deepEqual(read("(?<split>val|train) (?<loss>\\S+)", "val 0.5"), ["val/loss 0.5"]);
  assert.deepEqual(read("Verlust: (?<loss>[\\d.]+) ø", "Verlust: 0.5 ø"), ["loss 0.5"]);
});

test("groups may be named as in Python, and characters as in JavaScript", () => {
  assert.deepEqual(read("(?P<loss>\\d+)", "at 7"), ["loss 7"]);
  assert.deepEqual(read("(?i)LOSS\\u003a(?<loss>\\d+)", "loss:7"), ["loss 7"]);
});

/** Why a pattern is refused, else "taken". */
const why = (pattern: string): string => {
  const own = ownPattern(pattern);
  return own.kind === "refused" ? own.why : "taken";
};

test("what is no pattern is refused in words that say why", () => {
  assert.equal(why("(?<loss>"), "is no pattern: missing closing ): `(?<loss>`");
  assert.match(why("(?<loss>[)"), /^is no pattern: missing closing \]/);
  assert.match(why("(?<a>x)|(?<a>y)"), /^is no pattern: duplicate capture group name: `a`/);
  assert.match(why("loss (\\S+)"), /^names no metric/);
  assert.match(why("(?<step>\\d+) of (?<split>val)"), /^names no metric/);
  assert.match(why(`(?<loss>${"a".repeat(2_000)})`), /^is longer than/);
  assert.match(why("(?<loss>(\\w{1,300}=){2})"), /^counts too high/);
  for (const back of ["(?<a>x)\\1", "(?<a>x)\\k<a>", "(?<a>x)(?=y)", "(?<a>x)(?!y)"]) {
    assert.match(why(back), /could take for ever/, back);
  }
  for (const behind of ["(?<=y)(?<a>x)", "(?<!y)(?<a>x)"]) {
    assert.match(why(behind), /could take for ever/, behind);
  }
  // Backslashes in pairs are characters.
  assert.equal(why("(?<a>x)\\\\1"), "taken");
  assert.equal(why("(?<a>x)\\\\k<"), "taken");
});

const PIECE = fc.oneof(
  fc.constantFrom("a", "b", "5", "=", ":", "é", " ", "\\.", "\\b", "^", "$"),
  fc.constantFrom("\\d", "\\d", "\\w", "\\S", "\\W", ".", "[a-c.\\d]", "[^=]", "(?:ab|a|5)"),
);
const QUANTIFIER = fc.constantFrom("", "", "", "+", "*", "?", "+?", "*?", "{2}", "{1,3}");
const PART = fc
  .array(fc.tuple(PIECE, QUANTIFIER), { minLength: 1, maxLength: 2 })
  .map((pieces) =>
    pieces.map(([piece, times]) => (/^(\\b|\^|\$)$/.test(piece) ? piece : piece + times)).join(""),
  );
const PATTERN = fc
  .tuple(PART, PART, PART)
  .map(([one, two, three]) => `(?:${one})(?<a>${two})(?:${three})(?<b>\\S*)`);
const LINE = fc
  .array(fc.constantFrom("a", "b", "5", "=", " ", "é", " 0.5 ", "=1e3 ", " nan", "555", " "), {
    minLength: 5,
    maxLength: 20,
  })
  .map((parts) => parts.join(""));

test("a pattern finds what JavaScript's own engine finds", () => {
  let matched = 0;
  fc.assert(
    fc.property(PATTERN, LINE, (pattern, text) => {
      const native = [...text.matchAll(new RegExp(pattern, "gu"))].flatMap(({ groups = {} }) =>
        Object.entries(groups).map(([name, token]) => `${name} ${(token ?? "").trim()}`),
      );
      const numbers = native.filter((found) =>
        /^\w [+-]?(?:(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?|nan)$/.test(found),
      );
      if (numbers.length > 0) matched += 1;
      const found = read(pattern, text);
      assert.equal(found === undefined, native.length === 0);
      assert.deepEqual(found ?? [], numbers);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(matched > 300, `${matched} with a number`);
});

/** Patterns that take for ever where an engine goes back, and lines that make it do so. */
const HARD: readonly (readonly [pattern: string, part: string])[] = [
  ["(?<loss>(a+)+)b", "a"],
  ["(?<loss>(a|aa)+)$", "ab"],
  ["(?<loss>(\\w+\\s*)+:)", "a "],
  ["(?<loss>a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa)z", "a"],
  ["(?<loss>.*.*.*=)", "a"],
  ["(?<loss>[a-z]{1,80}[b-z]{1,80})c", "a"],
];

/** Steps that it takes to read a line. */
function steps(own: OwnFormat, text: string): number {
  own(text);
  return [...stepsOf(() => void own(text)).values()].reduce((sum, one) => sum + one, 0);
}

test("a line of four times the length costs four times the steps, whatever the pattern", () => {
  for (const [pattern, part] of HARD) {
    const own = reader(pattern);
    const [short = 0, long = 0] = [1_000, 4_000].map((count) =>
      steps(own, `${part.repeat(count)}:=bczx`),
    );
    assert.ok(long < 6 * short + 10_000, `${pattern}: ${short} steps, then ${long}`);
  }
});
