import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { renewLabPage } from "../../src/effects/lab-page.ts";
import { readLabSettings } from "../../src/settings/lab.ts";

let lab: string;
beforeEach(() => {
  lab = mkdtempSync(join(tmpdir(), "nightlab lab 'x' "));
});
afterEach(() => rmSync(lab, { recursive: true, force: true }));

const page = (): string => readFileSync(join(lab, "LAB.md"), "utf8");
const problemsOf = (text: string) => readLabSettings(text, "UTC").problems;

test("a lab whose settings are right gets no page", async () => {
  assert.equal(await renewLabPage(lab, problemsOf("settle: 5s\n")), false);
  assert.ok(!existsSync(join(lab, "LAB.md")));
});

test("a mistake is told with its line and the right spelling, and goes when it is mended", async () => {
  await renewLabPage(lab, problemsOf("quiet: 5s\nsetle: 5s\n"));
  assert.match(page(), /^> \*\*problem\*\* nightlab\.yaml, line 2: .*did you mean `settle`/m);
  assert.equal(await renewLabPage(lab, problemsOf("quiet: 5s\nsetle: 5s\n")), false);
  await renewLabPage(lab, []);
  assert.doesNotMatch(page(), /problem\*\*/);
});

test("a page that a person wrote stays, below what nightlab says", async () => {
  const own = "# My lab\n\nWhat we do here.\n";
  writeFileSync(join(lab, "LAB.md"), own);
  await renewLabPage(lab, []);
  assert.equal(page(), own);
  await renewLabPage(lab, problemsOf("nope: 1\n"));
  assert.match(page(), /nope/);
  assert.ok(page().endsWith(own));
  await renewLabPage(lab, []);
  assert.doesNotMatch(page(), /nope/);
  assert.ok(page().endsWith(own));
});
