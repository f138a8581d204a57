// Renews a page and keeps what a person added to it, byte for byte and in its position. Only the
// page's signature (page-signature.ts) tells what nightlab wrote; writing is
// effects/pages/pages.ts.
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
  /** The page has no signature: a person wrote it, and it stays as it is. */
  | { readonly kind: "not-ours" }
  /** It holds Git's conflict markers: a person has to resolve them first. */
  | { readonly kind: "conflicted"; readonly line: number };

/** A person's lines, and the index of the signed block before them; -1 at the top of the page. */
interface Part {
  readonly behind: number;
  readonly lines: readonly string[];
}

/** A range of lines in the present page: one signed block, or lines that a person wrote. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** The block's index in the signature; absent for a person's lines. */
  readonly signed?: number;
}

/** Key of the signature's own block. */
const SIGNATURE = "seal";

/**
 * The page made of `blocks`, with all parts that a person added to `current`. A signed block that
 * was edited counts as such a part: it stays, below the fresh block. Parts keep their order; a part
 * whose block is gone follows the nearest block above it.
 */
export function renewPage(current: string | undefined, blocks: readonly PageBlock[]): Renewed {
  const signed = [...blocks, { key: SIGNATURE, text: signatureText(blocks) }];
  if (current === undefined || current.trim() === "") {
    return { kind: "page", text: assemble(signed, [], "") };
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
  const placed = movedParts(parts, marks.keys, signed);
  const ending = raw[0]?.endsWith("\r") === true ? "\r" : "";
  return { kind: "page", text: bom + assemble(signed, placed, ending) };
}

/** Whether the page's signature names exactly these blocks, wherever they are on the page now. */
export function isSignedWith(text: string, blocks: readonly PageBlock[]): boolean {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const marks = signatureMarks(lines);
  if (marks === undefined) return false;
  const wanted = [...blocks, { key: SIGNATURE, text: signatureText(blocks) }].map(markOf);
  return (
    marks.texts.length === wanted.length &&
    wanted.every(({ key, text: mark }, i) => marks.keys[i] === key && marks.texts[i] === mark)
  );
}

/** The signed blocks, the signature itself last. */
interface PageSignature {
  readonly keys: readonly string[];
  /** Hashes of the blocks' texts. */
  readonly texts: readonly string[];
  /** Index of the signature's first line. */
  readonly at: number;
}

function signatureMarks(lines: readonly string[]): PageSignature | undefined {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const length = signatureLength(lines, at);
    if (length === undefined) continue;
    const text = lines.slice(at, at + length).join("\n");
    const marks = [...readSignature(text), markOf({ key: SIGNATURE, text })];
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
    for (const range of splitRange(lines, start, end, left)) {
      const signed = left.get(textMark(lines.slice(range.start, range.end).join("\n")))?.shift();
      found.push(signed === undefined ? range : { ...range, signed });
    }
  }
  return found;
}

/** Ranges of lines without a blank line; a fenced block is one range with its blank lines. */
function paragraphs(lines: readonly string[], signatureAt: number): readonly Stretch[] {
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
      at = (fenceEnd(lines, at, signatureAt, unclosed) ?? at) + 1;
    }
    found.push({ start, end: at });
  }
  return found;
}

/**
 * The line that closes the fence that opens at `at`; undefined where none opens or none closes it.
 * A fence never encloses the signature, because nightlab writes none into a fence. `unclosed` keeps
 * the searches that failed, so that many open fences stay linear.
 */
function fenceEnd(
  lines: readonly string[],
  at: number,
  signatureAt: number,
  unclosed: Set<string>,
): number | undefined {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(lines[at] ?? "")?.[1];
  if (fence === undefined) return undefined;
  const last = at < signatureAt ? signatureAt : lines.length;
  const search = `${fence} before ${last}`;
  if (unclosed.has(search)) return undefined;
  for (let i = at + 1; i < last; i += 1) {
    const line = (lines[i] ?? "").trim();
    if (line.length >= fence.length && line === fence.charAt(0).repeat(line.length)) return i;
  }
  unclosed.add(search);
  return undefined;
}

/** A range, cut in two where a person typed lines right above or below a signed block. */
function splitRange(
  lines: readonly string[],
  start: number,
  end: number,
  left: ReadonlyMap<string, readonly number[]>,
): readonly Stretch[] {
  const isSigned = (from: number, to: number): boolean =>
    (left.get(textMark(lines.slice(from, to).join("\n")))?.length ?? 0) > 0;
  if (end - start < 2 || isSigned(start, end)) return [{ start, end }];
  const near = Math.min(end - start - 1, TYPED_LINES);
  for (let typed = 1; typed <= near; typed += 1) {
    if (isSigned(start, end - typed)) {
      return [
        { start, end: end - typed },
        { start: end - typed, end },
      ];
    }
    if (isSigned(start + typed, end)) {
      return [
        { start, end: start + typed },
        { start: start + typed, end },
      ];
    }
  }
  return [{ start, end }];
}

/** At most this many lines typed against a block, without a blank line between, are recognized. */
const TYPED_LINES = 32;

/** A person's parts of the page: all lines between its signed blocks that are not blank. */
function partsOf(
  raw: readonly string[],
  stretches: readonly Stretch[],
  signedCount: number,
): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  let before = -1;
  const own = stretches.filter((stretch) => stretch.signed !== undefined);
  for (const next of [...own, undefined]) {
    const to = next?.start ?? raw.length;
    const lines = raw.slice(from, to);
    if (lines.some((line) => line.trim() !== "")) {
      // Blocks missing here were edited and are in this part: their fresh text goes above it.
      const after = next?.signed ?? signedCount;
      parts.push({ behind: Math.max(before, after > before ? after - 1 : before), lines });
    }
    from = next?.end ?? raw.length;
    before = next?.signed ?? before;
  }
  return parts;
}

/** The same parts with indices of the new blocks. */
function movedParts(
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

/** The page's text: the blocks with a blank line between, and each part after its block. */
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

/** Adds a part after a blank line, whether or not the part begins with one. */
function addPart(out: string[], lines: readonly string[], ending: string): void {
  const opensBlank = (lines[0] ?? "").trim() === "";
  const endsBlank = out.length === 0 || (out.at(-1) ?? "").trim() === "";
  if (!opensBlank && !endsBlank) out.push(ending);
  out.push(...(opensBlank && endsBlank && out.length > 0 ? lines.slice(1) : lines));
}
