// Whether one command's text may be an edit of another's. A heuristic: align.ts uses it only where
// position is the only other evidence.

/**
 * Returns a test whether two command sources are similar: same verb and target, at least half of
 * the shorter one's words in common, or one a prefix of the other. Fences and list markers do not
 * count. Each source is split once.
 */
export function similarity(): (a: string, b: string) => boolean {
  const known = new Map<string, Words>();
  const split = (source: string): Words => {
    const found = known.get(source) ?? wordsOf(source);
    known.set(source, found);
    return found;
  };
  return (a, b) => areSimilar(split(a), split(b));
}

interface Words {
  readonly flat: string;
  readonly count: number;
  /** Verb and target. */
  readonly head: string;
  /** Without the verb, which is no evidence: nearly every command is a `run:`. */
  readonly rest: ReadonlySet<string>;
}

function wordsOf(source: string): Words {
  const all = words(source);
  const head = all.slice(0, 2).join(" ");
  return { flat: all.join(" "), count: all.length, head, rest: new Set(all.slice(1)) };
}

function areSimilar(a: Words, b: Words): boolean {
  if (a.count === 0 || b.count === 0) return false;
  if (a.flat.startsWith(b.flat) || b.flat.startsWith(a.flat)) return true;
  if (a.head === b.head) return true;
  let common = 0;
  for (const word of a.rest) if (b.rest.has(word)) common += 1;
  return 2 * common >= Math.min(a.count, b.count) && common > 0;
}

/** Whether two commands have a word in common, the verb and the keys of a block left out. */
export function shareWord(a: string, b: string): boolean {
  const inA = new Set(wordsBehindVerb(a));
  return wordsBehindVerb(b).some((word) => inA.has(word));
}

/** What a command says behind its verb, word by word; keys of a block (`timeout:`) are none. */
export function wordsBehindVerb(source: string): readonly string[] {
  return words(source).filter((word) => !word.endsWith(":") && word !== "!");
}

/** Words of a command without fence lines, list markers and boxes. */
function words(source: string): readonly string[] {
  return source
    .split(/\r\n|\n|\r/)
    .filter((line) => !/^\s*(`{3,}|~{3,})/.test(line))
    .join(" ")
    .replace(/^\s*(?:[-*+]|\d{1,9}[.)])\s+/, "")
    .replace(/^\[[ xX]\]\s+/, "")
    .split(/\s+/)
    .filter((word) => word !== "");
}
