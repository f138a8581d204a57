// Reads a command from the YAML of a fence whose first key is a verb.
// code-fence.ts decides which fences are read, and where their text lies in the file.
import { VERBS } from "../../domain/command.ts";
import type { Verb } from "../../domain/command.ts";
import { nearest } from "../../base/nearest.ts";
import { readYamlMap } from "../../base/yaml-map.ts";
import type { YamlEntry } from "../../base/yaml-map.ts";
import { brief } from "../../settings/written-values.ts";
import { setKey, setTarget } from "./command-draft.ts";
import { readCommandWords } from "./command-line.ts";
import { newDraft, type Draft } from "./draft.ts";
import { tokenize } from "./tokens.ts";

const isVerb = (word: string): word is Verb => VERBS.some((verb) => verb === word);

/** The verb with which a fence begins, after blank lines and comments; undefined without one. */
export function fenceVerb(yaml: string): Verb | undefined {
  const key = firstKey(yaml);
  return key !== undefined && isVerb(key) ? key : undefined;
}

/**
 * Reads a command from a fence's text; the offsets of its faults count in that text. The verb's
 * value may be a whole command line (`run: full --epochs 20`). Keys come in any order, each once.
 */
export function readFenceCommand(yaml: string, verb: Verb): Draft {
  const { entries, faults } = readYamlMap(yaml);
  const [first, ...rest] = entries;
  const draft = first === undefined ? newDraft(verb) : readFirst(first, verb);
  draft.faults.push(...faults);
  if (first === undefined && faults.length === 0) setTarget(draft, "", 0);
  for (const { key, offset, value } of rest) {
    // `script` is both a verb and a key: below another verb it names that command's script.
    if (isVerb(key) && (key !== "script" || verb === "script")) {
      const fix = "write one fence for each command";
      draft.faults.push({ message: `a second command, \`${key}:\`, in one fence`, fix, offset });
    } else setKey(draft, key, offset, value);
  }
  return draft;
}

function readFirst({ value }: YamlEntry, verb: Verb): Draft {
  if (value.kind === "text" && !value.quoted) {
    const { offset } = value;
    const words = tokenize(value.text).map((token) => ({ ...token, start: offset }));
    return readCommandWords(verb, offset, words);
  }
  const draft = newDraft(verb);
  setTarget(draft, value.kind === "text" ? value.text : "", value.offset);
  return draft;
}

/** What is wrong with a ```run fence that begins with no verb. */
export function verblessFence(yaml: string): { readonly message: string; readonly fix: string } {
  const key = firstKey(yaml);
  const near = key === undefined ? undefined : nearest(key, VERBS);
  const message =
    key === undefined
      ? "a `run` fence needs a verb on its first line"
      : `a \`run\` fence cannot begin with \`${brief(key)}:\``;
  return { message, fix: `begin it with \`${near ?? "run"}:\`` };
}

function firstKey(yaml: string): string | undefined {
  for (const line of yaml.split(/\r\n|\r|\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    return /^["']?([A-Za-z][\w-]{0,60})["']?[ \t]*:(?=\s|$)/.exec(line)?.[1];
  }
  return undefined;
}
