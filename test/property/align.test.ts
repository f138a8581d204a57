import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import {
  alignCommands,
  type FoundPlace,
  type KnownPlace,
} from "../../src/journal/identity/align.ts";
import { alignChanged } from "../../src/journal/identity/align-changed.ts";
import { commandId } from "../../src/base/ids.ts";

const command = fc.constantFrom("run: de-risk", "run: full", "run: full --epochs 2", "eval: full");
const heading = fc.constantFrom("", "day 1", "day 2");

const journal = fc
  .array(
    fc.record({
      source: command,
      heading,
      started: fc.boolean(),
      receiptShown: fc.boolean(),
      absent: fc.nat(5).map((n) => n === 0),
    }),
    { maxLength: 12 },
  )
  .map((all): readonly KnownPlace[] =>
    all
      .map((one, i) => ({ ...one, id: commandId(`k${i}aa`), canonical: one.source }))
      .toSorted((a, b) => Number(a.absent) - Number(b.absent)),
  );

interface Line {
  readonly source: string;
  readonly heading: string;
  readonly receiptId?: string;
}

/** What a person, an editor or git may do to a journal. */
const change = fc.record({
  kind: fc.constantFrom("delete", "copy", "copy-bare", "move", "edit", "hide", "type", "foreign"),
  at: fc.nat(20),
  to: fc.nat(20),
  source: command,
});
const changes = fc.array(change, { maxLength: 8 });

function present(known: readonly KnownPlace[]): readonly Line[] {
  return known
    .filter(({ absent }) => !absent)
    .map(({ id, source, heading: title, receiptShown }) => ({
      source,
      heading: title,
      ...(receiptShown ? { receiptId: id } : {}),
    }));
}

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(lines: readonly Line[], all: readonly Change[]): readonly FoundPlace[] {
  const result = [...lines];
  for (const { kind, at, to, source } of all) {
    const i = at % (result.length + 1);
    const line = result[i];
    const bare = { source: line?.source ?? source, heading: line?.heading ?? "" };
    if (kind === "type") result.splice(i, 0, { source, heading: "" });
    else if (kind === "foreign") result.splice(i, 0, { source, heading: "", receiptId: "zzzz" });
    else if (line === undefined) continue;
    else if (kind === "delete") result.splice(i, 1);
    else if (kind === "copy") result.splice(to % (result.length + 1), 0, line);
    else if (kind === "copy-bare") result.splice(to % (result.length + 1), 0, bare);
    else if (kind === "move") result.splice(to % result.length, 0, ...result.splice(i, 1));
    else if (kind === "edit") result[i] = { ...line, source };
    else result[i] = bare;
  }
  return result.map((line, i) => ({ ...line, place: `${i}.0`, canonical: line.source }));
}

test("an unchanged journal has nothing new, nothing copied and nothing gone", () => {
  fc.assert(
    fc.property(journal, (known) => {
      const found = changed(present(known), []);
      const result = alignCommands({ known, found });
      assert.deepEqual(
        [result.fresh, result.copied, result.unknown, result.edited],
        [[], [], [], []],
      );
      const order = known.filter(({ absent }) => !absent).map(({ id }) => id);
      assert.deepEqual([...result.placed.values()].toSorted(), order.toSorted());
    }),
  );
});

test("losing every receipt starts nothing", () => {
  fc.assert(
    fc.property(journal, (known) => {
      const found = changed(present(known), []).map(({ receiptId: _, ...bare }) => bare);
      const result = alignCommands({ known, found });
      assert.deepEqual([result.fresh, result.copied], [[], []]);
    }),
  );
});

test("whatever is done to a journal, no command stands twice and no known one is new", () => {
  fc.assert(
    fc.property(journal, changes, (known, all) => {
      const found = changed(present(known), all);
      const result = alignCommands({ known, found });
      const ids = [...result.placed.values()];
      assert.equal(new Set(ids).size, ids.length);
      const told = [
        ...result.placed.keys(),
        ...result.fresh,
        ...result.copied,
        ...result.unknown.map(({ place }) => place),
      ];
      assert.deepEqual(told.toSorted(), found.map(({ place }) => place).toSorted());
      assert.deepEqual([...ids, ...result.absent].toSorted(), known.map(({ id }) => id).toSorted());
      const fresh = new Set(result.fresh);
      const gone = new Set(result.absent);
      for (const place of found.filter((one) => fresh.has(one.place))) {
        assert.equal(place.receiptId, undefined);
        const free = known.find((one) => gone.has(one.id) && one.canonical === place.canonical);
        assert.equal(free, undefined);
      }
    }),
    { numRuns: 1000 },
  );
});

test("typing one more command makes exactly one new", () => {
  fc.assert(
    fc.property(journal, fc.nat(20), command, (known, at, source) => {
      fc.pre(known.every(({ absent }) => !absent));
      const typed = { kind: "type", at, to: 0, source } as const;
      const result = alignCommands({ known, found: changed(present(known), [typed]) });
      assert.equal(result.fresh.length, 1);
      assert.deepEqual([result.copied, result.absent, result.edited], [[], [], []]);
    }),
  );
});

test("the short way where little changed says what the long way says", () => {
  fc.assert(
    fc.property(journal, changes, (known, all) => {
      const input = { known, found: changed(present(known), all) };
      assert.deepEqual(alignChanged(input), alignCommands(input));
    }),
    { numRuns: 3_000 },
  );
});
