// Rows of the ledger, as releases left them and changed in every way: each is read as it was, or told
// with its number. A ledger with a row that is told gives no facts at all, so that nothing can start
// a second time for want of one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { labPath } from "../../src/base/ids.ts";
import { parseStored } from "../../src/base/stored-json.ts";
import { replay } from "../../src/domain/replay.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import { LedgerTrouble } from "../../src/effects/state/ledger-trouble.ts";
import { factOf } from "../../src/effects/state/stored-fact.ts";
import * as fc from "../properties.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-stored-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** The state folder of each release's fixture. */
const states = globSync("lab-*.tar.gz", {
  cwd: fileURLToPath(new URL("../fixtures/", import.meta.url)),
}).map((name) => {
  const state = join(root, name);
  cpSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), `${state}.gz`);
  execFileSync("mkdir", [state]);
  execFileSync("tar", ["xzf", `${state}.gz`, "-C", state, "state"]);
  return join(state, "state");
});
const rowsIn = (state: string): readonly string[] => {
  const db = new DatabaseSync(join(state, "ledger.sqlite"));
  const rows = db.prepare("SELECT body FROM facts ORDER BY seq").all();
  db.close();
  return rows.map(({ body }) => String(body));
};
const rows = states.flatMap(rowsIn);
/** One row of each shape: thousands differ in their texts alone. */
const samples = [...new Map(rows.map((row) => [shapeOf(JSON.parse(row)), row])).values()];

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(shapeOf))].join()}]`;
  if (typeof value !== "object" || value === null) return typeof value;
  const kind = "kind" in value ? String(value.kind) : "";
  return `{${kind}${Object.entries(value)
    .map(([key, one]) => key + shapeOf(one))
    .join()}}`;
}

test("each row of each release is read as it was", () => {
  assert.ok(states.length >= 2 && samples.length > 40, `${states.length} ${samples.length}`);
  for (const [i, row] of rows.entries()) {
    assert.deepEqual(factOf("ledger", i, row), parseStored(row));
  }
});

/** Each place in a value, by its keys. */
function placesIn(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [
    [key],
    ...placesIn(one).map((place) => [key, ...place]),
  ]);
}

/** The value with what `change` makes of one place; `undefined` takes it out. */
function changed(value: unknown, [key = "", ...rest]: readonly string[], to: unknown): unknown {
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = rest.length === 0 ? to : changed(copy[key], rest, to);
  if (copy[key] === undefined) delete copy[key];
  return copy;
}

const json = fc.oneof(
  fc.constantFrom(undefined, null, 0, -1, 1.5, "", "x", true, false, [], {}, [null], { kind: "x" }),
  fc.string(),
  fc.integer(),
);
const mutated = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.nat(),
    json,
    fc.nat(),
    fc.constantFrom("place", "cut", "byte"),
  )
  .map(([row, at, to, cut, how]) => {
    if (how === "cut") return row.slice(0, cut % row.length);
    if (how === "byte") {
      const i = cut % row.length;
      return row.slice(0, i) + String.fromCodePoint(at % 128) + row.slice(i + 1);
    }
    const places = placesIn(JSON.parse(row));
    return JSON.stringify(changed(JSON.parse(row), places[at % places.length] ?? [], to));
  });

test("a changed row is told with its number, or is a fact that the world takes", () => {
  const others = rows.map((row, i) => factOf("ledger", i, row));
  let told = 0;
  fc.assert(
    fc.property(mutated, (row) => {
      let fact;
      try {
        fact = factOf("/state/ledger.sqlite", 17, row);
      } catch (error) {
        assert.ok(error instanceof LedgerTrouble, String(error));
        assert.match(error.message, /^The ledger \/state\/ledger\.sqlite .*\brow 17\b.*\. /);
        told += 1;
        return;
      }
      assert.deepEqual(fact, parseStored(row));
      replay([fact]);
      replay([...others.slice(0, 40), fact, ...others.slice(40, 80)]);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(told > 1_000, `${told}`);
});

test("a row of a newer nightlab is refused, whatever else it has", () => {
  for (const row of [
    '{"v":2,"kind":"run-claimed","atMs":1,"id":7}',
    '{"kind":"command-dreamt","atMs":1,"id":"k7f3"}',
  ]) {
    assert.throws(() => factOf("l", 3, row), /newer nightlab \(row 3 is .*\), use that one/);
  }
  for (const v of ["1", "0", '"2"', "null", "-1", "0.5"]) {
    const row = `{"v":${v},"kind":"command-released","atMs":1,"id":"k7f3"}`;
    if (v === "1") assert.equal(factOf("l", 3, row).kind, "command-released");
    else assert.throws(() => factOf("l", 3, row), /damaged \(row 3: .*no version/, v);
  }
});

test("one row that is told keeps every fact back, a claim among them", () => {
  for (const [i, state] of states.entries()) {
    const dir = join(root, `changed ${i}`);
    cpSync(state, dir, { recursive: true });
    const db = new DatabaseSync(join(dir, "ledger.sqlite"));
    const lab = labPath(String(db.prepare("SELECT lab FROM facts WHERE lab <> ''").get()?.["lab"]));
    const claims = db.prepare("SELECT seq, body FROM facts WHERE kind = 'run-claimed'").all();
    const claim = claims[0];
    const { seq, body } = { seq: Number(claim?.["seq"]), body: String(claim?.["body"]) };
    const whole = openLedger(dir);
    assert.equal(
      whole.read([lab]).filter(({ kind }) => kind === "run-claimed").length,
      claims.length,
    );
    const put = db.prepare("UPDATE facts SET body = ? WHERE seq = ?");
    for (const bad of ["", "null", body.slice(0, -9), body.replace('"spec"', '"spek"')]) {
      put.run(bad, seq);
      assert.throws(() => whole.read([lab]), new RegExp(`row ${seq}\\b.*sqlite3 .*\\.recover`));
      assert.throws(() => whole.some([lab], 0, 10_000), new RegExp(`row ${seq}\\b`));
    }
    put.run(body, seq);
    assert.ok(whole.read([lab]).length > claims.length);
    whole.close();
    db.close();
  }
});
