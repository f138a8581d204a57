// The disk that journals are written to. With NIGHTLAB_TEST_WRITING in the environment it is one
// that offers less, or is slow at the worst moments: so the daemon is tested as a whole.
import { defined } from "../../base/defined.ts";
import { JOURNAL_DISK, type JournalDisk } from "../journal-store/journal-disk.ts";

/**
 * The disk by a value such as `no-leases no-exchange equal-reads=5 pause=20` (milliseconds); unknown
 * words are ignored. Without a value, all that the system offers.
 */
export function journalDisk(value: string | undefined): JournalDisk {
  const words = new Set((value ?? "").split(/\s+/));
  const number = (name: string): number | undefined => {
    const word = [...words].find((one) => one.startsWith(`${name}=`));
    const ms = Number(word?.slice(name.length + 1));
    return Number.isFinite(ms) && ms >= 0 && ms <= 1_000 ? ms : undefined;
  };
  const { exchange, renameAside, linkTemp } = JOURNAL_DISK;
  const late = afterPause(number("pause") ?? 0);
  return {
    ...JOURNAL_DISK,
    ...defined({ equalReadsMs: number("equal-reads") }),
    leases: !words.has("no-leases"),
    exchange: words.has("no-exchange") ? () => "unsupported" : late(exchange),
    renameAside: late(renameAside),
    linkTemp: late(linkTemp),
  };
}

/** Blocks before a step: between the last check and the renames, and between two renames. */
function afterPause(ms: number): <A, B>(step: (given: A) => B) => (given: A) => B {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return (step) => (given) => {
    if (ms > 0) Atomics.wait(cell, 0, 0, ms);
    return step(given);
  };
}
