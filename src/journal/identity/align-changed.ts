// The fast path of alignment for long journals: commands above and below a change that are
// certainly unchanged are paired directly, and only the rest between them goes through align.ts.
import type { CommandId } from "../../base/ids.ts";
import { alignCommands, type Alignment, type AlignmentInput, type FoundPlace } from "./align.ts";

/** The same result as `alignCommands`, faster where only a small part of the journal changed. */
export function alignChanged(input: AlignmentInput): Alignment {
  const { known, found } = input;
  const { head, tail, present } = equalEnds(input);
  if (head + tail === 0) return alignCommands(input);
  const middle = alignCommands({
    ...input,
    known: [...known.slice(head, present - tail), ...known.slice(present)],
    found: found.slice(head, found.length - tail),
  });
  const ends = new Map<string, CommandId>();
  for (let i = 0; i < head + tail; i += 1) {
    const at = i < head ? i : found.length - tail + i - head;
    const [place, command] = [found[at]?.place, known[i < head ? i : at - found.length + present]];
    if (place !== undefined && command !== undefined) ends.set(place, command.id);
  }
  return { ...middle, placed: new Map([...ends, ...middle.placed]) };
}

/**
 * How many commands at the beginning and at the end are certainly the known ones. A pair is certain
 * if text, form and heading are the same and it has its own receipt, or none and its text occurs
 * only once. None of them may be named by a receipt in between. `known` lists the `present`
 * commands first, then the absent ones; in any other order nothing is certain.
 */
function equalEnds({ known, found }: AlignmentInput): {
  head: number;
  tail: number;
  present: number;
} {
  const firstAbsent = known.findIndex(({ absent }) => absent);
  const present = firstAbsent === -1 ? known.length : firstAbsent;
  if (known.slice(present).some(({ absent }) => !absent)) return { head: 0, tail: 0, present };
  const isRepeated = repeatedTexts([...known, ...found]);
  const certain = (i: number, j: number): boolean => {
    const [command, place] = [known[i], found[j]];
    if (command === undefined || place === undefined) return false;
    const { receiptId } = place;
    const own =
      receiptId === command.id || (receiptId === undefined && !isRepeated(place.canonical));
    const same = command.canonical === place.canonical && command.heading === place.heading;
    return own && same && command.form === place.form;
  };
  const most = Math.min(present, found.length);
  let head = 0;
  while (head < most && certain(head, head)) head += 1;
  let tail = 0;
  while (tail < most - head && certain(present - 1 - tail, found.length - 1 - tail)) tail += 1;
  // Do not split a block: its receipt may name any of its lines.
  while (head > 0 && blockAt(found, head) === blockAt(found, head - 1)) head -= 1;
  while (
    tail > 0 &&
    blockAt(found, found.length - tail) === blockAt(found, found.length - tail - 1)
  )
    tail -= 1;
  const between = new Set(found.slice(head, found.length - tail).map(({ receiptId }) => receiptId));
  const ends = [...known.slice(0, head), ...known.slice(present - tail, present)];
  const named = ends.some(({ id }) => between.has(id));
  return named ? { head: 0, tail: 0, present } : { head, tail, present };
}

/**
 * Whether a text occurs more than once on a side: then order alone cannot tell the copies apart.
 */
function repeatedTexts(
  all: readonly { readonly canonical: string }[],
): (canonical: string) => boolean {
  const times = new Map<string, number>();
  for (const { canonical } of all) times.set(canonical, (times.get(canonical) ?? 0) + 1);
  return (canonical) => (times.get(canonical) ?? 0) > 2;
}

const blockAt = (found: readonly FoundPlace[], at: number): string | undefined =>
  found[at] === undefined ? undefined : found[at].place.split(".")[0];
