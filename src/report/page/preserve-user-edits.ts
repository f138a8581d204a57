// Renews a page and keeps what a person added to it, byte for byte and in its place.
// Ownership is proved by the seal alone (page-signature.ts); writing the file is effects/pages/pages.ts.
import {
  markOf,
  readSignature,
  signatureLength,
  signatureText,
  textMark,
  type PageBlock,
} from "../../base/page-signature.ts";

export type Renewed =
  | { readonly kind: "page"; readonly text: string }
  /** The page bears no seal: a person wrote it, and it stays as it is. */
  | { readonly kind: "not-ours" }
  /** Git left conflict markers in it: a person has to choose first. */
  | { readonly kind: "conflicted"; readonly line: number };

/** A person's lines and the sealed block that they stand behind; -1 is the top of the page. */
interface Part {
  readonly behind: number;
  readonly lines: readonly string[];
}

/** A stretch of lines in the present page: one sealed block, or somebody else's. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Index in the seal; undefined: not sealed. */
  readonly sealed?: number;
}

const SEAL = "seal";

/**
 * The page made of `blocks`, with every part that a person added to `current`. A sealed block
 * that somebody edited counts as a part: it stays, with the fresh block above it. Parts never
 * change their order; a part whose block is gone follows the nearest block above it.
 */
export function renewPage(current: string | undefined, blocks: readonly PageBlock[]): Renewed {
  const sealed = [...blocks, { key: SEAL, text: signatureText(blocks) }];
  if (current === undefined || current.trim() === "") {
    return { kind: "page", text: assemble(sealed, [], "") };
  }
  const bom = current.startsWith("\uFEFF") ? "\uFEFF" : "";
  const raw = current.slice(bom.length).split("\n");
  const lines = raw.map((line) => line.replace(/\r$/, ""));
  const conflict = lines.findIndex((line) => /^(?:<{7}|>{7})(?: |$)/.test(line));
  if (conflict >= 0) return { kind: "conflicted", line: conflict + 1 };

  const marks = signatureMarks(lines);
  if (marks === undefined) return { kind: "not-ours" };
  const stretches = stretchesOf(lines, marks);
  const parts = partsOf(raw, stretches, marks.texts.length);
  const placed = place(parts, marks.keys, sealed);
  const ending = raw[0]?.endsWith("\r") === true ? "\r" : "";
  return { kind: "page", text: bom + assemble(sealed, placed, ending) };
}

/** Whether the page's seal names just these blocks, wherever a person has put them since. */
export function isSignedWith(text: string, blocks: readonly PageBlock[]): boolean {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const marks = signatureMarks(lines);
  if (marks === undefined) return false;
  const wanted = [...blocks, { key: SEAL, text: signatureText(blocks) }].map(markOf);
  return (
    marks.texts.length === wanted.length &&
    wanted.every(({ key, text: mark }, i) => marks.keys[i] === key && marks.texts[i] === mark)
  );
}

/** All sealed blocks, the seal itself last, and the line (from 0) on which the seal begins. */
interface PageSignature {
  readonly keys: readonly string[];
  readonly texts: readonly string[];
  readonly at: number;
}

function signatureMarks(lines: readonly string[]): PageSignature | undefined {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const length = signatureLength(lines, at);
    if (length === undefined) continue;
    const text = lines.slice(at, at + length).join("\n");
    const marks = [...readSignature(text), markOf({ key: SEAL, text })];
    return { keys: marks.map((mark) => mark.key), texts: marks.map((mark) => mark.text), at };
  }
  return undefined;
}

function stretchesOf(lines: readonly string[], { texts, at }: PageSignature): readonly Stretch[] {
  const left = new Map<string, number[]>();
  for (const [index, text] of texts.entries()) {
    left.set(text, [...(left.get(text) ?? []), index]);
  }
  const found: Stretch[] = [];
  for (const { start, end } of paragraphs(lines, at)) {
    for (const piece of pieces(lines, start, end, left)) {
      const sealed = left.get(textMark(lines.slice(piece.start, piece.end).join("\n")))?.shift();
      found.push(sealed === undefined ? piece : { ...piece, sealed });
    }
  }
  return found;
}

/** Ranges of lines without a blank one, a fenced block with its blank lines being one range. */
function paragraphs(lines: readonly string[], sealAt: number): readonly Stretch[] {
  const found: Stretch[] = [];
  const unclosed = new Set<string>();
  let at = 0;
  while (at < lines.length) {
    if ((lines[at] ?? "").trim() === "") {
      at += 1;
      continue;
    }
    const start = at;
    while (at < lines.length && (lines[at] ?? "").trim() !== "") {
      at = (fenceEnd(lines, at, sealAt, unclosed) ?? at) + 1;
    }
    found.push({ start, end: at });
  }
  return found;
}

/**
 * The line that closes the fence that opens at `at`. One that nothing closes is none, and so are
 * two of them with the seal between: nightlab never wrote that into a fence.
 */
function fenceEnd(
  lines: readonly string[],
  at: number,
  sealAt: number,
  unclosed: Set<string>,
): number | undefined {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(lines[at] ?? "")?.[1];
  if (fence === undefined) return undefined;
  const last = at < sealAt ? sealAt : lines.length;
  const asked = `${fence} before ${last}`;
  if (unclosed.has(asked)) return undefined;
  for (let i = at + 1; i < last; i += 1) {
    const line = (lines[i] ?? "").trim();
    if (line.length >= fence.length && line === fence.charAt(0).repeat(line.length)) return i;
  }
  unclosed.add(asked);
  return undefined;
}

/** A range cut where a sealed block begins or ends it and a person typed right beside it. */
function pieces(
  lines: readonly string[],
  start: number,
  end: number,
  left: ReadonlyMap<string, readonly number[]>,
): readonly Stretch[] {
  const isSealed = (from: number, to: number): boolean =>
    (left.get(textMark(lines.slice(from, to).join("\n")))?.length ?? 0) > 0;
  if (end - start < 2 || isSealed(start, end)) return [{ start, end }];
  const near = Math.min(end - start - 1, TYPED_LINES);
  for (let typed = 1; typed <= near; typed += 1) {
    if (isSealed(start, end - typed)) {
      return [
        { start, end: end - typed },
        { start: end - typed, end },
      ];
    }
    if (isSealed(start + typed, end)) {
      return [
        { start, end: start + typed },
        { start: start + typed, end },
      ];
    }
  }
  return [{ start, end }];
}

/** Lines that a person can have typed against a block without a blank line between. */
const TYPED_LINES = 32;

function partsOf(
  raw: readonly string[],
  stretches: readonly Stretch[],
  sealedCount: number,
): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  let before = -1;
  const own = stretches.filter((stretch) => stretch.sealed !== undefined);
  for (const next of [...own, undefined]) {
    const to = next?.start ?? raw.length;
    const lines = raw.slice(from, to);
    if (lines.some((line) => line.trim() !== "")) {
      // A block that is missing here was edited into this part: its fresh text goes above.
      const after = next?.sealed ?? sealedCount;
      parts.push({ behind: Math.max(before, after > before ? after - 1 : before), lines });
    }
    from = next?.end ?? raw.length;
    before = next?.sealed ?? before;
  }
  return parts;
}

/** The same parts, behind indices of the new blocks. */
function place(
  parts: readonly Part[],
  oldKeys: readonly string[],
  blocks: readonly PageBlock[],
): readonly Part[] {
  const indices = new Map<string, number>();
  for (const [index, block] of blocks.entries()) {
    const { key } = markOf(block);
    if (!indices.has(key)) indices.set(key, index);
  }
  let lowest = -1;
  return parts.map((part) => {
    let old = part.behind;
    while (old >= 0 && !indices.has(oldKeys[old] ?? "")) old -= 1;
    const index = old < 0 ? -1 : (indices.get(oldKeys[old] ?? "") ?? -1);
    lowest = Math.max(lowest, index);
    return { behind: lowest, lines: part.lines };
  });
}

function assemble(blocks: readonly PageBlock[], parts: readonly Part[], ending: string): string {
  const out: string[] = [];
  const last = blocks.length - 1;
  for (let index = -1; index <= last; index += 1) {
    const block = blocks[index];
    if (block !== undefined) {
      for (const line of block.text.split("\n")) out.push(`${line}${ending}`);
    }
    const here = parts.filter((part) => part.behind === index);
    for (const part of here) addPart(out, part.lines, ending);
    const isBlank = (out.at(-1) ?? "").trim() === "";
    if (index >= 0 && index < last && !(here.length > 0 && isBlank)) out.push(ending);
    if (index === -1 && here.length > 0 && !isBlank) out.push(ending);
    if (index === last && here.length === 0) out.push("");
  }
  return out.join("\n");
}

/** Adds a part behind a blank line, whether it brings its own or not. */
function addPart(out: string[], lines: readonly string[], ending: string): void {
  const opensBlank = (lines[0] ?? "").trim() === "";
  const endsBlank = out.length === 0 || (out.at(-1) ?? "").trim() === "";
  if (!opensBlank && !endsBlank) out.push(ending);
  out.push(...(opensBlank && endsBlank && out.length > 0 ? lines.slice(1) : lines));
}
