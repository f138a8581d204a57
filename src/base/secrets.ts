// Finds what looks like a secret in a text: tokens of known forms, and values that are given to
// names such as API_KEY. What is found is masked wherever nightlab writes, and keeps a file out of
// a run's patch. A miss shows a secret and a false hit holds up work, so that only random-looking
// values count.

/** A part of a text that must not be shown; half-open range of UTF-16 offsets. */
export interface Secret {
  readonly start: number;
  readonly end: number;
  /** What is shown in its place: `ghp_****`. */
  readonly shown: string;
}

/** What stands for a secret, or for what is left of it behind its beginning. */
export const MASK = "****";
/** Longest value of a name: beyond that it is data. */
const VALUE_CHARS = 4_096;
/** Fewest characters of a password. */
const PASSWORD_CHARS = 6;

/** Tokens with a beginning of their own, which is shown. */
const KNOWN = [
  String.raw`gh[pousr]_[A-Za-z0-9]{20,251}`,
  String.raw`github_pat_[A-Za-z0-9_]{22,251}`,
  String.raw`glpat-[\w-]{20,251}`,
  String.raw`hf_[A-Za-z0-9]{30,251}`,
  String.raw`api_org_[A-Za-z0-9]{30,251}`,
  String.raw`wandb_v1_[A-Za-z0-9_]{30,251}`,
  String.raw`KGAT_[A-Za-z0-9]{30,251}`,
  String.raw`sk-(?:[a-z0-9]{1,12}-){0,2}(?=[\w-]{0,120}\d)(?=[\w-]{0,120}[A-Z]|[0-9a-f]{32})[\w-]{20,251}`,
  String.raw`(?:AKIA|ASIA)[A-Z0-9]{16}`,
  String.raw`AIza[\w-]{35}`,
  String.raw`xox[abeoprs]-[A-Za-z0-9-]{20,251}`,
  String.raw`npm_[A-Za-z0-9]{36}`,
  String.raw`pypi-AgE[\w-]{40,512}`,
  // JSON Web Tokens, and Neptune's tokens: Base64 of `{"api_`.
  String.raw`eyJ[\w-]{10,4096}\.eyJ[\w-]{10,4096}\.[\w-]{10,4096}`,
  String.raw`eyJhcGlf[A-Za-z0-9+/_-]{40,4096}={0,2}`,
];

/** The part of a known token that is shown. */
const PREFIX =
  /^(?:github_pat_|api_org_|wandb_v1_|glpat-|sk-(?:ant-|proj-|or-)?|AKIA|ASIA|AIza|xox.-|pypi-|eyJ|[A-Za-z]{2,4}_)/;

const KNOWN_TOKEN = new RegExp(String.raw`(?<![A-Za-z0-9_])(?:${KNOWN.join("|")})`, "g");

/** Telegram's: the bot's number, a colon, 35 characters. */
const TELEGRAM = /(?<![\w:])\d{8,10}:AA[\w-]{33}(?![\w-])/g;

/** Weights & Biases' older keys are bare hexadecimal: the words before them tell. */
const WANDB_LOGIN = /\bwandb(?: +|\.)login[\s("'a-z=,:-]{1,40}([0-9a-f]{40})\b/gi;

/** A private key in PEM, with real or written line ends, to its end or the end of the text. */
const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[\s>]|\\[nr]|"|'|[A-Za-z-]{2,20}: [^\n\\]{0,100})*[A-Za-z0-9+/=]{16}(?:[A-Za-z0-9+/=\s>"',]|\\[nr])*(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)?/g;

/** The password of `https://user:password@host`. */
const IN_ADDRESS = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'`<>]{0,100}:([^\s/:@"'`<>]{3,200})@/gi;

/** `machine … login … password …` of a .netrc; `Authorization: Bearer …`. */
const AFTER_WORD = /\b(?:password|bearer)[ \t]+([^\s"'`\\,;]{6,512})/gi;

const NAME_PART = /(?:key|token|secret|pass(?:word|wd|phrase)?|credential)s?/gi;

/**
 * What stands between a name and its value: `=`, `:`, `: str =`, `=>`, or behind `--name` a space or
 * a comma; then the value's quote.
 */
const GIVEN =
  /(?:["'`]|\\")?[\])]?(?:[ \t]*(?::=|=>|=(?!=)|:[ \t]{0,4}[A-Za-z][\w.[\]|, ]{0,40}=(?!=)|:(?!:))[ \t]*|([ \t]+|,\s{0,40}))([bBrRuU]{0,2}(?:\\?["'`]))?/y;

/** A value without quotes; a longer one is data. */
const PLAIN_VALUE = /[^\s"'`,;)\]}<>|&\\]{6,512}/y;

/** What a text with a secret has: most texts do not, and need no further look. */
const MAY_HOLD = /[A-Za-z0-9+/_-]{16}|pass|bearer|:\/\//i;

/** All secrets of a text, in order, without overlaps. */
export function secretsIn(text: string): readonly Secret[] {
  if (!MAY_HOLD.test(text)) return [];
  const found: Secret[] = [];
  for (const { index, 0: all } of text.matchAll(KNOWN_TOKEN)) {
    if (!isMixed(all.replace(PREFIX, "")) || isPlaceholder(all)) continue;
    const shown = `${PREFIX.exec(all)?.[0] ?? ""}${MASK}`;
    found.push({ start: index, end: index + all.length, shown });
  }
  for (const pattern of [TELEGRAM, PRIVATE_KEY]) {
    for (const { index, 0: all } of text.matchAll(pattern)) {
      found.push({ start: index, end: index + all.length, shown: MASK });
    }
  }
  for (const [pattern, counts] of [
    [WANDB_LOGIN, () => true],
    [IN_ADDRESS, (value: string) => !isPlaceholder(value)],
    [AFTER_WORD, isPassword],
  ] as const) {
    for (const { index, 0: all, 1: value = "" } of text.matchAll(pattern)) {
      const start = index + all.lastIndexOf(value);
      if (counts(value)) found.push({ start, end: start + value.length, shown: MASK });
    }
  }
  found.push(...given(text));
  return withoutOverlaps(found);
}

/** The text with a mask for each secret; a text without any is returned as it is. */
export function masked(text: string): string {
  const found = secretsIn(text);
  if (found.length === 0) return text;
  let from = 0;
  const parts = found.map(({ start, end, shown }) => {
    const part = text.slice(from, start) + shown;
    from = end;
    return part;
  });
  return parts.join("") + text.slice(from);
}

/** Whether a value that is given to a name (an option, a variable, a key) is a secret. */
export function isSecretValue(name: string, value: string): boolean {
  if (secretsIn(value).length > 0) return true;
  const kind = nameKind(name);
  return kind !== undefined && value.length <= VALUE_CHARS && kind(value);
}

/** The arguments of a program, with a mask for each secret: the value of an option may be the next. */
export function maskedArgs(args: readonly string[]): readonly string[] {
  return args.map((arg, i) => {
    const shown = masked(arg);
    const option = args[i - 1] ?? "";
    if (shown !== arg || !/^--?[A-Za-z][^=]*$/.test(option) || arg.startsWith("-")) return shown;
    return isSecretValue(option, arg) ? MASK : arg;
  });
}

/** Values of names that say what they hold. */
function given(text: string): readonly Secret[] {
  const found: Secret[] = [];
  for (const { index, 0: part } of text.matchAll(NAME_PART)) {
    const name = nameAround(text, index, index + part.length);
    // One name is looked at once, at its last part.
    if (name.later) continue;
    const kind = nameKind(name.text);
    if (kind === undefined) continue;
    GIVEN.lastIndex = name.end;
    const between = GIVEN.exec(text);
    if (between === null) continue;
    const [, space, quote] = between;
    if (space !== undefined && !name.option) continue;
    if (space?.startsWith(",") === true && quote === undefined) continue;
    const start = GIVEN.lastIndex;
    const end = quote === undefined ? plainEnd(text, start) : quotedEnd(text, start, quote);
    if (end === undefined) continue;
    if (kind(text.slice(start, end))) found.push({ start, end, shown: MASK });
  }
  return found;
}

interface Name {
  readonly text: string;
  readonly end: number;
  /** It is written as `--name`. */
  readonly option: boolean;
  /** It has a further part that says what it holds. */
  readonly later: boolean;
}

const NAME_REACH = 60;

function nameAround(text: string, from: number, to: number): Name {
  const before = /[\w.-]*$/.exec(text.slice(Math.max(0, from - NAME_REACH), from))?.[0] ?? "";
  const after = /^[\w-]*/.exec(text.slice(to, to + NAME_REACH))?.[0] ?? "";
  return {
    text: text.slice(from - before.length, to + after.length),
    end: to + after.length,
    option: /^--?[A-Za-z]/.test(before + text.slice(from, to)),
    later: after.search(NAME_PART) >= 0,
  };
}

/** The end of a value without quotes, such as in a dotenv file. */
function plainEnd(text: string, start: number): number | undefined {
  PLAIN_VALUE.lastIndex = start;
  const value = PLAIN_VALUE.exec(text)?.[0];
  // A call or a subscript: an expression.
  if (value === undefined || /[([{$*]/.test(value)) return undefined;
  return start + value.length;
}

function quotedEnd(text: string, start: number, quote: string): number | undefined {
  const close = quote.replace(/^[A-Za-z]+/, "");
  const [line = ""] = text.slice(start, start + VALUE_CHARS).split("\n", 1);
  const length = line.indexOf(close);
  return length < 0 ? undefined : start + length;
}

/** Words of keys and tokens that open nothing. */
const OTHER_KEYS: ReadonlySet<string> = new Set([
  "cache",
  "continuation",
  "experiment",
  "foreign",
  "next",
  "object",
  "page",
  "partition",
  "primary",
  "public",
  "s3",
  "sort",
]);

/** Last words of names that say where something is, or which it is. */
const OTHER_ENDS: ReadonlySet<string> = new Set([
  "dir",
  "file",
  "hash",
  "id",
  "ids",
  "name",
  "path",
  "type",
  "url",
]);

/** What a value must be like to be the secret of this name; undefined if it names none. */
function nameKind(name: string): ((value: string) => boolean) | undefined {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => OTHER_KEYS.has(word)) || OTHER_ENDS.has(words.at(-1) ?? "")) {
    return undefined;
  }
  if (words.some((word) => /(?:password|passwd|passphrase)s?$/.test(word))) return isPassword;
  if (words.some((word) => /(?:key|token|secret|credential)s?$/.test(word))) return isRandom;
  return undefined;
}

/** A literal without spaces that has letters and a digit, and stands for nothing else. */
function isPassword(value: string): boolean {
  return (
    value.length >= PASSWORD_CHARS &&
    /[A-Za-z]/.test(value) &&
    /\d/.test(value) &&
    !/[\s(){}[\]<>$*]/.test(value) &&
    !/^(?:0x[\da-f]+$|[\d.]+e?[+-]?\d*[a-z]{0,3}$|[.~]{0,2}\/)/i.test(value) &&
    !isPlaceholder(value)
  );
}

/** Whether it is more than one word in small or in capital letters. */
const isMixed = (text: string): boolean =>
  /\d/.test(text) || (/[a-z]/.test(text) && /[A-Z]/.test(text));

/**
 * Whether a value has a stretch of letters and digits that no person would write: they change
 * between digits, small and capital letters at least at every fourth character, and it is not
 * `WordsWith2Capitals`.
 */
function isRandom(value: string): boolean {
  if (/[\s(){}[\]<>$*]/.test(value) || isPlaceholder(value)) return false;
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return true;
  // A shorter stretch can be a word with a number.
  const stretches = value.match(/[A-Za-z0-9+]{16,}/g) ?? [];
  return stretches.some((stretch) => {
    if (!/\d/.test(stretch) || !/[A-Za-z]/.test(stretch)) return false;
    let changes = 0;
    for (let i = 1; i < stretch.length; i += 1) {
      if (kindOf(stretch, i) !== kindOf(stretch, i - 1)) changes += 1;
    }
    const inWords = /^\D*\d\D*$/.test(stretch) && /[a-z]{4}/.test(stretch);
    return changes * 4 >= stretch.length - 1 && !inWords;
  });
}

function kindOf(text: string, at: number): "digit" | "capital" | "small" | "other" {
  const char = text.charCodeAt(at);
  if (char >= 48 && char <= 57) return "digit";
  if (char >= 65 && char <= 90) return "capital";
  return char >= 97 && char <= 122 ? "small" : "other";
}

const isPlaceholder = (value: string): boolean =>
  /(?:your|example|placeholder|change.?me|redacted|dummy|x{4}|\.\.\.|…|\*{2}|0{8}|12345678|abcdefgh|^arn:|^pass(?:word)?$|^pwd$|^secret$|^token$)/i.test(
    value,
  );

function withoutOverlaps(found: readonly Secret[]): readonly Secret[] {
  const kept: Secret[] = [];
  for (const one of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || one.start >= last.end) kept.push(one);
    else if (one.end > last.end) kept.splice(-1, 1, { ...last, end: one.end });
  }
  return kept;
}
