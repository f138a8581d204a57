// Identity: which command of the last version is where in this one, and which commands are new. It
// looks at no run: scheduler/align-journal.ts decides what follows (start, hold, cancel).
import type { CommandId } from "../../base/ids.ts";
import type { CommandForm } from "../../domain/journal.ts";
import { alignInOrder, longestChain, type AlignedPair } from "./align-order.ts";
import { similarity, wordsBehindVerb } from "./similarity.ts";

/** Commands are compared word by word only at most this many positions apart: it is quadratic. */
const ALIGN_SIMILAR_REACH = 50;

/** A command that the world knows, as it was in the last version. */
export interface KnownPlace {
  readonly id: CommandId;
  readonly canonical: string;
  readonly source: string;
  readonly form?: CommandForm;
  readonly heading: string;
  /** Headings that it was below earlier. */
  readonly earlierHeadings?: readonly string[];
  readonly started: boolean;
  /** Its receipt has been written into this journal. */
  readonly receiptShown: boolean;
  /** It was not in the last version. */
  readonly absent: boolean;
  /**
   * Absent for longer than a cut waits for its paste. The same command under another heading is
   * then a new one; otherwise it would be this one.
   */
  readonly longAbsent?: boolean;
  /** How the last version had it, or the one of a moment ago: it may have been edited since. */
  readonly last?: { readonly canonical: string; readonly source: string };
}

/** A command as it is written in the new version. */
export interface FoundPlace {
  /** `block.command`: its indices in the reading, from 0. */
  readonly place: string;
  readonly canonical: string;
  readonly source: string;
  readonly form?: CommandForm;
  readonly heading: string;
  /** Id in the block's receipt, from the head line with the same index as the command. */
  readonly receiptId?: string;
}

export interface AlignmentInput {
  /** In the order of the last version. */
  readonly known: readonly KnownPlace[];
  /** In the order of this version. */
  readonly found: readonly FoundPlace[];
  /** Ids in receipts of this version that stand below no command. */
  readonly detached?: () => ReadonlySet<string>;
}

export interface Alignment {
  /** The known command at each place that has one. */
  readonly placed: ReadonlyMap<string, CommandId>;
  /** Placed commands whose text differs from the known one. */
  readonly edited: readonly {
    readonly place: string;
    readonly id: CommandId;
    readonly afterStart: boolean;
  }[];
  /** Copied together with a receipt whose command is elsewhere: new, and to be held. */
  readonly copied: readonly string[];
  /** Places of new commands. */
  readonly fresh: readonly string[];
  /**
   * Of the new ones, those made out of a command that has started: its text is gone in this very
   * version, and they share a word with it. By place.
   */
  readonly descendants: ReadonlyMap<string, CommandId>;
  /** Placed commands that moved, or that came back. */
  readonly moved: readonly CommandId[];
  /** Known commands that are not in this version. */
  readonly absent: readonly CommandId[];
  /** Places whose receipt has an id unknown here: another machine's command, never to start. */
  readonly unknown: readonly { readonly place: string; readonly id: string }[];
}

/**
 * Finds known commands again. Evidence in order of strength: the id in the receipt with the same
 * command, the same command in the same order, the same command elsewhere, the id with another
 * command, the same position. In doubt a place is a known command, not a new one: a new one would
 * start a run.
 */
export function alignCommands(input: AlignmentInput): Alignment {
  const state = openAlignment(input);
  byReceipt(state);
  byOrder(state);
  byCommand(state);
  byReceiptOfEdited(state);
  byPosition(state);
  return result(state);
}

/** The alignment so far; each pass below adds pairs to it. */
interface State {
  readonly known: readonly KnownPlace[];
  readonly found: readonly FoundPlace[];
  readonly detached: () => ReadonlySet<string>;
  readonly indexOf: ReadonlyMap<string, number>;
  /** Ids in each block's receipt. */
  readonly idsOfBlock: ReadonlyMap<string, readonly string[]>;
  /** The pairs so far, in both directions: found index to known index, and known to found. */
  readonly knownAt: Map<number, number>;
  readonly foundAt: Map<number, number>;
  /** Known indices that were paired by the command's text alone. */
  readonly moved: Set<number>;
  /** Pairs in the same order on both sides; later passes look between them. */
  anchors: readonly AlignedPair[];
}

function openAlignment({ known, found, detached }: AlignmentInput): State {
  const idsOfBlock = new Map<string, string[]>();
  for (const { place, receiptId } of found) {
    const ids = idsOfBlock.get(blockOf(place)) ?? [];
    if (receiptId !== undefined) ids.push(receiptId);
    idsOfBlock.set(blockOf(place), ids);
  }
  return {
    known,
    found,
    detached: detached ?? (() => new Set()),
    indexOf: new Map(known.map(({ id }, i) => [id, i])),
    idsOfBlock,
    knownAt: new Map(),
    foundAt: new Map(),
    moved: new Set(),
    anchors: [],
  };
}

const blockOf = (place: string): string => place.split(".")[0] ?? place;

function pair(state: State, known: number, found: number): void {
  state.foundAt.set(known, found);
  state.knownAt.set(found, known);
}

/** Same id in the receipt and same command. Of several copies the one in order wins. */
function byReceipt(state: State): void {
  const { known, found, indexOf, idsOfBlock } = state;
  const claims = found.flatMap((place, at) => {
    const ids = new Set([place.receiptId, ...(idsOfBlock.get(blockOf(place.place)) ?? [])]);
    return [...ids].flatMap((id) => {
      const index = indexOf.get(id ?? "");
      const command = index === undefined ? undefined : known[index];
      if (index === undefined || command?.canonical !== place.canonical) return [];
      const weight =
        2 * Number(command.heading === place.heading) +
        2 * Number(id === place.receiptId) +
        Number(looksAlike(command, place)) +
        4;
      return [{ left: index, found: at, weight, present: !command.absent }];
    });
  });
  const inOrder = claims.filter(({ present }) => present);
  const anchors: AlignedPair[] = [];
  for (const i of longestChain(inOrder)) {
    const claim = inOrder[i];
    if (claim === undefined || state.knownAt.has(claim.found)) continue;
    pair(state, claim.left, claim.found);
    anchors.push([claim.left, claim.found]);
  }
  state.anchors = anchors;
  // What is left are moved blocks; of two claims to one id the heavier wins.
  for (const { left, found: at } of claims.toSorted((a, b) => b.weight - a.weight)) {
    if (!state.foundAt.has(left) && !state.knownAt.has(at)) pair(state, left, at);
  }
}

/** The id in its receipt, unless another line of the same block was paired with that id. */
function claimOf({ found, indexOf, foundAt }: State, at: number): string | undefined {
  const place = found[at];
  const index = indexOf.get(place?.receiptId ?? "");
  const holder = index === undefined ? undefined : found[foundAt.get(index) ?? -1];
  if (place === undefined || holder === undefined || holder === place) return place?.receiptId;
  return blockOf(holder.place) === blockOf(place.place) ? undefined : place.receiptId;
}

/** The same command in order, between anchors; of equal ones the one with the same source text. */
function byOrder(state: State): void {
  alignGaps(state, 15, ({ command, place, claimed }) => {
    if (command.canonical !== place.canonical) return 0;
    const heading = Number(command.heading === place.heading);
    return (claimed ? 8 : 12) + 2 * heading + Number(looksAlike(command, place));
  });
}

const wasBelow = ({ heading, earlierHeadings = [] }: KnownPlace, place: FoundPlace): boolean =>
  heading === place.heading || earlierHeadings.includes(place.heading);

/** Equal commands may be written differently: as a task with a box, or with a ` !`. */
const looksAlike = (command: KnownPlace, place: FoundPlace): boolean =>
  command.source === place.source && command.form === place.form;

/** The same command elsewhere: moved without its receipt, or back after an undo. */
function byCommand(state: State): void {
  const { known, found, indexOf, foundAt, knownAt } = state;
  const free = new Map<string, number[]>();
  known.forEach(({ canonical }, i) => {
    if (foundAt.has(i)) return;
    const equal = free.get(canonical);
    if (equal === undefined) free.set(canonical, [i]);
    else equal.push(i);
  });
  for (const sameHeading of [true, false]) {
    for (const absent of [false, true]) {
      found.forEach((place, at) => {
        const claim = claimOf(state, at);
        const copied = claim !== undefined && foundAt.has(indexOf.get(claim) ?? -1);
        if (knownAt.has(at) || copied) return;
        const candidates = free.get(place.canonical) ?? [];
        let best = -1;
        for (const [nth, i] of candidates.entries()) {
          const command = known[i];
          if (command?.absent !== absent) continue;
          if (!wasBelow(command, place) && (sameHeading || command.longAbsent === true)) continue;
          const alike = looksAlike(command, place);
          if (best === -1 || alike) best = nth;
          if (alike) break;
        }
        const index = candidates[best];
        if (index === undefined) return;
        candidates.splice(best, 1);
        pair(state, index, at);
        state.moved.add(index);
      });
    }
  }
}

/** Same id in the receipt, but the command was edited. */
function byReceiptOfEdited(state: State): void {
  state.found.forEach((_, at) => {
    const index = state.indexOf.get(claimOf(state, at) ?? "");
    if (index === undefined || state.foundAt.has(index) || state.knownAt.has(at)) return;
    pair(state, index, at);
  });
}

/**
 * Edited and without a receipt below it: the same position, and either a similar command or one
 * whose receipt was never shown, so that its author could not know that it was accepted already.
 * One that has started must still have its receipt, torn off and further down; where that is gone
 * as well, the edit is a descendant.
 */
function byPosition(state: State): void {
  const similar = similarity();
  const isOpen = ({ started, receiptShown }: KnownPlace, i: number): boolean =>
    started && receiptShown && !state.foundAt.has(i);
  const detached: ReadonlySet<string> = state.known.some(isOpen) ? state.detached() : new Set();
  alignGaps(state, 3, ({ command, place, claimed, apart }) => {
    if (claimed) return 0;
    if (command.started && command.receiptShown) {
      const isTornOff = detached.has(command.id) && apart <= ALIGN_SIMILAR_REACH;
      return isTornOff && wordsOf(command).some((word) => behindVerb(place).includes(word)) ? 3 : 0;
    }
    if (apart <= ALIGN_SIMILAR_REACH && similar(command.source, place.source)) return 3;
    return command.receiptShown ? 0 : 1;
  });
}

interface Candidates {
  readonly command: KnownPlace;
  readonly place: FoundPlace;
  /** The receipt at the place names a command. */
  readonly claimed: boolean;
  /** Distance of the two positions, counted in unpaired commands. */
  readonly apart: number;
}

/** Aligns the unpaired commands between each two anchors; pairs found become anchors themselves. */
function alignGaps(state: State, best: number, weight: (both: Candidates) => number): void {
  const { known, found } = state;
  const claimed = found.map((_, at) => claimOf(state, at) !== undefined);
  const anchors: AlignedPair[] = [];
  let previous: AlignedPair = [-1, -1];
  for (const anchor of [...state.anchors, [known.length, found.length] as const]) {
    const commands = range(previous[0] + 1, anchor[0]).filter(
      (i) => !state.foundAt.has(i) && known[i]?.absent === false,
    );
    const places = range(previous[1] + 1, anchor[1]).filter((i) => !state.knownAt.has(i));
    const weigh = (i: number, j: number): number => {
      const at = places[j] ?? -1;
      const command = known[commands[i] ?? -1];
      const place = found[at];
      if (command === undefined || place === undefined) return 0;
      return weight({ command, place, claimed: claimed[at] === true, apart: Math.abs(i - j) });
    };
    for (const [i, j] of alignInOrder(commands.length, places.length, weigh, best)) {
      const left = commands[i];
      const right = places[j];
      if (left === undefined || right === undefined) continue;
      pair(state, left, right);
      anchors.push([left, right]);
    }
    anchors.push(anchor);
    previous = anchor;
  }
  state.anchors = anchors.slice(0, -1);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function result(state: State): Alignment {
  const { known, found, indexOf, knownAt, foundAt } = state;
  const placed = new Map<string, CommandId>();
  const edited: Alignment["edited"][number][] = [];
  const copied: string[] = [];
  const fresh: string[] = [];
  const unknown: Alignment["unknown"][number][] = [];
  found.forEach((place, at) => {
    const command = known[knownAt.get(at) ?? -1];
    const claim = claimOf(state, at);
    if (command !== undefined) {
      placed.set(place.place, command.id);
      if (command.canonical !== place.canonical) {
        edited.push({ place: place.place, id: command.id, afterStart: command.started });
      }
    } else if (claim === undefined) fresh.push(place.place);
    else if (indexOf.has(claim)) copied.push(place.place);
    else unknown.push({ place: place.place, id: claim });
  });
  const absent = known.flatMap(({ id }, i) => (foundAt.has(i) ? [] : [id]));
  const moved = [...state.moved].flatMap((i) => known[i]?.id ?? []);
  const descendants = descendantsOf(state, fresh);
  return { placed, edited, copied, fresh, descendants, moved, absent, unknown };
}

/** The words of a command as it ran, and as it stood last. */
const wordsOf = ({ source, last }: KnownPlace): readonly string[] => [
  ...wordsBehindVerb(source),
  ...wordsBehindVerb(last?.source ?? ""),
];

const behindVerb = ({ source }: FoundPlace): readonly string[] => wordsBehindVerb(source);

/**
 * For each new place the started command that it was made out of: one whose text has just gone, or
 * was edited right beside it, and which shares a word with it.
 */
function descendantsOf(
  { known, found, foundAt }: State,
  fresh: readonly string[],
): ReadonlyMap<string, CommandId> {
  if (fresh.length === 0) return new Map();
  const gone = new Map<string, Stretch[]>();
  known.forEach((command, i) => {
    const at = foundAt.get(i);
    const { last, id } = command;
    if (!command.started || last === undefined) return;
    if (at !== undefined && found[at]?.canonical === last.canonical) return;
    // Gone altogether, it may have become any line; edited in its place, the lines beside it.
    const stretch =
      at === undefined ? { id, from: -1, to: found.length } : { id, from: at - 2, to: at + 2 };
    for (const word of wordsOf(command)) {
      const stretches = gone.get(word);
      if (stretches === undefined) gone.set(word, [stretch]);
      else stretches.push(stretch);
    }
  });
  if (gone.size === 0) return new Map();
  const indices = new Map(found.map(({ place }, at) => [place, at]));
  const descendants = new Map<string, CommandId>();
  for (const place of fresh) {
    const at = indices.get(place) ?? -1;
    for (const word of wordsBehindVerb(found[at]?.source ?? "")) {
      const of = gone.get(word)?.find(({ from, to }) => from < at && at < to);
      if (of !== undefined) descendants.set(place, of.id);
    }
  }
  return descendants;
}

/** Where what was made out of a command may stand: between two places of this version. */
interface Stretch {
  readonly id: CommandId;
  readonly from: number;
  readonly to: number;
}
