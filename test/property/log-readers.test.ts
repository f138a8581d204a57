// Every reader of a kind of log: whatever the bytes, it neither throws nor takes long, and chunk
// boundaries anywhere give the same. What each understands is in test/unit/logs/formats.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { ownPattern } from "../../src/logs/formats/own-pattern.ts";
import { createRunReader } from "../../src/logs/run-reader.ts";
import { eventFile } from "./event-file.ts";
import { cpuMs } from "../cpu-ms.ts";

const RUNS = Number(process.env["NIGHTLAB_FUZZ_RUNS"] ?? 150);

const NUMBER = fc.constantFrom(
  "0",
  "1.5",
  "-2e-05",
  "1,602,557",
  "nan",
  "-inf",
  ".5",
  "7.",
  "1e999",
);
const KEY = fc.constantFrom(
  "loss",
  "val_loss",
  "step",
  "epoch",
  "lr",
  "tok/sec",
  "lm loss",
  "Acc@1",
);
const PAIRS = fc
  .array(fc.tuple(KEY, fc.constantFrom(": ", "=", ":", " ", " = "), NUMBER), { maxLength: 5 })
  .chain((pairs) =>
    fc
      .constantFrom(" ", ", ", " | ", "\t", " - ")
      .map((by) => pairs.map(([key, mark, number]) => `${key}${mark}${number}`).join(by)),
  );
const OBJECT = fc
  .dictionary(KEY, NUMBER, { maxKeys: 4 })
  .map((object) => JSON.stringify(object).replaceAll(/:"([^"]*)"/g, ": $1"));
const BAR = fc
  .tuple(fc.nat(3), fc.nat(100), PAIRS)
  .map(([epoch, share, pairs]) => `Epoch ${epoch}: ${share}%|##  | ${share}/100 [00:01, ${pairs}]`);
const LINE = fc.oneof(
  PAIRS,
  OBJECT,
  OBJECT.map((object) => `2025-02-02 14:30:00 | INFO | metric ${object}`),
  OBJECT.map((object) => `:::MLLOG ${object}`),
  BAR,
  fc.constantFrom(
    "Epoch 2/3",
    "import torch",
    "====================",
    "\u001B[32mstep 5 loss: 1.0\u001B[0m",
    "RuntimeError: CUDA out of memory. loss: 1",
    "Traceback (most recent call last):",
    "METRIC a=1 b=nan",
    "λoss: 1.5 ünit=3",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
const TEXT = fc
  .array(fc.tuple(LINE, fc.constantFrom("\n", "\n", "\n", "\r\n", "\r")), { maxLength: 40 })
  .map((lines) => Buffer.from(lines.map(([line, end]) => line + end).join("")));
const CELL = fc.oneof(NUMBER, fc.constantFrom("", "  1 ", '"a,b"', '"1"', '"', "x"));
const TABLE = fc
  .tuple(
    fc.constantFrom("epoch,step,loss,val_acc", " step,\tloss,seed,x", '"step";loss;a;b', "1,2,3,4"),
    fc.array(fc.array(CELL, { minLength: 3, maxLength: 5 }), { maxLength: 20 }),
    fc.constantFrom(",", ";", "\t"),
  )
  .map(([head, rows, by]) => Buffer.from([head, ...rows.map((row) => row.join(by))].join("\n")));
const STATE = fc
  .tuple(
    fc.array(fc.dictionary(KEY, fc.oneof(fc.double(), fc.string())), { maxLength: 5 }),
    fc.nat(3),
  )
  .map(([log_history, indent]) =>
    Buffer.from(JSON.stringify({ log_history, step: 1 }, null, indent)),
  );
const EVENTS = fc
  .array(fc.record({ step: fc.nat(), tag: KEY, value: fc.float() }), { maxLength: 10 })
  .map(eventFile);
/** A file of the right kind, with some of its bytes spoilt or cut off. */
const spoilt = (files: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(files, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(3))
    .map(([bytes, changes, cut]) => {
      const copy = Uint8Array.from(bytes);
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
      return cut === 0 ? copy.subarray(0, Math.floor(copy.length / 2)) : copy;
    });
const KINDS: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  "logs/train.log": TEXT,
  "metrics.csv": TABLE,
  "trainer_state.json": STATE,
  "events.out.tfevents.1.host": EVENTS,
};
const CUTS = fc.array(fc.nat(3_000), { maxLength: 30 });

function readCut(file: string, bytes: Uint8Array, cuts: readonly number[]): unknown {
  const reader = createRunReader();
  let from = 0;
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    reader.feed(file, bytes.subarray(from, to));
    from = to;
  }
  reader.feed(file, bytes.subarray(from));
  reader.finish();
  const reading = reader.reading();
  const series = reading.series.map((one) => ({
    ...one,
    steps: [...one.steps],
    values: [...one.values],
    lines: [...one.lines],
  }));
  return { ...reading, series };
}

for (const [file, files] of Object.entries(KINDS)) {
  test(`${file}: chunk boundaries anywhere give the same, whole or spoilt`, () => {
    fc.assert(
      fc.property(fc.oneof(files, spoilt(files)), CUTS, (bytes, cuts) => {
        assert.deepEqual(readCut(file, bytes, cuts), readCut(file, bytes, []));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${file}: bytes of any kind are read without a throw`, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (chunks) => {
        const bytes = Buffer.concat(chunks);
        assert.deepEqual(readCut(file, bytes, [7, 50]), readCut(file, bytes, []));
      }),
      { numRuns: RUNS },
    );
  });
}

test("lines of a known shape are read as they are when each is looked at with care", () => {
  fc.assert(
    fc.property(TEXT, (bytes) => {
      const careful = createRunReader({ onRead: () => undefined });
      careful.feed("logs/train.log", bytes);
      careful.finish();
      const quick = createRunReader();
      quick.feed("logs/train.log", bytes);
      quick.finish();
      assert.deepEqual(quick.reading(), careful.reading());
    }),
    { numRuns: 2 * RUNS },
  );
});

test("every scalar of an event file is read back", () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
  const scalars = fc.array(fc.record({ step: fc.nat(), tag: fc.constant("loss"), value: finite }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(scalars, (events) => {
      const reader = createRunReader();
      reader.feed("events.out.tfevents.1", eventFile(events));
      const [series] = reader.reading().series;
      assert.deepEqual(
        [...(series?.values ?? [])].map(Math.fround),
        events.map(({ value }) => value + 0),
      );
      assert.deepEqual(
        [...(series?.steps ?? [])],
        events.map(({ step }) => step),
      );
    }),
    { numRuns: RUNS },
  );
});

test("long lines made to hang a reader are passed over quickly", () => {
  const nasty = [
    "a=".repeat(40_000),
    "1,".repeat(40_000),
    "step ".repeat(20_000),
    "(".repeat(80_000),
    `loss: ${" ".repeat(80_000)}1`,
    "epoch 1 loss ".repeat(8_000),
    '{"a": '.repeat(10_000),
    "1.1.".repeat(20_000),
    `${"x".repeat(80_000)}: 1`,
    "word ".repeat(16_000),
    "0/0 [".repeat(16_000),
    "50%|".repeat(16_000),
    "Using checkpoint ".repeat(5_000),
  ];
  for (const line of nasty) {
    const reader = createRunReader();
    const tookMs = cpuMs(() => {
      for (let i = 0; i < 5; i += 1) reader.feed("logs/a.log", Buffer.from(`${line}\n`));
    });
    assert.ok(tookMs < 2_000, `${line.slice(0, 20)}: ${tookMs} ms`);
  }
});

test("a line of any length costs little, however often a pattern of one's own may match", () => {
  // Each match looks for a z at the end of the line.
  const own = ownPattern("(?<loss>a)(.*z)?");
  const tookMs = cpuMs(() => {
    if (own.kind === "pattern") assert.equal(own.read("a".repeat(400_000))?.kind, "unread");
  });
  assert.ok(tookMs < 4_000, `${tookMs} ms`);
});
