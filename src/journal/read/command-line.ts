// Reads a command from its words: verb, target, options for the script, nightlab's own keys, ` !`.
// paragraph.ts decides which words of a paragraph belong to which command.
import type { Verb } from "../../domain/command.ts";
import type { Mistake } from "../../base/problem.ts";
import { nearest } from "../../base/nearest.ts";
import { brief } from "../../settings/written-values.ts";
import { setKey, setTarget } from "./command-draft.ts";
import { COMMAND_KEYS, commandKey, KEY_NAMES } from "./command-keys.ts";
import { withDashes } from "./command-values.ts";
import { newDraft, type Draft } from "./draft.ts";
import type { CommandToken } from "./tokens.ts";

const KEY_VALUE = /^([A-Za-z][A-Za-z-]*)=/;

/** Marks in `seen` that a stray word has been reported. */
const STRAY = " ";

/** Keys whose misspellings are reported even where they could be an option's value. */
const DOUBTED = COMMAND_KEYS.filter(({ doubted }) => doubted).map(({ name }) => name);

/**
 * Reads the words after a verb. Where the grammar is ambiguous: the word after `--option` is its
 * value, unless it is a `key=` of nightlab's; a further line continues the command only if it
 * begins with an option, a `key=value` or `!`; everything after `--` is passed on.
 */
export function readCommandWords(
  verb: Verb,
  verbOffset: number,
  words: readonly CommandToken[],
): Draft {
  const draft = newDraft(verb);
  const [target, ...rest] = words;
  setTarget(draft, target?.text ?? "", target?.start ?? verbOffset);
  if (target?.unclosed !== undefined) openQuote(draft, target);
  let optionBefore = false;
  for (let i = 0; i < rest.length; i += 1) {
    const token = rest[i];
    if (token === undefined) break;
    if (token.text === "--" && !token.quoted) {
      draft.args.push("--", ...handOn(draft, rest.slice(i + 1)));
      break;
    }
    optionBefore = readWord(draft, token, {
      optionBefore,
      last: i === rest.length - 1,
      next: rest[i + 1],
    });
    if (goesOn(token, rest[i + 1])) i += 1;
  }
  return draft;
}

interface Around {
  readonly optionBefore: boolean;
  readonly last: boolean;
  readonly next: CommandToken | undefined;
}

/** Reads one word; true when it is an option whose value may be the next word. */
function readWord(draft: Draft, token: CommandToken, around: Around): boolean {
  if (token.unclosed !== undefined) {
    openQuote(draft, token);
    return false;
  }
  const { start } = token;
  if (!token.quoted) {
    const text = withDashes(token.text, start, draft);
    if (/^--?[A-Za-z]/.test(text)) {
      draft.args.push(text);
      return !text.includes("=");
    }
    if (text === "!" && around.last) {
      draft.go = true;
      return false;
    }
    if (readKey(draft, token, around)) return false;
  }
  const isValue = around.optionBefore && !(token.opensLine && !token.quoted);
  if (isValue || (draft.verb === "script" && !token.opensLine && !isSentenceMark(token))) {
    draft.args.push(token.text);
  } else {
    // One report for all stray words.
    if (!draft.seen.has(STRAY)) {
      draft.faults.push({ ...strayWord(draft, token, around.next), offset: start });
    }
    draft.seen.add(STRAY);
  }
  return false;
}

/** Reads a `key=value` of nightlab's; false when the word is none, or is an option's value. */
function readKey(draft: Draft, token: CommandToken, around: Around): boolean {
  const key = KEY_VALUE.exec(token.text)?.[1];
  if (key === undefined) return false;
  const known = commandKey(key) !== undefined;
  const doubted = nearest(key, DOUBTED) !== undefined && key.length >= 4;
  if (!known && !doubted && (around.optionBefore || draft.verb === "script")) return false;
  const written = token.text.slice(key.length + 1);
  const text = goesOn(token, around.next) ? `${written} ${around.next?.text}` : written;
  const offset = token.start + key.length + 1;
  setKey(
    draft,
    key,
    token.start,
    text === "" ? { kind: "empty", offset } : { kind: "text", text, quoted: true, offset },
  );
  return true;
}

/** Whether the value of a key has two words, of which `next` is the second. */
function goesOn(token: CommandToken, next: CommandToken | undefined): boolean {
  const [written = "", name = ""] = KEY_VALUE.exec(token.text) ?? [];
  const value = token.text.slice(written.length);
  return next !== undefined && commandKey(name)?.goesOn?.(value, next.text) === true;
}

/** Everything after `--`, except for a ` !` that ends the command. */
function handOn(draft: Draft, tokens: readonly CommandToken[]): readonly string[] {
  const last = tokens.at(-1);
  const go = last?.text === "!" && !last.quoted;
  if (go) draft.go = true;
  for (const token of tokens) if (token.unclosed !== undefined) openQuote(draft, token);
  return (go ? tokens.slice(0, -1) : tokens).map((token) => token.text);
}

function openQuote(draft: Draft, token: CommandToken): void {
  const message = `nothing closes the ${token.unclosed === "`" ? "backtick" : "quote"}`;
  draft.faults.push({ message, fix: `close it after its last word`, offset: token.start });
}

const isSentenceMark = (token: CommandToken): boolean =>
  !token.quoted && /^[!–—]$/.test(token.text);

function strayWord(draft: Draft, token: CommandToken, next?: CommandToken): Mistake {
  const word = brief(token.text);
  // If a line follows the ` !`, that line is the mistake, not the mark.
  const below = token.text === "!" && next !== undefined && opensText(next) ? next : undefined;
  if (below !== undefined) return strayLine(draft, below, true);
  if (token.opensLine) return strayLine(draft, token, false);
  if (token.text === "!") return { message: "` !` must be the last word", fix: "move it there" };
  const message = `\`${word}\` belongs to no option of \`${draft.verb}:\``;
  const key = KEY_NAMES.find((one) => one === token.text.replace(/[:=]$/, ""));
  if (key !== undefined) return { message, fix: `write \`${key}=VALUE\`, without a space` };
  const fix =
    "write options as `--name value`, or leave a blank line before text that is no command";
  return { message, fix };
}

/** Whether a word begins a line that does not continue the command above. */
const opensText = ({ opensLine, quoted, text }: CommandToken): boolean =>
  opensLine && (quoted || !(text.startsWith("-") || text === "!" || KEY_VALUE.test(text)));

/** The fault of a line below a command: options as in a fenced block, or plain text. */
function strayLine(draft: Draft, { text }: CommandToken, go: boolean): Mistake {
  const word = brief(text);
  if (!text.endsWith(":") || commandKey(text.slice(0, -1)) === undefined) {
    const message = `the line that begins with \`${word}\` runs into the command above`;
    return { message, fix: "leave a blank line between the command and the text below it" };
  }
  const first = `write a line of three backticks and \`yaml\` above \`${draft.verb}: ${brief(draft.target)}\``;
  const last = "a line of three backticks below the options";
  return {
    message: `options on lines of their own, such as \`${word}\`, belong in a fenced block`,
    fix: go ? `${first}, ${last}, and \`go: true\` instead of \`!\`` : `${first}, and ${last}`,
  };
}
