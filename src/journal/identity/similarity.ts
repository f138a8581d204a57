// Whether one command's text may have come from another by editing it.
// It decides nothing by itself: align.ts asks it where only the position speaks.

/** Same verb and target, or half of their words in common, or one the beginning of the other. */
export function similarCommands(a: string, b: string): boolean {
  const wordsA = words(a);
  const wordsB = words(b);
  if (wordsA.length === 0 || wordsB.length === 0) return false;
  const flatA = wordsA.join(" ");
  const flatB = wordsB.join(" ");
  if (flatA.startsWith(flatB) || flatB.startsWith(flatA)) return true;
  if (wordsA.slice(0, 2).join(" ") === wordsB.slice(0, 2).join(" ")) return true;
  const inB = new Set(wordsB);
  // The verb says little: nearly every command is a `run:`.
  const common = [...new Set(wordsA.slice(1))].filter((word) => inB.has(word)).length;
  return 2 * common >= Math.min(wordsA.length, wordsB.length) && common > 0;
}

/** Words of a command, fence lines and list markers left out. */
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
