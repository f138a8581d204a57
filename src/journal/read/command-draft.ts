// A command while it is being read, from a line or a fence alike: its keys checked one by one.
// How lines and fences are taken apart is in command-line.ts and command-fence.ts.
import { QUEUE_WORDS, type CommandSpec, type Verb } from "../../domain/command.ts";
import { nearest } from "../../base/nearest.ts";
import { readStopOn } from "../../settings/rule-values.ts";
import {
  brief,
  checkCount,
  checkMemory,
  checkRunner,
  checkRunName,
  checkScript,
  checkTarget,
  checkTimeout,
} from "../../settings/written-values.ts";
import type { Checked } from "../../settings/written-values.ts";
import type { YamlValue } from "../../base/yaml-map.ts";
import { byName, canonicalValue } from "./canonical.ts";
import { readAfter, readArgs, readEnv } from "./command-values.ts";
import { readIf, readWhen } from "./condition-values.ts";
import type { Draft, Fault } from "./draft.ts";
import { checkChanges, readRetry } from "./retry-values.ts";
import { readSeeds, readSweep, sweepOfDraft } from "./sweep-values.ts";

/** Arguments of one command together: Linux takes at most 128 KiB in one argument. */
const ARGUMENT_CHARS = 64 * 1024;
/** GPUs, sharers of one, and steps of priority that a command may write. */
const GPUS_MOST = 64;
const SHARE_MOST = 16;
const PRIORITY_MOST = 1_000;

/** Keys that this version carries out. */
const CARRIED = [
  "timeout",
  "because",
  "after",
  "script",
  "runner",
  "env",
  "args",
  "go",
  "stop-on",
  "gpus",
  "share",
  "priority",
  "memory",
  "sweep",
  "seeds",
  "retry",
  "when",
  "if",
  "snapshot",
] as const;
/** Keys of the language that this version understands and cannot carry out yet. */
const LATER = ["host", "executor"] as const;
export const KEYS: readonly string[] = [...CARRIED, ...LATER];

/** Takes the name, path or mark that stands after the verb. */
export function setTarget(draft: Draft, text: string, offset: number): void {
  const missing = missingTarget(draft.verb, text);
  if (missing !== undefined) draft.faults.push({ ...missing, offset });
  else draft.target = take(draft, checkOf(draft.verb, text), offset) ?? "";
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

/** Takes one `key=value` or `key: value`; an unknown key becomes a fault with the nearest known. */
export function setKey(draft: Draft, key: string, offset: number, value: YamlValue): void {
  const known = CARRIED.find((one) => one === key);
  if (draft.seen.has(key) && key !== "after" && key !== "env" && key !== "args") {
    const message = `\`${brief(key)}\` is written twice`;
    draft.faults.push({ message, fix: "keep one of the two", offset });
  }
  draft.seen.add(key);
  if (known !== undefined) {
    setCarried(draft, known, value);
  } else if (LATER.some((one) => one === key)) {
    if (value.kind !== "empty") draft.later.set(key, canonicalValue(value));
  } else {
    const near = nearest(key, KEYS);
    const shown = brief(key);
    const fix =
      near === undefined
        ? `to hand it to the script write \`--${shown}\` with its value`
        : `did you mean \`${near}\`?`;
    draft.faults.push({ message: `\`${shown}\` is no key of a command`, fix, offset });
  }
}

function setCarried(draft: Draft, key: (typeof CARRIED)[number], value: YamlValue): void {
  const { offset } = value;
  if (value.kind === "unreadable") return;
  if (value.kind === "empty") {
    const fix = "write one or take the key away";
    draft.faults.push({ message: `\`${key}\` has no value`, fix, offset });
    return;
  }
  if (key === "after") draft.after.push(...readAfter(value, draft.faults));
  else if (key === "args") draft.args.push(...readArgs(value, draft));
  else if (key === "env") readEnv(value, draft);
  else if (key === "sweep") draft.sweep = readSweep(value, draft.faults);
  else if (key === "seeds") draft.seeds = readSeeds(value, draft.faults);
  else if (key === "retry") draft.retry = readRetry(value, draft.faults);
  else if (key === "when") draft.when = readWhen(value, draft.faults);
  else if (key === "if") draft.if = readIf(value, draft.faults);
  else if (key === "stop-on") draft.stopOn = readStopOn(value, draft.faults);
  else if (value.kind !== "text") {
    draft.faults.push({ message: `\`${key}\` takes one value`, fix: "write a single one", offset });
  } else if (key === "timeout") assign(draft, "timeoutMs", checkTimeout(value.text), offset);
  else if (key === "gpus") assign(draft, key, checkCount(key, value.text, 0, GPUS_MOST), offset);
  else if (key === "share") assign(draft, key, checkCount(key, value.text, 1, SHARE_MOST), offset);
  else if (key === "priority") {
    assign(draft, key, checkCount(key, value.text, -PRIORITY_MOST, PRIORITY_MOST), offset);
  } else if (key === "memory") assign(draft, key, checkMemory(value.text), offset);
  else if (key === "script") assign(draft, "script", checkScript(value.text), offset);
  else if (key === "runner") assign(draft, "runner", checkRunner(value.text), offset);
  else if (key === "because") {
    const because = value.text.replaceAll(/\s+/g, " ").trim();
    if (because !== "") draft.because = because;
    else draft.faults.push({ message: "`because` is empty", fix: "write the reason", offset });
  } else if (/^(?:true|yes|on)$/i.test(value.text)) draft[key] = true;
  else if (!/^(?:false|no|off)$/i.test(value.text)) {
    const message = `\`${key}\` cannot be \`${brief(value.text)}\``;
    draft.faults.push({ message, fix: `write \`${key}: true\``, offset });
  }
}

function assign<
  K extends "timeoutMs" | "script" | "runner" | "gpus" | "share" | "priority" | "memory",
>(draft: Draft, key: K, checked: Checked<NonNullable<Draft[K]>>, offset: number): void {
  const value = take(draft, checked, offset);
  if (value !== undefined) Object.assign(draft, { [key]: value });
}

function take<T>(draft: Draft, checked: Checked<T>, offset: number): T | undefined {
  if (checked.ok) return checked.value;
  draft.faults.push({ ...checked.fault, offset });
  return undefined;
}

/** The finished command, or undefined where a fault keeps it from being understood. */
export function finish(draft: Draft, offset: number): CommandSpec | undefined {
  const { verb, args, after, env, later, faults } = draft;
  const single = verb === "stop" || verb === "queue";
  const sweep = sweepOfDraft(draft, offset);
  checkChanges(draft, offset);
  const waits = draft.when !== undefined || draft.if !== undefined;
  const more =
    waits || draft.retry !== undefined || sweep !== undefined || later.size > 0 || draft.snapshot;
  if (single && (args.length > 0 || after.length > 0 || more || env.size > 0)) {
    const fix = "leave only the word after the colon";
    faults.push({ message: `\`${verb}:\` takes nothing but its target`, fix, offset });
  }
  if (draft.share !== undefined && draft.gpus !== undefined && draft.gpus !== 1) {
    const fix = "leave `gpus` out";
    faults.push({ message: "`share` is a part of one GPU", fix, offset });
  }
  if (args.some((arg) => arg.includes("\0"))) {
    const fix = "take the character away";
    faults.push({ message: "an argument holds a NUL character", fix, offset });
  }
  if (args.reduce((sum, arg) => sum + arg.length, 0) > ARGUMENT_CHARS) {
    const message = `the arguments are longer than ${ARGUMENT_CHARS / 1024} KiB`;
    faults.push({ message, fix: "put them into a file and hand on its name", offset });
  }
  if (faults.length > 0) return undefined;
  return {
    verb,
    target: draft.target,
    args: [...args],
    go: draft.go,
    ...(draft.timeoutMs === undefined ? {} : { timeoutMs: draft.timeoutMs }),
    ...(draft.because === undefined ? {} : { because: draft.because }),
    ...(after.length === 0 ? {} : { after: [...after] }),
    ...(draft.script === undefined ? {} : { script: draft.script }),
    ...(draft.runner === undefined ? {} : { runner: draft.runner }),
    ...(draft.stopOn === undefined ? {} : { stopOn: draft.stopOn }),
    ...(draft.gpus === undefined ? {} : { gpus: draft.gpus }),
    ...(draft.share === undefined ? {} : { share: draft.share }),
    ...(draft.priority === undefined ? {} : { priority: draft.priority }),
    ...(draft.memory === undefined ? {} : { memory: draft.memory }),
    ...(sweep === undefined ? {} : { sweep }),
    ...(draft.retry === undefined ? {} : { retry: draft.retry }),
    ...(draft.when === undefined ? {} : { when: draft.when }),
    ...(draft.if === undefined ? {} : { if: draft.if }),
    ...(draft.snapshot ? { snapshot: true } : {}),
    ...(env.size === 0 ? {} : { env: Object.fromEntries([...env].toSorted(byName)) }),
    ...(later.size === 0 ? {} : { unsupported: [...later.keys()].toSorted() }),
  };
}
