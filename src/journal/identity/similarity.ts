// Whether one command's text may be an edit of another's. A heuristic: align.ts uses it only where
// position is the only other evidence.

/**
 * Whether two command sources are similar: same verb and target, at least half of the shorter one's
 * words in common, or one a prefix of the other. Fences and list markers do not count.
 */
export function similarCommands(a: string, b: string): boolean {
  const wordsA = words(a);
  const wordsB = words(b);
  if (wordsA.length === 0 || wordsB.length === 0) return false;
  const flatA = wordsA.join(" ");
  const flatB = wordsB.join(" ");
  if (flatA.startsWith(flatB) || flatB.startsWith(flatA)) return true;
  if (wordsA.slice(0, 2).join(" ") === wordsB.slice(0, 2).join(" ")) return true;
  const inB = new Set(wordsB);
  // The verb is no evidence: nearly every command is a `run:`.
  const common = [...new Set(wordsA.slice(1))].filter((word) => inB.has(word)).length;
  return 2 * common >= Math.min(wordsA.length, wordsB.length) && common > 0;
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
