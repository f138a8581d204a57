// What a write of a journal does to the disk, one operation a step: journal-file.ts and
// journal-swap.ts say in which order. Another disk can be given to them: one that lacks leases or
// the exchange of names, or that is slow.
import { constants, linkSync, renameSync, unlinkSync, type Stats } from "node:fs";
import { open, rename } from "node:fs/promises";
import { syncFolder } from "../os/atomic-write.ts";
import { systemErrorCode } from "../os/error-code.ts";
import { copyAttributes, exchangeNames } from "../os/native.ts";
import { failure, type ReplaceResult } from "./replace-result.ts";
import { saveIntent, type WriteIntent } from "./write-intents.ts";

export interface JournalDisk {
  /** Whether files are read under a lease, which shows at once that somebody saves them. */
  readonly leases: boolean;
  /** Pause between two equal reads where there is no lease, in ms; by default EQUAL_READS_MS. */
  readonly equalReadsMs?: number;
  readonly saveIntent: typeof saveIntent;
  /** Writes the new text beside the old, as a file like it; resolves to what went wrong. */
  readonly writeTemp: (
    intent: WriteIntent,
    bytes: Buffer,
    old: Stats,
  ) => Promise<ReplaceResult | undefined>;
  readonly exchange: (intent: WriteIntent) => ReturnType<typeof exchangeNames>;
  /** These three throw the system's error. */
  readonly renameAside: (intent: WriteIntent) => void;
  readonly linkTemp: (intent: WriteIntent) => void;
  readonly unlinkTemp: (intent: WriteIntent) => void;
  readonly syncFolder: typeof syncFolder;
  /** Moves the replaced file to the kept versions. */
  readonly park: (left: string, parked: string) => Promise<void>;
}

/** The disk of this machine, with all that it offers. */
export const JOURNAL_DISK: JournalDisk = {
  leases: true,
  saveIntent,
  writeTemp,
  exchange: ({ target, temp }) => exchangeNames(target, temp),
  renameAside: ({ target, aside }) => renameSync(target, aside),
  linkTemp: ({ temp, target }) => linkSync(temp, target),
  unlinkTemp: ({ temp }) => unlinkSync(temp),
  syncFolder,
  park: rename,
};

/** With the mode, owner and attributes of the old. */
async function writeTemp(
  intent: WriteIntent,
  bytes: Buffer,
  old: Stats,
): Promise<ReplaceResult | undefined> {
  const { target, temp } = intent;
  try {
    const file = await open(temp, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      const made = await file.stat();
      if (made.uid !== old.uid || made.gid !== old.gid) {
        const why = `Cannot write into ${target}: its owner or group could not be kept`;
        const isKept = await file.chown(old.uid, old.gid).then(
          () => true,
          // Any failure: the write is refused, and says so.
          () => false,
        );
        if (!isKept) return { kind: "refused", why };
      }
      await file.chmod(old.mode & 0o7777);
      const lost = await copyAttributesOf(target, file.fd);
      if (lost.length > 0) {
        const why = `Cannot write into ${target}: its attributes ${lost.join(", ")} would be lost`;
        return { kind: "refused", why };
      }
      await file.sync();
      return undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EROFS") {
      return { kind: "refused", why: `Cannot write into ${target}: its disk is read-only` };
    }
    return failure(target, code);
  }
}

async function copyAttributesOf(target: string, to: number): Promise<readonly string[]> {
  const old = await open(target, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return copyAttributes(old.fd, to);
  } finally {
    await old.close();
  }
}
