// STATUS.md stands for a journal's receipts only as long as the journal cannot be written.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { JOURNAL_DISK } from "../../src/effects/journal-store/journal-disk.ts";
import { journalHandlers } from "../../src/effects/daemon/journal-handlers.ts";
import { experimentPath, hashText, labPath } from "../../src/base/ids.ts";
import { until } from "./journal-place.ts";

const BEFORE = "# Mine\n\nrun: a\n";

const nothing = (): void => undefined;

/** A journal that is written once; what was told meanwhile, and the page beside it. */
async function writtenOnce(page: string | undefined, person = ""): Promise<string | undefined> {
  const lab = labPath(mkdtempSync(join(tmpdir(), "nightlab-status-")));
  try {
    const experiment = experimentPath(join(lab, "exp"));
    mkdirSync(experiment);
    const path = join(experiment, "JOURNAL.md");
    const status = join(experiment, "STATUS.md");
    writeFileSync(path, BEFORE);
    let read = false;
    const hands = journalHandlers({
      post: ({ kind }) => (read ||= kind === "journal-read"),
      warn: nothing,
      note: nothing,
      now: Date.now,
      rendered: () => new Set(),
      troubles: { tell: nothing, close: async () => undefined },
      disk: { ...JOURNAL_DISK, leases: false, equalReadsMs: 20 },
      stateOf: () => join(lab, "state"),
    });
    await hands.open(lab);
    hands.touch(lab, experiment);
    await until("the journal is read", () => read);
    if (page !== undefined) {
      await hands["write-status-page"](
        { kind: "write-status-page", experiment, text: page },
        nothing,
      );
      writeFileSync(status, readFileSync(status, "utf8") + person);
    }
    await hands["write-journal"](
      {
        kind: "write-journal",
        experiment,
        basedOn: hashText(BEFORE),
        text: `${BEFORE}\n> **done** \`k7f3\`\n`,
      },
      nothing,
    );
    assert.match(readFileSync(path, "utf8"), /done/);
    await hands.close();
    return existsSync(status) ? readFileSync(status, "utf8") : undefined;
  } finally {
    rmSync(lab, { recursive: true, force: true, maxRetries: 5 });
  }
}

const PAGE =
  "# Status\n\nIt cannot be written: it is read-only\n\n## run: a\n\n**running** `k7f3`\n";

test("once the journal is written, the page beside it no longer says that it cannot be", async () => {
  const page = await writtenOnce(PAGE, "\nmy own words\n");
  assert.match(page ?? "", /receipts stand in the journal again/);
  assert.doesNotMatch(page ?? "", /running|read-only/);
  assert.match(page ?? "", /\nmy own words\n/);
});

test("a journal that could always be written gets no such page", async () => {
  assert.equal(await writtenOnce(undefined), undefined);
});
