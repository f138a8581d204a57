// The value of `retry`: how often, for which causes, after how long, and with which changes.
// scheduler/retry.ts decides whether a run is tried again.
import { RETRY_CAUSES } from "../../domain/command.ts";
import type { OptionChange, Retry, RetryCause } from "../../domain/command.ts";
import { parseSpan } from "../../base/time.ts";
import { nearest } from "../../base/nearest.ts";
import { brief, checkCount } from "../../settings/written-values.ts";
import type { YamlEntry, YamlValue } from "../../base/yaml-map.ts";
import { changedArguments } from "../../domain/changed-arguments.ts";
import type { Draft, Fault } from "./draft.ts";
import { optionName } from "./sweep-values.ts";

/** Most retries that a command may ask for. */
const RETRIES_MOST = 10;

const FORM = "write `retry: 2`, or `retry: { on: oom, set: { batch-size: /2 } }` in a fence";
const KEYS = ["on", "times", "delay", "set"];

/** `2`, or a map of `on`, `times`, `delay` and `set`. */
export function readRetry(value: YamlValue, faults: Fault[]): Retry | undefined {
  const { offset } = value;
  if (value.kind === "map") return readMap(value.entries, faults);
  if (value.kind === "unreadable" || value.kind === "empty") return undefined;
  if (value.kind === "list") {
    faults.push({ message: "`retry` takes a number of tries", fix: FORM, offset });
    return undefined;
  }
  const times = readTimes("retry", value.text, offset, faults);
  return times === undefined ? undefined : { times, on: RETRY_CAUSES };
}

function readMap(entries: readonly YamlEntry[], faults: Fault[]): Retry {
  let retry: Retry = { times: 1, on: RETRY_CAUSES };
  for (const { key, offset, value } of entries) {
    if (key === "on") retry = { ...retry, on: readCauses(value, faults) };
    else if (key === "set") retry = { ...retry, set: readSet(value, faults) };
    else if (key === "times" && value.kind === "text") {
      retry = { ...retry, times: readTimes("times", value.text, offset, faults) ?? 1 };
    } else if (key === "delay" && value.kind === "text") {
      const delayMs = parseSpan(value.text);
      if (delayMs !== undefined) retry = { ...retry, delayMs };
      else {
        const message = `the delay \`${brief(value.text)}\` is no span of time`;
        faults.push({ message, fix: "write it as `30s` or `5m`", offset });
      }
    } else if (value.kind !== "unreadable") faults.push({ ...unknownKey(key), offset });
  }
  return retry;
}

function unknownKey(key: string): Omit<Fault, "offset"> {
  if (KEYS.includes(key))
    return { message: `\`${key}\` in \`retry\` has no single value`, fix: FORM };
  const near = nearest(key, KEYS);
  const message = `\`${brief(key)}\` is no key of \`retry\``;
  return { message, fix: near === undefined ? FORM : `did you mean \`${near}\`?` };
}

function readTimes(key: string, text: string, offset: number, faults: Fault[]): number | undefined {
  const times = checkCount(key, text, 1, RETRIES_MOST);
  if (times.ok) return times.value;
  faults.push({ ...times.fault, offset });
  return undefined;
}

function readCauses(value: YamlValue, faults: Fault[]): readonly RetryCause[] {
  const items = value.kind === "list" ? value.items : [value];
  const causes = items.flatMap((item) => {
    const cause = RETRY_CAUSES.find((one) => item.kind === "text" && item.text === one);
    if (cause !== undefined) return [cause];
    const said = item.kind === "text" ? ` cannot be \`${brief(item.text)}\`` : " names no cause";
    const fix = "write `oom`, `restart`, or leave `on` out for both: other causes are the code's";
    if (item.kind !== "unreadable") {
      faults.push({ message: `\`on\` in \`retry\`${said}`, fix, offset: item.offset });
    }
    return [];
  });
  return RETRY_CAUSES.filter((cause) => causes.includes(cause));
}

function readSet(value: YamlValue, faults: Fault[]): readonly OptionChange[] {
  if (value.kind !== "map") {
    const fix = "write `set: { batch-size: /2 }`";
    if (value.kind !== "unreadable") {
      faults.push({ message: "`set` in `retry` takes options", fix, offset: value.offset });
    }
    return [];
  }
  return value.entries.flatMap(({ key, offset, value: to }) => {
    const option = optionName(key);
    if (option !== undefined && to.kind === "text" && to.text !== "" && to.text !== "/0") {
      return [{ option, to: to.text }];
    }
    const fix = 'write `batch-size: /2`, `accumulate: "*2"`, or a value';
    const message = `\`set\` in \`retry\` cannot change \`${brief(key)}\` so`;
    if (to.kind !== "unreadable") faults.push({ message, fix, offset });
    return [];
  });
}

/** Adds a fault for a change that could never be made: the option is absent, or not a number. */
export function checkChanges({ fields, args, faults }: Draft, offset: number): void {
  const { retry, sweep = [] } = fields;
  for (const { option, to } of retry?.set ?? []) {
    const swept = sweep.find(({ key }) => `--${key}` === option)?.values.map((value) => value.args);
    const can = (swept ?? [args]).every(
      (given) => changedArguments(given, [{ option, to }]) !== undefined,
    );
    if (can) continue;
    const message = `\`retry\` has \`${brief(to)}\` for \`${brief(option)}\`, which is no number here`;
    faults.push({
      message,
      fix: `write \`${brief(option)}\` with a number among the arguments`,
      offset,
    });
  }
}
