import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { labPages, type LabPages } from "../../src/effects/daemon/lab-page.ts";
import { labPath, type LabPath } from "../../src/base/ids.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { PageBlock } from "../../src/base/page-signature.ts";
import { readLabSettings } from "../../src/settings/lab.ts";

const QUIET_MS = 150;

let lab: LabPath;
let pages: LabPages;
beforeEach(() => {
  lab = labPath(realpathSync(mkdtempSync(join(tmpdir(), "nightlab lab 'x' "))));
  pages = openPages();
});
afterEach(async () => {
  await pages.close();
  rmSync(lab, { recursive: true, force: true });
});

function openPages(): LabPages {
  return labPages({
    warn: (message, facts) => assert.fail(`${message} ${JSON.stringify(facts)}`),
    quietMs: () => QUIET_MS,
    now: Date.now,
    stateOf: (of) => join(of, "state"),
  });
}

const file = (): string => join(lab, "LAB.md");
const page = (): string => (existsSync(file()) ? readFileSync(file(), "utf8") : "");
const problemsOf = (text: string): readonly Problem[] => readLabSettings(text, "UTC").problems;
const night = (...lines: readonly string[]): readonly PageBlock[] =>
  lines.map((text, i) => ({ key: `night.${i}`, text }));
const RIGHT: readonly Problem[] = [];

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `${what}:\n${page()}`);
    await pause(5);
  }
}

/** Long enough for a look that would write. */
const rest = (): Promise<void> => pause(4 * QUIET_MS);

test("a lab whose settings are right and whose nights are quiet gets no page", async () => {
  void pages.show(lab, RIGHT, []);
  await rest();
  assert.ok(!existsSync(file()));
});

test("a mistake is told with its line and the right spelling, and goes when it is mended", async () => {
  void pages.show(lab, problemsOf("quiet: 5s\nsetle: 5s\n"), []);
  await until("the mistake stands there", () =>
    /^> \*\*problem\*\* nightlab\.yaml, line 2: .*did you mean `settle`/m.test(page()),
  );
  void pages.show(lab, RIGHT, []);
  await until("it is gone", () => page() !== "" && !page().includes("problem**"));
});

test("what is wanted next while the page is found as wanted before is written all the same", async () => {
  writeFileSync(file(), "# My lab\n");
  await pages.show(lab, RIGHT, []);
  void pages.show(lab, RIGHT, night("## The night", "- done"));
  await until("the night is told", () => page().includes("- done"));
});

test("a page that a person wrote stays, below what nightlab says", async () => {
  const own = "# My lab\r\n\r\nWhat we do here, no newline at the end";
  writeFileSync(file(), own);
  void pages.show(lab, RIGHT, []);
  await rest();
  assert.equal(page(), own);
  void pages.show(lab, RIGHT, night("## The night", "- done"));
  await until("the night is told", () => page().includes("- done"));
  assert.ok(page().endsWith(own));
  assert.ok(page().indexOf("- done") < page().indexOf("My lab"));
  void pages.show(lab, RIGHT, night("## The next night", "- failed"));
  await until("the next one is", () => page().includes("- failed"));
  assert.ok(page().endsWith(own));
  assert.ok(!page().includes("- done"));
});

test("what a person changes in the night's part becomes theirs, and what they add stays", async () => {
  void pages.show(lab, RIGHT, night("## The night", "- done"));
  await until("it is told", () => page().includes("- done"));
  writeFileSync(
    file(),
    page()
      .replace("- done", "- done, but I doubt it")
      .replace("## The night", "## The night\n\nMine."),
  );
  await rest();
  assert.ok(page().includes("I doubt it"), "not written without news");
  assert.ok(!/^- done$/m.test(page()));
  void pages.show(lab, RIGHT, night("## The next night", "- failed"));
  await until("news came", () => page().includes("- failed"));
  assert.match(page(), /^- done, but I doubt it$/m);
  assert.match(page(), /^Mine\.$/m);
});

test("a page that was taken away, or emptied, comes back with the next news only", async () => {
  void pages.show(lab, RIGHT, night("- one"));
  const mark = join(lab, ".nightlab", "pages", "lab.mark");
  await until("it is told", () => page().includes("- one") && existsSync(mark));
  await pages.close();
  rmSync(file());
  pages = openPages();
  await pages.open(lab);
  void pages.show(lab, RIGHT, night("- one"));
  await rest();
  assert.ok(!existsSync(file()), "it was read, and thrown away");
  void pages.show(lab, RIGHT, night("- two"));
  await until("the next night is told", () => page().includes("- two"));
});

test("a crash between the fact and the write is made good at the next start", async () => {
  void pages.show(lab, RIGHT, night("- one"));
  await pages.close();
  rmSync(file(), { force: true });
  pages = openPages();
  await pages.open(lab);
  void pages.show(lab, RIGHT, night("- one"));
  await until("it is told", () => page().includes("- one"));
});

test("nothing is written while somebody saves, and an old copy saved over it is mended", async () => {
  writeFileSync(file(), "# Mine\n\nA\n");
  const writer = openSync(file(), "r+");
  void pages.show(lab, RIGHT, night("- one"));
  await rest();
  assert.ok(!page().includes("- one"));
  closeSync(writer);
  await until("it is told", () => page().includes("- one"));
  writeFileSync(file(), "# Mine\n\nA, and more\n");
  await until("the old copy got it again", () => page().includes("- one"));
  assert.match(page(), /A, and more/);
});

test("a save that lands in the page just replaced is merged with one that came after it", async () => {
  writeFileSync(file(), "# Mine\n\nfirst\n\nmiddle\n\nlast\n");
  void pages.show(lab, RIGHT, night("- one"));
  await until("it is told", () => page().includes("- one"));
  // An editor that had it open before writes into it, wherever its name is now.
  const kept = join(lab, ".nightlab", "kept");
  const parked = (): string | undefined =>
    readdirSync(kept, { recursive: true })
      .map(String)
      .find((name) => name.includes("displaced-"));
  await until("the old page waits for late saves", () => parked() !== undefined);
  writeFileSync(file(), page().replace("last", "last, after it"));
  const descriptor = openSync(join(kept, parked() ?? ""), "w");
  writeSync(descriptor, "# Mine\n\nfirst, late\n\nmiddle\n\nlast\n");
  closeSync(descriptor);
  await until("both are there", () => /first, late/.test(page()) && /last, after it/.test(page()));
  assert.equal(page().match(/- one/g)?.length, 1);
});

test("no line of somebody who saves again and again is lost, in place or by renaming", async () => {
  await pages.close();
  pages = labPages({
    warn: (message, facts) => assert.fail(`${message} ${JSON.stringify(facts)}`),
    quietMs: () => 0,
    now: Date.now,
    stateOf: (of) => join(of, "state"),
  });
  const lines = ["# Mine", ""];
  writeFileSync(file(), `${lines.join("\n")}\n`);
  let nights = 0;
  const timer = setInterval(() => {
    nights += 1;
    void pages.show(lab, RIGHT, night(`## Night ${nights}`, `- run ${nights}`));
  }, 7);
  try {
    // The buffer is what the file was when it was last loaded, now and then many saves ago.
    let buffer = page();
    for (let i = 0; i < 120; i += 1) {
      if (i % 3 === 0) buffer = page();
      buffer += `line ${i}\n`;
      if (i % 2 === 0) writeFileSync(file(), buffer);
      else {
        writeFileSync(join(lab, "LAB.md.tmp"), buffer);
        renameSync(join(lab, "LAB.md.tmp"), file());
      }
      await pause(i % 5 === 0 ? 25 : 3);
    }
  } finally {
    clearInterval(timer);
  }
  const all = Array.from({ length: 120 }, (_, i) => `line ${i}`);
  const missing = (): readonly string[] => {
    const there = new Set(page().split("\n"));
    return all.filter((line) => !there.has(line));
  };
  await until("the last night is told, and nothing is lost", () => {
    return page().includes(`- run ${nights}\n`) && missing().length === 0;
  });
  assert.ok(nights > 20, "the page was renewed many times meanwhile");
});
