// What the daemon does not read is told where a person looks: `status`, `doctor` and beside the
// journal, each with the way out, which is then taken.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openLab, type LabOptions, type TestLab } from "./lab.ts";

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function lab(options: Partial<LabOptions> = {}): Promise<TestLab> {
  const made = await openLab({ journal: "# Exp\n", ...options });
  open.push(made);
  return made;
}

const TEXT = "# Größe\n\nqueue: resume\n";
const isAnswered = (it: TestLab): boolean => /^> \*\*[a-z]+\*\* `/m.test(it.journal());

/** The page beside the journal, once it says so. */
async function statusPage(it: TestLab, says: RegExp): Promise<string> {
  const path = join(it.experiment, "STATUS.md");
  return await it.until(`STATUS.md says ${String(says)}`, () => {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return says.test(text) ? text : undefined;
  });
}

for (const encoding of ["latin1", "utf16le"] as const) {
  test(`a journal in ${encoding} is told, and read once the line that is told was called`, async () => {
    const it = await lab();
    writeFileSync(join(it.experiment, "JOURNAL.md"), Buffer.from(TEXT, encoding));
    await it.start();
    const page = await statusPage(it, /is not read/);
    const [line = ""] = /iconv .*/.exec(page) ?? [];
    const status = await it.nightlab("status");
    assert.match(status.stdout, /exp\/JOURNAL\.md is not read/);
    assert.ok(status.stdout.includes(line), status.stdout);
    execFileSync("sh", ["-c", line], { cwd: it.experiment });
    await it.until("it is answered", () => isAnswered(it));
    assert.ok(it.journal().startsWith(TEXT.trimEnd()));
    await statusPage(it, /None any more/);
    assert.doesNotMatch((await it.nightlab("status")).stdout, /not read/);
  });
}
