// Splits command lines into words as a person meant them: quotes of any kind group, backticks
// around an option are dropped, everything else stays. command-line.ts reads the words.

export interface CommandToken {
  /** Without the quotes and backticks around it. */
  readonly text: string;
  /** Offsets of the word as written, quotes included, in the text that was split. */
  readonly start: number;
  readonly end: number;
  /** First word of its line. */
  readonly opensLine: boolean;
  /** Begins with a quote, so it is a value and never an option or a mark. */
  readonly quoted: boolean;
  /** An unclosed quote or backtick; the token ends where the next command begins. */
  readonly unclosed?: string;
}

/** How a command begins: a verb, spelled exactly, a colon, then a space or the line's end. */
export const VERB_START = /^(?:run|eval|script|stop|queue):(?=[\s\u00a0]|$)/;

const DOUBLE = '"“”„‟';
const SINGLE = "'‘’‚‛";

/**
 * Splits `text` from `start` to `end` into tokens, in linear time. A quote may span a line break,
 * but not a line that begins a command of its own.
 */
export function tokenize(text: string, start = 0, end = text.length): readonly CommandToken[] {
  const tokens: CommandToken[] = [];
  let at = start;
  let opensLine = true;
  for (;;) {
    for (; at < end && isSpace(text, at); at += 1) if (isLineEnd(text, at)) opensLine = true;
    if (at >= end) return tokens;
    if (isHardBreak(text, at, end)) {
      at += 1;
      continue;
    }
    const read = readToken(text, at, end, opensLine);
    tokens.push(...read);
    at = Math.max(at + 1, read.at(-1)?.end ?? end);
    opensLine = false;
  }
}

function readToken(
  text: string,
  start: number,
  end: number,
  opensLine: boolean,
): readonly CommandToken[] {
  const parts: string[] = [];
  let at = start;
  let plainFrom = start;
  // A quote opens at the beginning of a word or after its `=`; elsewhere it is an apostrophe.
  let mayOpen = true;
  while (at < end && !isSpace(text, at)) {
    const char = text.charAt(at);
    const closers = mayOpen ? closersOf(char) : undefined;
    if (closers === undefined) {
      mayOpen = char === "=";
      at += 1;
      continue;
    }
    parts.push(text.slice(plainFrom, at));
    const ticks = char === "`" ? runOf(text, at, end) : 1;
    const close = closeOf(text, at + ticks, end, closers, ticks);
    if (!close.found) {
      const rest = parts.join("") + text.slice(at, close.at);
      return [{ text: rest, start, end: close.at, opensLine, quoted: false, unclosed: char }];
    }
    const inside = text.slice(at + ticks, close.at);
    if (char === "`" && at === start && /^\s?--?[A-Za-z]/.test(inside)) {
      return optionsIn(text, at + ticks, close.at, close.at + ticks, opensLine);
    }
    parts.push(char === "`" ? inside : unescaped(inside, closers));
    at = close.at + ticks;
    plainFrom = at;
    mayOpen = false;
  }
  parts.push(text.slice(plainFrom, at));
  const quoted = closersOf(text.charAt(start)) !== undefined;
  return [{ text: parts.join(""), start, end: at, opensLine, quoted }];
}

/** The words inside backticks around an option; the last one's range includes the closing one. */
function optionsIn(
  text: string,
  start: number,
  close: number,
  end: number,
  opensLine: boolean,
): readonly CommandToken[] {
  const inner = tokenizePlain(text, start, close);
  return inner.map((token, i) => ({
    ...token,
    opensLine: opensLine && i === 0,
    ...(i === inner.length - 1 ? { end } : {}),
  }));
}

/** Like `tokenize`, for text in which backticks are ordinary characters. */
function tokenizePlain(text: string, start: number, end: number): readonly CommandToken[] {
  const tokens: CommandToken[] = [];
  let at = start;
  while (at < end) {
    if (isSpace(text, at)) {
      at += 1;
      continue;
    }
    const closers = text[at] === "`" ? undefined : closersOf(text.charAt(at));
    const close = closers === undefined ? undefined : closeOf(text, at + 1, end, closers, 1);
    let stop = at;
    while (stop < end && !isSpace(text, stop)) stop += 1;
    if (close?.found === true && closers !== undefined) {
      const value = unescaped(text.slice(at + 1, close.at), closers);
      tokens.push({ text: value, start: at, end: close.at + 1, opensLine: false, quoted: true });
      at = close.at + 1;
      continue;
    }
    const plain = { text: text.slice(at, stop), start: at, end: stop };
    tokens.push({ ...plain, opensLine: false, quoted: false });
    at = stop;
  }
  return tokens;
}

/** What closes a quote that opens with this character: straight by straight, curly by any curly. */
function closersOf(char: string): string | undefined {
  if (char === "`" || char === '"' || char === "'") return char;
  if (char !== "" && DOUBLE.includes(char)) return DOUBLE;
  if (char !== "" && SINGLE.includes(char)) return SINGLE;
  return undefined;
}

interface Close {
  readonly found: boolean;
  readonly at: number;
}

function closeOf(text: string, from: number, end: number, closers: string, ticks: number): Close {
  for (let at = from; at < end; at += 1) {
    const char = text.charAt(at);
    if (isLineEnd(text, at) && beginsCommand(text, at + 1, end)) return { found: false, at };
    if (closers === "`") {
      const run = char === "`" ? runOf(text, at, end) : 0;
      if (run === ticks) return { found: true, at };
      if (run > 0) at += run - 1;
    } else if (char === "\\" && closers.includes(text.charAt(at + 1) || " ")) at += 1;
    else if (closers.includes(char) && !isApostrophe(text, at, end)) return { found: true, at };
  }
  return { found: false, at: end };
}

/** The `'` of don't: a letter on both sides. */
function isApostrophe(text: string, at: number, end: number): boolean {
  if (!SINGLE.includes(text.charAt(at)) || at + 1 >= end) return false;
  return /^\p{L}\p{P}\p{L}/u.test(text.slice(at - 1, at + 2));
}

function unescaped(inside: string, closers: string): string {
  const folded = inside.replaceAll(/[ \t]*(?:\r\n|\r|\n)[ \t]*/g, " ");
  if (!folded.includes("\\")) return folded;
  return folded.replaceAll(/\\(.)/gs, (both, char: string) =>
    closers.includes(char) ? char : both,
  );
}

function beginsCommand(text: string, from: number, end: number): boolean {
  let at = text[from - 1] === "\r" && text[from] === "\n" ? from + 1 : from;
  while (at < end && (text[at] === " " || text[at] === "\t")) at += 1;
  return VERB_START.test(text.slice(at, Math.min(end, at + 8)));
}

function runOf(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text[at] === "`") at += 1;
  return at - from;
}

/** A backslash at the end of a line: Markdown's hard break, and a shell's line continuation. */
const isHardBreak = (text: string, at: number, end: number): boolean =>
  text[at] === "\\" && at + 1 < end && isLineEnd(text, at + 1);

const isLineEnd = (text: string, at: number): boolean => text[at] === "\n" || text[at] === "\r";

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0;
}
