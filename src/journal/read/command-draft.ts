// Fills the draft of a command from its target and keys, and turns the draft into the command.
// The keys are in command-keys.ts; command-line.ts and command-fence.ts read lines and fences.
import { nearest } from "../../base/nearest.ts";
import type { YamlValue } from "../../base/yaml-map.ts";
import { QUEUE_WORDS, type CommandSpec, type Verb } from "../../domain/command.ts";
import {
  brief,
  checkRunName,
  checkScript,
  checkTarget,
  type Checked,
} from "../../settings/written-values.ts";
import { commandKey, KEY_NAMES } from "./command-keys.ts";
import type { Draft, Fault } from "./draft.ts";
import { checkChanges } from "./retry-values.ts";
import { secretMistake } from "./secret-values.ts";
import { sweepOfDraft } from "./sweep-values.ts";
import { defined } from "../../base/defined.ts";

/** Sets the target from the word after the verb. */
export function setTarget(draft: Draft, text: string, offset: number): void {
  const missing = missingTarget(draft.verb, text);
  if (missing !== undefined) draft.faults.push({ ...missing, offset });
  else {
    const checked = checkOf(draft.verb, text);
    if (checked.ok) draft.target = checked.value;
    else draft.faults.push({ ...checked.fault, offset });
  }
}

function checkOf(verb: Verb, text: string): Checked<string> {
  switch (verb) {
    case "run":
      return checkRunName(text);
    case "eval":
    case "stop":
      return checkTarget(text);
    case "script":
      return checkScript(text);
    case "queue": {
      if (QUEUE_WORDS.some((word) => word === text)) return { ok: true, value: text };
      const near = nearest(text, QUEUE_WORDS);
      const all = near === undefined ? ", `queue: drain` or `queue: resume`" : "";
      const fix = `write \`queue: ${near ?? "pause"}\`${all}`;
      return { ok: false, fault: { message: `the queue cannot \`${brief(text)}\``, fix } };
    }
  }
}

function missingTarget(verb: Verb, text: string): Omit<Fault, "offset"> | undefined {
  if (text !== "" && text !== "!") return undefined;
  switch (verb) {
    case "run":
      return { message: "`run:` needs a name", fix: "write `run: de-risk`" };
    case "eval":
    case "stop":
      return {
        message: `\`${verb}:\` needs a run`,
        fix: `write its id or name after \`${verb}:\``,
      };
    case "script":
      return { message: "`script:` needs a file", fix: "write `script: plot_curves.py <run>`" };
    case "queue":
      return {
        message: "`queue:` needs a word",
        fix: "write `queue: pause`, `queue: drain` or `queue: resume`",
      };
  }
}

/**
 * Reads one `key=value` or `key: value`; an unknown key is a fault that names the nearest known.
 */
export function setKey(draft: Draft, name: string, offset: number, value: YamlValue): void {
  const key = commandKey(name);
  if (draft.seen.has(name) && key?.repeats !== true) {
    const message = `\`${brief(name)}\` is written twice`;
    draft.faults.push({ message, fix: "keep one of the two", offset });
  }
  draft.seen.add(name);
  if (key === undefined) draft.faults.push({ ...unknownKey(name), offset });
  else if (value.kind === "empty") {
    const message = `\`${name}\` has no value`;
    const fix = "write one or take the key away";
    draft.faults.push({ message, fix, offset: value.offset });
  } else if (value.kind !== "unreadable") key.read(draft, value);
}

function unknownKey(name: string): Omit<Fault, "offset"> {
  const near = nearest(name, KEY_NAMES);
  const shown = brief(name);
  const fix =
    near === undefined
      ? `to hand it to the script write \`--${shown}\` with its value`
      : `did you mean \`${near}\`?`;
  return { message: `\`${shown}\` is no key of a command`, fix };
}

/**
 * The finished command; undefined where a fault keeps it from being understood. `offset`: where
 * faults of the command as a whole are reported.
 */
export function finish(draft: Draft, offset: number): CommandSpec | undefined {
  const { verb, target, args, go, faults } = draft;
  const { sweep: _, ...fields } = draft.fields;
  const sweep = sweepOfDraft(draft, offset);
  checkChanges(draft, offset);
  if ((verb === "stop" || verb === "queue") && hasOptions(draft)) {
    const fix = "leave only the word after the colon";
    faults.push({ message: `\`${verb}:\` takes nothing but its target`, fix, offset });
  }
  if (fields.share !== undefined && fields.gpus !== undefined && fields.gpus !== 1) {
    const fix = "leave `gpus` out";
    faults.push({ message: "`share` is a part of one GPU", fix, offset });
  }
  if (args.some((arg) => arg.includes("\0"))) {
    const fix = "take the character away";
    faults.push({ message: "an argument holds a NUL character", fix, offset });
  }
  const secret = secretMistake(draft);
  if (secret !== undefined) faults.push({ ...secret, offset });
  if (faults.length > 0) return undefined;
  return {
    verb,
    target,
    args: [...args],
    go,
    ...fields,
    ...defined({ sweep }),
  };
}

/** Whether anything but a target and a reason was written. */
function hasOptions({ args, fields, seeds }: Draft): boolean {
  const { because: _, ...others } = fields;
  return args.length + Object.keys(others).length > 0 || seeds !== undefined;
}
