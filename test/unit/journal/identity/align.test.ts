import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alignCommands,
  type Alignment,
  type KnownPlace,
} from "../../../../src/journal/identity/align.ts";
import { commandId } from "../../../../src/base/ids.ts";
import { cpuMs } from "../../../cpu-ms.ts";

/**
 * `aaaa run: x` is a known command whose receipt was shown; flags: `~` none was shown yet,
 * `?` not started, `-` absent. `@h` is its heading.
 */
function known(...lines: readonly string[]): readonly KnownPlace[] {
  return lines.map((line) => {
    const [, flags = "", id = "", source = "", heading = ""] =
      /^([~?-]*)(\w+) ([^@]*?)(?: @(.*))?$/.exec(line) ?? [];
    return {
      id: commandId(id),
      canonical: source,
      source,
      heading,
      started: !flags.includes("?"),
      receiptShown: !flags.includes("~"),
      absent: flags.includes("-"),
      ...(flags.includes("-") ? {} : { last: { canonical: source, source } }),
    };
  });
}

/**
 * `run: x` stands without a receipt, `run: x > aaaa` with one; ` > aaaa` is a receipt below no
 * command. Indented: same block as before.
 */
function align(before: readonly KnownPlace[], ...lines: readonly string[]): Alignment {
  let block = -1;
  let inBlock = 0;
  const detached = new Set<string>();
  const found = lines.flatMap((line) => {
    const [, indent = "", source = "", receiptId, heading = ""] =
      /^(\s*)([^@>]*?)(?: > (\w+))?(?: @(.*))?$/.exec(line) ?? [];
    if (source === "") {
      detached.add(receiptId ?? "");
      return [];
    }
    inBlock = indent === "" ? 0 : inBlock + 1;
    if (indent === "") block += 1;
    return {
      place: `${block}.${inBlock}`,
      canonical: source,
      source,
      heading,
      ...(receiptId === undefined ? {} : { receiptId }),
    };
  });
  return alignCommands({ known: before, found, detached: () => detached });
}

/** `0.0=aaaa 1.0=fresh …`, then what is gone. */
function shown(result: Alignment): string {
  const places = [
    ...[...result.placed].map(([place, id]) => [place, id] as const),
    ...result.fresh.map((place) => [place, "fresh"] as const),
    ...result.copied.map((place) => [place, "copied"] as const),
    ...result.unknown.map(({ place, id }) => [place, `unknown:${id}`] as const),
  ].map(([place, what]) => `${place}=${what}`);
  return [...places.toSorted(), ...result.absent.map((id) => `-${id}`)].join(" ");
}

const AB = known("aaaa run: a", "bbbb run: b");

test("an unchanged journal is the same commands", () => {
  assert.equal(shown(align(AB, "run: a > aaaa", "run: b > bbbb")), "0.0=aaaa 1.0=bbbb");
  assert.equal(
    shown(align(known("~?aaaa run: a", "~?bbbb run: a"), "run: a", "run: a")),
    "0.0=aaaa 1.0=bbbb",
  );
});

test("reordered blocks keep their ids, with their receipts and without", () => {
  assert.equal(shown(align(AB, "run: b > bbbb", "run: a > aaaa")), "0.0=bbbb 1.0=aaaa");
  assert.equal(shown(align(AB, "run: b", "run: a")), "0.0=bbbb 1.0=aaaa");
});

test("a second run of the same name is new, above and below the one with its receipt", () => {
  const one = known("aaaa run: de-risk");
  assert.equal(shown(align(one, "run: de-risk > aaaa", "run: de-risk")), "0.0=aaaa 1.0=fresh");
  assert.equal(shown(align(one, "run: de-risk", "run: de-risk > aaaa")), "0.0=fresh 1.0=aaaa");
});

test("a second one of a command that has no receipt yet is new, and the one in place is kept", () => {
  const before = known("hhhh run: h", "~aaaa run: a", "bbbb run: b");
  assert.equal(
    shown(align(before, "run: a", "run: h", "run: a", "run: b")),
    "0.0=fresh 1.0=hhhh 2.0=aaaa 3.0=bbbb",
  );
});

test("a command edited before its start keeps its id", () => {
  const result = align(known("~?aaaa run: a", "bbbb run: b"), "run: longer --x 1", "run: b > bbbb");
  assert.equal(shown(result), "0.0=aaaa 1.0=bbbb");
  assert.deepEqual(result.edited, [{ place: "0.0", id: commandId("aaaa"), afterStart: false }]);
});

test("a command edited after its start keeps its id and is told as edited", () => {
  const result = align(AB, "run: a --lr 1 > aaaa", "run: b > bbbb");
  assert.equal(shown(result), "0.0=aaaa 1.0=bbbb");
  assert.deepEqual(result.edited, [{ place: "0.0", id: commandId("aaaa"), afterStart: true }]);
});

test("a started command that was typed on before its receipt came is no new one", () => {
  assert.equal(shown(align(known("~aaaa run: de"), "run: de-risk-2")), "0.0=aaaa");
});

test("a copy with its receipt is held; the block that stands where the old one stood keeps the id", () => {
  assert.equal(
    shown(align(AB, "run: a > aaaa", "run: b > bbbb", "run: a > aaaa")),
    "0.0=aaaa 1.0=bbbb 2.0=copied",
  );
  const titled = known("aaaa run: a @day 1", "bbbb run: b @day 1");
  assert.equal(
    shown(align(titled, "run: a > aaaa @day 2", "run: a > aaaa @day 1", "run: b > bbbb @day 1")),
    "0.0=copied 1.0=aaaa 2.0=bbbb",
  );
  assert.equal(
    shown(
      align(
        known("dddd run: d", "aaaa run: a", "bbbb run: b"),
        "run: a > aaaa",
        "run: b > bbbb",
        "run: d > dddd",
        "run: a > aaaa",
        "run: b > bbbb",
      ),
    ),
    "0.0=copied 1.0=copied 2.0=dddd 3.0=aaaa 4.0=bbbb",
  );
});

test("a copy that was edited is held too, and the original keeps the id", () => {
  assert.equal(
    shown(align(AB, "run: a --lr 1 > aaaa", "run: a > aaaa", "run: b > bbbb")),
    "0.0=copied 1.0=aaaa 2.0=bbbb",
  );
});

test("a receipt that is gone makes nothing new", () => {
  assert.equal(shown(align(AB, "run: a", "run: b > bbbb")), "0.0=aaaa 1.0=bbbb");
});

test("a stale buffer without any receipt makes nothing new, but what was typed into it is", () => {
  assert.equal(shown(align(AB, "run: a", "run: b")), "0.0=aaaa 1.0=bbbb");
  assert.equal(shown(align(AB, "run: a", "run: b", "run: a")), "0.0=aaaa 1.0=bbbb 2.0=fresh");
  assert.equal(shown(align(AB, "run: a", "run: c", "run: b")), "0.0=aaaa 1.0=fresh 2.0=bbbb");
});

test("an edit of a started command whose receipt is gone is new, and descends from it", () => {
  const result = align(AB, "run: a --epochs 30", "run: b");
  assert.equal(shown(result), "0.0=fresh 1.0=bbbb -aaaa");
  assert.deepEqual([...result.descendants], [["0.0", "aaaa"]]);
});

test("with its receipt further down, torn off by a paragraph, it is an edit", () => {
  const result = align(AB, "run: a --epochs 30", " > aaaa", "run: b");
  assert.equal(shown(result), "0.0=aaaa 1.0=bbbb");
  assert.equal(result.edited.length, 1);
  assert.equal(shown(align(AB, "run: other", " > aaaa", "run: b")), "0.0=fresh 1.0=bbbb -aaaa");
});

test("of a command split in two, what has its receipt is it, and the other descends from it", () => {
  const result = align(known("aaaa run: a --epochs 3"), "run: a", "run: b --epochs 3 > aaaa");
  assert.equal(shown(result), "0.0=fresh 1.0=aaaa");
  assert.deepEqual([...result.descendants], [["0.0", "aaaa"]]);
});

test("a line that shares nothing but the verb with what is gone descends from nothing", () => {
  assert.deepEqual([...align(AB, "run: other", "run: b").descendants], []);
});

test("a deleted block is gone, and comes back as the same command", () => {
  assert.equal(shown(align(AB, "run: b > bbbb")), "0.0=bbbb -aaaa");
  const gone = known("bbbb run: b", "-aaaa run: a");
  assert.equal(shown(align(gone, "run: a", "run: b > bbbb")), "0.0=aaaa 1.0=bbbb");
  assert.equal(shown(align(gone, "run: a > aaaa", "run: b > bbbb")), "0.0=aaaa 1.0=bbbb");
});

test("long after a deletion the same command under another heading is new", () => {
  const gone = known("-aaaa run: a @day 1").map((one) => ({ ...one, longAbsent: true }));
  assert.equal(shown(align(gone, "run: a @day 9")), "0.0=fresh -aaaa");
  assert.equal(shown(align(gone, "run: a @day 1")), "0.0=aaaa");
});

test("a block deleted with its receipt for an unlike new one is gone, and the new one is new", () => {
  assert.equal(shown(align(AB, "eval: other --k 3", "run: b > bbbb")), "0.0=fresh 1.0=bbbb -aaaa");
});

test("an id that is not known here is never started", () => {
  assert.equal(
    shown(align(AB, "run: z > zzzz", "run: a > aaaa", "run: b > bbbb")),
    "0.0=unknown:zzzz 1.0=aaaa 2.0=bbbb",
  );
  assert.equal(shown(align([], "run: a > aaaa")), "0.0=unknown:aaaa");
});

test("a receipt that slid under another known command does not rename it", () => {
  assert.equal(shown(align(AB, "run: a > bbbb")), "0.0=aaaa -bbbb");
});

test("lines of one block are known by their ids, and a line put between them is new", () => {
  assert.equal(
    shown(align(AB, "run: a > aaaa", "  run: c > bbbb", "  run: b")),
    "0.0=aaaa 0.1=fresh 0.2=bbbb",
  );
  assert.equal(shown(align(AB, "run: b > aaaa", "  run: a > bbbb")), "0.0=bbbb 0.1=aaaa");
});

const many = (text: (i: number) => string): readonly string[] =>
  Array.from({ length: 2000 }, (_, i) => text(i));
const id = (i: number): string => `k${i.toString(36).padStart(4, "0")}`;

test("two thousand commands are aligned quickly, also when all are alike or all were edited", () => {
  const before = known(...many((i) => `${id(i)} run: de-risk`));
  const tookMs = cpuMs(() => {
    const gone = align(before, "run: new", ...many(() => "run: de-risk"));
    assert.deepEqual([gone.fresh, gone.placed.size], [["0.0"], 2000]);
    assert.equal(align(before, ...many((i) => `run: other-${i}`)).placed.size, 0);
    const reversed = align(before, ...many((i) => `run: de-risk > ${id(1999 - i)}`));
    assert.deepEqual([reversed.fresh, reversed.placed.size], [[], 2000]);
  });
  assert.ok(tookMs < 5000, `${tookMs} ms`);
});
