// Values with a syntax of their own: `after`, `args` and `env`, from lines and fences alike.
// Single words are checked in settings/written-values.ts.
import type { After } from "../../domain/command.ts";
import { brief, checkTarget } from "../../settings/written-values.ts";
import type { YamlValue } from "../../base/yaml-map.ts";
import type { Draft, Fault } from "./draft.ts";
import { tokenize } from "./tokens.ts";

/** `full`, `full, base (any)`, or a list of those. */
export function readAfter(value: YamlValue, faults: Fault[]): readonly After[] {
  const { offset } = value;
  if (value.kind === "list") return value.items.flatMap((item) => readAfter(item, faults));
  if (value.kind !== "text") {
    const message = "`after` takes names of runs";
    faults.push({ message, fix: "write `after: full` or `after: [full, base]`", offset });
    return [];
  }
  return value.text.split(",").flatMap((written) => {
    const text = written.trim();
    const any = /\(any\)$/i.test(text);
    const checked = checkTarget(any ? text.slice(0, -5).trimEnd() : text);
    if (checked.ok) return [{ target: checked.value, any }];
    faults.push({
      message: `\`after\` names no run: ${checked.fault.message}`,
      fix: "write an id, a run's name, or `name (any)`",
      offset,
    });
    return [];
  });
}

/**
 * Arguments in a fence. A string is split as on a command line. An item of a list is one argument,
 * except that a bare `--epochs 20` is split. A map gives `--key value`: a list in it repeats the
 * option for each item, a bare `true` gives the option alone, a bare `false` its `--no-` form.
 */
export function readArgs(value: YamlValue, draft: Draft): readonly string[] {
  switch (value.kind) {
    case "text":
      return splitArgs(value.text, value.offset, draft);
    case "list":
      return value.items.flatMap((item) => {
        if (item.kind !== "text") return notScalar(item, draft);
        const bareOption = !item.quoted && /^[-–—]\S*\s/.test(item.text);
        return bareOption ? splitArgs(item.text, item.offset, draft) : [item.text];
      });
    case "map":
      return value.entries.flatMap(({ key, value: given }) => {
        const option = key.startsWith("-") ? key : `--${key}`;
        return optionArgs(option, given, draft);
      });
    case "empty":
    case "unreadable":
      return [];
  }
}

function optionArgs(option: string, value: YamlValue, draft: Draft): readonly string[] {
  switch (value.kind) {
    case "empty":
      return [option];
    case "text":
      if (!value.quoted && value.text === "true") return [option];
      if (!value.quoted && value.text === "false" && option.startsWith("--")) {
        return [`--no-${option.slice(2)}`];
      }
      return [option, value.text];
    case "list":
      return value.items.flatMap((item) => optionArgs(option, item, draft));
    case "map":
      return notScalar(value, draft);
    case "unreadable":
      return [];
  }
}

function notScalar(value: YamlValue, draft: Draft): readonly string[] {
  if (value.kind === "unreadable") return [];
  const message = "an argument must be a single value";
  draft.faults.push({ message, fix: "put it in quotes", offset: value.offset });
  return [];
}

/** The words of a string; a corrected dash adds a note, an open quote a fault. */
function splitArgs(text: string, offset: number, draft: Draft): readonly string[] {
  return tokenize(text).map((token) => {
    if (token.unclosed !== undefined) {
      const message = `nothing closes the ${token.unclosed}`;
      draft.faults.push({ message, fix: "close it", offset });
    }
    return token.quoted ? token.text : withDashes(token.text, offset, draft);
  });
}

/** Undoes what editors make of `--epochs` (`–epochs`, `—epochs`), with a note. */
export function withDashes(text: string, offset: number, draft: Draft): string {
  if (!/^[–—]-?[A-Za-z]/.test(text)) return text;
  const fixed = text.replace(/^[–—]-?/, "--");
  const message = `\`${brief(text)}\` was read as \`${brief(fixed)}\``;
  const fix = "an editor made a long dash of the two; backticks around the option keep them";
  draft.notes.push({ message, fix, offset });
  return fixed;
}

/** Without a value: it is in this machine's private file. */
type Variable = readonly [name: string, value?: string];

/**
 * `env: { A: 1 }`, `env: A=1 B=2` or a list of `A=1`, in the order in which they were written. A
 * name alone in a list, `env: [A]` or on a line `env=[A,B]`, is one of the private file's.
 */
export function readEnv(value: YamlValue, draft: Draft): readonly Variable[] {
  switch (value.kind) {
    case "text": {
      const list = /^\[([^\]]*)\]$/.exec(value.text)?.[1];
      if (list === undefined)
        return tokenize(value.text).flatMap(({ text }) => setting(text, value.offset, draft));
      return list.split(",").flatMap((item) => listed(item.trim(), value.offset, draft));
    }
    case "list":
      return value.items.flatMap((item) => {
        if (item.kind === "text") return listed(item.text, item.offset, draft);
        notScalar(item, draft);
        return [];
      });
    case "map":
      return value.entries.flatMap(({ key, value: given }) => {
        if (given.kind === "text") return variable(key, given.text, given.offset, draft);
        if (given.kind === "empty") return variable(key, "", given.offset, draft);
        notScalar(given, draft);
        return [];
      });
    case "empty":
    case "unreadable":
      return [];
  }
}

const listed = (written: string, offset: number, draft: Draft): readonly Variable[] =>
  written.includes("=")
    ? setting(written, offset, draft)
    : variable(written, undefined, offset, draft);

function setting(written: string, offset: number, draft: Draft): readonly Variable[] {
  const equals = written.indexOf("=");
  if (equals > 0)
    return variable(written.slice(0, equals), written.slice(equals + 1), offset, draft);
  const message = `\`${brief(written)}\` sets no environment variable`;
  draft.faults.push({ message, fix: "write `env=NAME=value`", offset });
  return [];
}

function variable(
  name: string,
  value: string | undefined,
  offset: number,
  draft: Draft,
): readonly Variable[] {
  const fault = variableFault(name, value ?? "");
  if (fault === undefined) return [value === undefined ? [name] : [name, value]];
  draft.faults.push({ ...fault, offset });
  return [];
}

/** NVIDIA's, AMD ROCr's and HIP's. */
const GPU_VARIABLES: ReadonlySet<string> = new Set([
  "CUDA_VISIBLE_DEVICES",
  "ROCR_VISIBLE_DEVICES",
  "HIP_VISIBLE_DEVICES",
]);

function variableFault(name: string, value: string): Omit<Fault, "offset"> | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const fix = "write letters, digits and `_` only";
    return { message: `\`${brief(name)}\` cannot name an environment variable`, fix };
  }
  if (name.startsWith("NIGHTLAB_")) {
    const fix = "choose another name";
    return { message: `\`${brief(name)}\` belongs to nightlab`, fix };
  }
  if (GPU_VARIABLES.has(name)) {
    const fix = "write `gpus: 1`, or `gpus: 0` for none";
    return { message: `\`${name}\` is set by the GPUs that a run gets`, fix };
  }
  if (!value.includes("\0")) return undefined;
  return { message: `\`${name}\` holds a NUL character`, fix: "take the character away" };
}
