// Whether a line that is new in a journal may start: only how it came there decides. One row each,
// from the top; docs/journal.md has the same table. How long it must stand first is in settle.ts.
import type { JournalOrigin } from "../domain/event.ts";
import type { LabTrust } from "../domain/lab-settings.ts";
import { editHold, folderCopyHold, HOLDS } from "./hold-reasons.ts";

/** How a line came into its journal. */
export interface Coming {
  /** It is an edit of a command that waits or is held, and not a line of its own. */
  readonly edited: boolean;
  /** The receipt of another command stands below it. */
  readonly copied: boolean;
  /** The command that it was made out of, which has started and lost its receipt. */
  readonly editOf: { readonly id: string; readonly state: string } | undefined;
  /** The same save brought receipts of another journal. */
  readonly brought: boolean;
  readonly origin: JournalOrigin | undefined;
  readonly trust: LabTrust;
  /** The experiment that this folder was copied from, where the line stood at that time. */
  readonly copyOf: string | undefined;
  /** The journal's first text: it came with its folder, stood there, or was typed into an empty one. */
  readonly first: FirstText | undefined;
}

export type FirstText = "arrived" | "stood" | "typed";

/** `settle`: it starts once it has stood for the time of its form (settle.ts). */
export type Verdict =
  | { readonly kind: "hold"; readonly reason: string }
  | { readonly kind: "settle" | "at-once" | "first-text" };

export interface StartRow {
  /** The row of the table: how it came, and what follows. */
  readonly came: string;
  readonly follows: string;
  /** Undefined where the row does not fit. */
  readonly verdict: (coming: Coming) => Verdict | undefined;
}

const hold = (reason: string): Verdict => ({ kind: "hold", reason });

export const START_RULE: readonly StartRow[] = [
  {
    came: "together with the receipt of another command",
    follows: "held",
    verdict: ({ copied }) => (copied ? hold(HOLDS.copied) : undefined),
  },
  {
    came: "made out of a command that has run and whose receipt is gone: edited, split, joined",
    follows: "held: an edit of that command; run it?",
    verdict: ({ editOf }) => (editOf === undefined ? undefined : hold(editHold(editOf))),
  },
  {
    came: "in a save that brought receipts of another journal as well",
    follows: "held",
    verdict: ({ brought }) => (brought ? hold(HOLDS.brought) : undefined),
  },
  {
    came: "by a checkout of another branch, a reset, a rebase or a stash",
    follows: "held",
    verdict: ({ origin }) => (origin === "checkout" ? hold(HOLDS.checkout) : undefined),
  },
  {
    came: "in a lab that was neither made nor trusted on this machine",
    follows: "held",
    verdict({ trust, edited, origin }) {
      const isOwnEdit = edited && origin === undefined;
      return trust.trusted || isOwnEdit ? undefined : hold(HOLDS.untrusted);
    },
  },
  {
    came: "by a pull, a merge or another commit that git brought",
    follows:
      "starts at once, as its form says; held where the lab's `arrivals` are ([security.md](security.md#labs-from-elsewhere))",
    verdict({ origin, trust }) {
      if (origin !== "commit") return undefined;
      return trust.arrivals === "hold" ? hold(HOLDS.arrived) : { kind: "at-once" };
    },
  },
  {
    came: "with its folder, a copy of another experiment's",
    follows: "held; below the receipt of the original nothing happens at all",
    verdict: ({ copyOf }) => (copyOf === undefined ? undefined : hold(folderCopyHold(copyOf))),
  },
  {
    came: "with its folder: a clone, an archive, a copy; or before nightlab knew the journal",
    follows: "held, with one more box that starts all of it",
    verdict({ first }) {
      if (first === "arrived") return hold(HOLDS.withFolder);
      return first === "stood" ? hold(HOLDS.foreign) : undefined;
    },
  },
  {
    came: "with the first text of a journal in a folder that had stood empty",
    follows: "starts after 30 s",
    verdict: ({ first }) => (first === "typed" ? { kind: "first-text" } : undefined),
  },
  {
    came: "by a save in a journal that nightlab follows, or that `nightlab new` made",
    follows: "starts as its form says",
    verdict: () => ({ kind: "settle" }),
  },
];

/** What follows for a line that came so. */
export function mayStart(coming: Coming): Verdict {
  for (const { verdict } of START_RULE) {
    const answer = verdict(coming);
    if (answer !== undefined) return answer;
  }
  return hold(HOLDS.foreign);
}
