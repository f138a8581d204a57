// Lines like one seen before: whether a line has its shape, and what its numbers are, must be the
// same with the quick comparison of `tight` and without it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineTemplates } from "../../src/logs/lines/line-templates.ts";
import { NUMBER, createLineTokens, cutTokens } from "../../src/logs/lines/line-tokens.ts";
import * as fc from "../properties.ts";

const RUNS = Number(process.env["NIGHTLAB_FUZZ_RUNS"] ?? 1_500);

const PIECE = fc.constantFrom(
  " ",
  "  ",
  "\t",
  " | ",
  "INFO     ",
  '{"loss": ',
  ', "step": ',
  "}",
  "=",
  ":",
  "\u00e9",
  "7",
  "-1.5",
  "+2",
  "3e-05",
  "1,602,557",
  ".5",
  "0012",
  "12345678901234567",
  "metric",
  "é/s",
);
const LINE = fc.array(PIECE, { minLength: 1, maxLength: 14 });

/** The line again with some pieces changed: other numbers, other spaces, other bytes, a cut. */
const CHANGE = fc.oneof(
  { weight: 3, arbitrary: fc.constant("number" as const) },
  fc.constantFrom("space", "byte", "cut", "more"),
);
const NUMBERS = ["0", "9", "-4.25", "+11", "6e+10", "2,000", "1e999", "x", "", "- 1"];

function changed(line: string, change: string, at: number): string {
  const spot = line.length === 0 ? 0 : at % line.length;
  if (change === "cut") return line.slice(0, spot);
  if (change === "more") return `${line}${NUMBERS[at % NUMBERS.length] ?? ""}`;
  if (change === "byte") {
    return `${line.slice(0, spot)}${String.fromCharCode(32 + (at % 90))}${line.slice(spot + 1)}`;
  }
  let seen = -1;
  const pattern = change === "space" ? /[ \t]+/g : /[-+]?\d[\d.e,]*/g;
  return line.replaceAll(pattern, (found) => {
    seen += 1;
    if (seen !== at % 5) return found;
    return change === "space" ? " ".repeat(at % 4) : (NUMBERS[at % NUMBERS.length] ?? "");
  });
}

/** Remembers `line`, with the quick comparison or without; what later lines give. */
function reader(line: Buffer, quick: boolean): (bytes: Buffer, from: number) => unknown {
  const shapes = createLineTemplates<string>();
  const tokens = createLineTokens();
  cutTokens(line, 0, line.length, tokens);
  const spots = Array.from({ length: tokens.count }, (_, i) => ({
    at: tokens.starts[i] ?? 0,
    end: tokens.ends[i] ?? 0,
  })).filter((_, i) => tokens.kinds[i] === NUMBER && i % 3 !== 1);
  // A line without numbers is only remembered when it comes again.
  shapes.learn(line, tokens, spots, [], "read");
  const shape = shapes.learn(line, tokens, spots, [], "read");
  if (shape !== undefined && !quick) shape.tight = undefined;
  return (bytes, from) => {
    const found = shapes.match(bytes, from, bytes.length - 2);
    if (found === undefined) return undefined;
    if (!quick) found.tight = undefined;
    const { values, starts, ends } = shapes.slots;
    const slots = spots.map((_, i) => [values[i], starts[i], ends[i]]);
    return { meaning: found.meaning, count: found.count, slots };
  };
}

test("quick and careful comparison of lines agree", () => {
  let both = 0;
  let matched = 0;
  fc.assert(
    fc.property(LINE, fc.array(fc.tuple(CHANGE, fc.nat(997)), { maxLength: 12 }), (pieces, all) => {
      const line = pieces.join("");
      const [quick, careful] = [true, false].map((way) => reader(Buffer.from(line), way));
      let now = line;
      for (const [change, at] of [...all, ["more", 8] as const]) {
        // Some changes are of the line before, so that they add up.
        now = changed(at % 3 === 0 ? now : line, change, at);
        const front = "#".repeat(at % 5);
        const bytes = Buffer.from(`${front}${now}9}`);
        const found = quick?.(bytes, front.length);
        assert.deepEqual(found, careful?.(bytes, front.length), JSON.stringify([line, now]));
        both += 1;
        if (found !== undefined) matched += 1;
      }
    }),
    { numRuns: RUNS },
  );
  assert.ok(matched > both / 10 && matched < both, `${matched} of ${both} lines matched`);
});

test("a line whose spaces keep changing is still known", () => {
  const read = reader(Buffer.from("step:  1 loss: 2.5"), true);
  for (let i = 0; i < 1_000; i += 1) {
    const line = `step:${" ".repeat(1 + (i % 7))}${i}\tloss: ${i}.5`;
    const found = read(Buffer.from(`${line}\r\n`), 0);
    assert.ok(found !== undefined, line);
  }
});
