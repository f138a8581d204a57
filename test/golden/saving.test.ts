// The table of docs/saving.md, a file for each case: the texts that the daemon wrote and that
// editors saved, in order, and what the journal says in the end. UPDATE=1 writes what came out.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { journalOfSaves } from "../saves.ts";

const CASES = join(import.meta.dirname, "saving");

/** `=== write`, `=== save`, `=== journal`: the lines below it are the whole text. */
const STEP = /^=== (write|save|journal.*)\n/gm;

function stepsOf(file: string): readonly (readonly [kind: string, text: string])[] {
  const [, ...parts] = file.split(STEP);
  return parts.flatMap((kind, i) => (i % 2 === 0 ? [[kind, parts[i + 1] ?? ""] as const] : []));
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nightlab-saving-"));
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

for (const name of readdirSync(CASES)) {
  test(`saving: ${name.replace(/\.md$/, "").replaceAll("-", " ")}`, async (t) => {
    const path = join(CASES, name);
    const file = readFileSync(path, "utf8");
    const steps = stepsOf(file);
    const journal = journalOfSaves(folder(t));
    let last: Awaited<ReturnType<typeof journal.save>> | undefined;
    let saved = "";
    for (const [kind, text] of steps) {
      if (kind === "write") await journal.write(text);
      if (kind !== "save") continue;
      saved = text;
      last = await journal.save(text);
    }
    assert.ok(last !== undefined, "a case ends with a save");
    const told = [
      ...(last.text === saved ? ["as saved"] : ["merged"]),
      ...(last.setAside.length > 0 ? ["the older save is told"] : []),
      ...(last.oldCopy === undefined ? [] : ["perhaps an old copy"]),
    ].join(", ");
    const expected = `=== journal: ${told}\n${last.text}`;
    const before = file.slice(0, file.search(/^=== journal/m));
    if (process.env["UPDATE"] === "1") writeFileSync(path, before + expected);
    assert.equal(file.slice(before.length), expected);
  });
}
