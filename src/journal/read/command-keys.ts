// The keys of a command, `timeout=2h` on a line or `timeout: 2h` in a fence. One row each: how it
// is read, what it adds to the command's identity, and its row in docs/journal.md. What a key does
// is up to the code that uses its field.
import { byName } from "../../base/by-name.ts";
import type { YamlEntry } from "../../base/yaml-map.ts";
import type { CommandSpec } from "../../domain/command.ts";
import { readStopOn } from "../../settings/rule-values.ts";
import {
  brief,
  checkCount,
  checkMemory,
  checkRunner,
  checkScript,
  checkTimeout,
  type Checked,
} from "../../settings/written-values.ts";
import { readAfter, readArgs, readEnv } from "./command-values.ts";
import { isTimeOfDay, readIf, readWhen } from "./condition-values.ts";
import { newDraft, type Draft, type Fault, type KeyField, type WrittenValue } from "./draft.ts";
import { readRetry } from "./retry-values.ts";
import { readSeeds, readSweep } from "./sweep-values.ts";

/** Most GPUs, sharers of one GPU, and priority: beyond that a number is a slip. */
const GPUS_MOST = 64;
const SHARE_MOST = 16;
const PRIORITY_MOST = 1_000;

export interface CommandKey {
  readonly name: string;
  /** Reads a value into the draft; a mistake in it becomes a fault of the draft. */
  readonly read: (draft: Draft, value: WrittenValue) => void;
  /**
   * What the key adds to the hash by which the command is recognised: nothing (it is consent, and
   * giving it makes no new command), a fixed place at the head of the hash, or what a function
   * returns. By default `{ name: value of its field }`, if the field is set.
   */
  readonly identity?: "consent" | "head" | ((spec: CommandSpec) => readonly unknown[]);
  /** The field of the command that it sets, if any. */
  readonly field?: KeyField;
  /** Its row in docs/journal.md: how it is written, and what it does. */
  readonly example: string;
  readonly does: string;
  /** May be written several times; its values add up. */
  readonly repeats?: true;
  /** On a line its value may be two words: whether `next` continues what is written before it. */
  readonly goesOn?: (written: string, next: string) => boolean;
  /** A misspelling of it after an option is reported, not taken for the option's value. */
  readonly doubted?: true;
}

/** New keys go last: the order of the rows is part of every command's identity. */
export const COMMAND_KEYS: readonly CommandKey[] = [
  {
    ...word("timeout", "timeoutMs", checkTimeout),
    identity: "head",
    example: "timeout=2h",
    does: "how long it may run; two minutes where neither it nor the frontmatter says",
    doubted: true,
  },
  {
    name: "because",
    field: "because",
    read: readBecause,
    identity: "consent",
    example: 'because="de-risk fell as expected"',
    does: "why a run over two minutes is worth its time",
    doubted: true,
  },
  {
    name: "after",
    field: "after",
    read: (draft, value) => {
      draft.fields.after = [...(draft.fields.after ?? []), ...readAfter(value, draft.faults)];
    },
    identity: "head",
    example: "after=full",
    does: 'waits until that run is done; `after="full (any)"` until it has ended, however',
    repeats: true,
    goesOn: (_, next) => next.toLowerCase() === "(any)",
    doubted: true,
  },
  {
    ...word("script", "script", checkScript),
    identity: "head",
    example: "script=train_wide.py",
    does: "runs this script of the experiment instead of the frontmatter's",
  },
  {
    ...word("runner", "runner", checkRunner),
    identity: "head",
    example: "runner=pixi",
    does: "starts the script with pixi, or with `uv`",
    doubted: true,
  },
  {
    name: "env",
    field: "env",
    read: (draft, value) => {
      const read = readEnv(value, draft);
      const set = read.flatMap(([name, text]) =>
        text === undefined ? [] : ([[name, text]] as const),
      );
      const all = [...Object.entries(draft.fields.env ?? {}), ...set];
      if (all.length > 0) draft.fields.env = Object.fromEntries(all.toSorted(byName));
      const named = read.flatMap(([name, text]) => (text === undefined ? [name] : []));
      const own = new Set([...(draft.fields.privateEnv ?? []), ...named]);
      if (own.size > 0) draft.fields.privateEnv = [...own].toSorted();
    },
    // What is set is in the head of the hash.
    identity: ({ privateEnv }) => (privateEnv === undefined ? [] : [{ privateEnv }]),
    example: "env=NAME=value",
    does:
      "sets a variable for the script; several in a fence: `env: { A: 1, B: 2 }`. `env=[A]`, " +
      "in a fence `env: [A, B]`, takes values from your private file ([security.md](security.md#secrets))",
    repeats: true,
  },
  {
    name: "args",
    read: (draft, value) => {
      draft.args.push(...readArgs(value, draft));
    },
    identity: "head",
    example: "args: --epochs 200",
    does: "in a fence: options for the script, as a line, a list or a map",
    repeats: true,
  },
  {
    name: "go",
    read: (draft, value) =>
      readSwitch("go", draft, value, () => {
        draft.go = true;
      }),
    identity: "consent",
    example: "go: true",
    does: "in a fence: starts it without waiting, as ` !` at the end of a line does",
  },
  {
    ...parsed("stop-on", "stopOn", readStopOn),
    identity: ({ stopOn }) => (stopOn === undefined ? [] : [stopOn]),
    example: "stop-on=not-finite",
    does: "stops the run when that rule flags it ([rules.md](rules.md))",
  },
  {
    ...word("gpus", "gpus", (text) => checkCount("gpus", text, 0, GPUS_MOST)),
    identity: ({ gpus, share, priority }) =>
      gpus === undefined && share === undefined && priority === undefined
        ? []
        : [{ gpus, share, priority }],
    example: "gpus=2",
    does: "takes that many GPUs; `gpus=0` none",
  },
  {
    ...word("share", "share", (text) => checkCount("share", text, 1, SHARE_MOST)),
    // Hashed together with `gpus`.
    identity: () => [],
    example: "share=2",
    does: "takes half of a GPU; `share=3` a third",
  },
  {
    ...word("priority", "priority", (text) =>
      checkCount("priority", text, -PRIORITY_MOST, PRIORITY_MOST),
    ),
    // Hashed together with `gpus`.
    identity: () => [],
    example: "priority=5",
    does: "goes before what has less; without it 0, and it may be negative",
  },
  {
    ...parsed("sweep", "sweep", readSweep),
    example: 'sweep="lr=1e-4,3e-4"',
    does: "one run for each combination of values ([runs.md](runs.md#sweeps-and-seeds))",
  },
  {
    name: "seeds",
    read: (draft, value) => {
      const seeds = readSeeds(value, draft.faults);
      if (seeds !== undefined) draft.seeds = seeds;
    },
    // Hashed as part of the sweep.
    identity: () => [],
    example: "seeds=3",
    does: "one run for each seed: `--seed 0` to `--seed 2`",
  },
  {
    ...parsed("retry", "retry", readRetry),
    example: "retry=2",
    does: "tries it again after a full GPU or a restart of the machine, twice at most",
  },
  {
    ...parsed("when", "when", readWhen),
    identity: ({ when }) =>
      when === undefined ? [] : [{ when: Object.entries(when).toSorted(byName) }],
    example: "when=tonight",
    does: "waits for that window or time ([nights.md](nights.md))",
    goesOn: isTimeOfDay,
  },
  {
    name: "snapshot",
    field: "snapshot",
    read: (draft, value) =>
      readSwitch("snapshot", draft, value, () => {
        draft.fields.snapshot = true;
      }),
    identity: ({ snapshot }) => (snapshot === true ? ["snapshot"] : []),
    example: "snapshot=true",
    does: "runs the code as it was when the command was queued",
  },
  {
    ...word("memory", "memory", checkMemory),
    example: "memory=24GB",
    does: "holds all of its processes to that much of the machine's memory",
  },
  {
    ...parsed("if", "if", readIf),
    example: 'if="full.val/loss < 0.4"',
    does: "skips it where that run showed something else",
  },
];

const BY_NAME: ReadonlyMap<string, CommandKey> = new Map(
  COMMAND_KEYS.map((key) => [key.name, key]),
);

/** The names of all keys; of equally near ones, suggestions prefer the first. */
export const KEY_NAMES: readonly string[] = [...BY_NAME.keys()];

export const commandKey = (name: string): CommandKey | undefined => BY_NAME.get(name);

/** Whether a frontmatter key that the plan does not know is an option of commands. */
export function isOptionOfCommands({ key: name, value }: YamlEntry): boolean {
  const key = commandKey(name);
  if (key === undefined || value.kind === "empty" || value.kind === "unreadable") return false;
  // `priority: high` is another program's: no command could have it.
  const draft = newDraft("run");
  key.read(draft, value);
  return draft.faults.length === 0;
}

/** What the keys of a command add to its identity, after the head of the hash. */
export function keyIdentity(spec: CommandSpec): readonly unknown[] {
  return COMMAND_KEYS.flatMap(({ name, field, identity }) => {
    if (typeof identity === "function") return identity(spec);
    if (identity !== undefined || field === undefined) return [];
    return spec[field] === undefined ? [] : [{ [name]: spec[field] }];
  });
}

/** A key with a single value, which is checked and stored in a field. */
function word<K extends KeyField>(
  name: string,
  field: K,
  check: (text: string) => Checked<NonNullable<CommandSpec[K]>>,
): Pick<CommandKey, "name" | "field" | "read"> {
  const read = (draft: Draft, value: WrittenValue): void => {
    const text = oneWord(name, draft, value);
    if (text === undefined) return;
    const checked = check(text);
    if (checked.ok) Object.assign(draft.fields, { [field]: checked.value });
    else draft.faults.push({ ...checked.fault, offset: value.offset });
  };
  return { name, field, read };
}

/** A key whose value has a syntax of its own, kept in a field where it could be read. */
function parsed<K extends KeyField>(
  name: string,
  field: K,
  parse: (value: WrittenValue, faults: Fault[]) => CommandSpec[K] | undefined,
): Pick<CommandKey, "name" | "field" | "read"> {
  const read = (draft: Draft, value: WrittenValue): void => {
    const found = parse(value, draft.faults);
    if (found !== undefined) Object.assign(draft.fields, { [field]: found });
  };
  return { name, field, read };
}

function oneWord(name: string, draft: Draft, value: WrittenValue): string | undefined {
  if (value.kind === "text") return value.text;
  const message = `\`${name}\` takes one value`;
  draft.faults.push({ message, fix: "write a single one", offset: value.offset });
  return undefined;
}

function readSwitch(name: string, draft: Draft, value: WrittenValue, turnOn: () => void): void {
  const text = oneWord(name, draft, value);
  if (text === undefined || /^(?:false|no|off)$/i.test(text)) return;
  if (/^(?:true|yes|on)$/i.test(text)) turnOn();
  else {
    const message = `\`${name}\` cannot be \`${brief(text)}\``;
    draft.faults.push({ message, fix: `write \`${name}: true\``, offset: value.offset });
  }
}

function readBecause(draft: Draft, value: WrittenValue): void {
  const because = oneWord("because", draft, value)?.replaceAll(/\s+/g, " ").trim();
  if (because === undefined) return;
  if (because !== "") draft.fields.because = because;
  else {
    const fault = { message: "`because` is empty", fix: "write the reason" };
    draft.faults.push({ ...fault, offset: value.offset });
  }
}
