// A journal between the daemon's writes and the saves of editors, as journal-handlers.ts has it, but
// with texts in place of files.
import { hashText } from "../src/base/ids.ts";
import { receiptBlockHash } from "../src/base/receipt-block.ts";
import { ConcurrentSaves, type Understood } from "../src/effects/journal-store/concurrent-saves.ts";
import { MergeBases } from "../src/effects/journal-store/merge-bases.ts";
import { keepVersion } from "../src/effects/journal-store/version-store.ts";
import { createJournalReader, readJournal } from "../src/journal/read/read.ts";

export interface JournalOfSaves {
  /** Hashes of the receipts that were written. */
  readonly rendered: Set<string>;
  /** An editor saves; returns what the journal says then. */
  readonly save: (text: string) => Promise<Understood>;
  /** The daemon writes a text, with the receipts in it. */
  readonly write: (text: string) => Promise<void>;
}

/** @param dir an empty folder for the kept versions */
export function journalOfSaves(dir: string): JournalOfSaves {
  const rendered = new Set<string>();
  const mergeBases = new MergeBases(dir, () => rendered);
  const saves = new ConcurrentSaves({
    reader: createJournalReader(),
    mergeBases,
    rendered: () => rendered,
    keep: async (text) => await keepVersion(dir, text, { told: true }),
  });
  let mtimeMs = 1_000;
  const save = async (text: string): Promise<Understood> => {
    const hash = hashText(text);
    mtimeMs += 1_000;
    const known = await mergeBases.knows(hash);
    await keepVersion(dir, text, { hash });
    return await saves.read({ text, hash, mtimeMs, proved: true, known, byGit: false });
  };
  return {
    rendered,
    save,
    async write(text) {
      for (const { receipt } of readJournal(text).blocks) {
        for (const { normal } of receipt?.blocks ?? []) rendered.add(receiptBlockHash(normal));
      }
      await saves.written(text, hashText(text));
      await save(text);
    },
  };
}
