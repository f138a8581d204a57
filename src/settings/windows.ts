// `windows:` of nightlab.yaml: when each begins and ends, what happens then, and its budget.
// What is wrong leaves that window out and is said; when a window comes is in domain/windows.ts.
import { validateDetailed } from "node-cron";
import { parseSpan } from "../base/time.ts";
import {
  AT_END,
  NIGHT,
  NIGHT_FROM,
  NIGHT_TO,
  type AtEnd,
  type TimeWindow,
  type WindowEnd,
} from "../domain/window.ts";
import { dailyTimes, nextOccurrence } from "../domain/windows.ts";
import { clockMinute, clockRange, isWindowName } from "./clock-times.ts";
import { nearest } from "../base/nearest.ts";
import { isTimeZone, nearestTimeZone } from "./time-zones.ts";
import { brief } from "./written-values.ts";
import type { YamlEntry, YamlFault, YamlValue } from "../base/yaml-map.ts";

/** A window longer than a week is no window. */
const WINDOW_LENGTH_MS = 7 * 86_400_000;
/** Comings of a window that are looked at for one that begins before the last one's end. */
const WINDOW_TRIES = 50;
/** Hours that GPUs may be held in one window: 64 of them for a week and a half. */
const GPU_HOURS_MOST = 20_000;

const KEYS = ["start", "end", "length", "time-zone", "at-end", "gpu-hours"] as const;
type Key = (typeof KEYS)[number];

const EXAMPLE = "write `weekend: { start: 0 20 * * 5, length: 58h }` or `tonight: 22:00-07:00`";

/** Reads every window that can be understood; `timeZone` is the lab's. Never throws. */
export function readWindows(
  value: YamlValue,
  timeZone: string,
  faults: YamlFault[],
): readonly TimeWindow[] {
  if (value.kind === "empty" || value.kind === "unreadable") return [];
  if (value.kind !== "map") {
    const message = "`windows` holds a name and its times for each window";
    faults.push({ message, fix: EXAMPLE, offset: value.offset });
    return [];
  }
  return value.entries.flatMap((entry) => readWindow(entry, timeZone, faults) ?? []);
}

function readWindow(
  { key: name, offset, value }: YamlEntry,
  timeZone: string,
  faults: YamlFault[],
): TimeWindow | undefined {
  const fault = (message: string, fix: string, at = offset): undefined => {
    faults.push({ message, fix, offset: at });
  };
  if (!isWindowName(name)) {
    const fix = "write letters, digits, `_` and `-` only, a letter first";
    return fault(`\`${brief(name)}\` cannot name a window`, fix);
  }
  if (value.kind === "text") {
    const range = clockRange(value.text);
    if (range === undefined) {
      return fault(`the window \`${name}\` has no times in \`${brief(value.text)}\``, EXAMPLE);
    }
    return { name, ...dailyTimes(range.from, range.to, timeZone), atEnd: "finish" };
  }
  if (value.kind !== "map") {
    return value.kind === "unreadable"
      ? undefined
      : fault(`the window \`${name}\` has no times`, EXAMPLE);
  }
  const before = faults.length;
  const read = readKeys(name, value.entries, faults);
  if (faults.length > before) return undefined;
  const zone = read.timeZone ?? timeZone;
  const times = timesOf(name, read, faults, offset);
  if (times === undefined) return undefined;
  const window: TimeWindow = {
    name,
    ...times,
    timeZone: zone,
    atEnd: read.atEnd ?? "finish",
    ...(read.gpuHours === undefined ? {} : { gpuHours: read.gpuHours }),
  };
  if (nextOccurrence(window, SOME_DAY) === undefined) {
    return fault(`the window \`${name}\` never comes: no day fits \`${window.start}\``, EXAMPLE);
  }
  if (!overlaps(window)) return window;
  return fault(`the window \`${name}\` comes again before its end`, "write a shorter `length`");
}

/** Whether one coming of a window goes on into the next: its hours could not be told apart. */
function overlaps(window: TimeWindow): boolean {
  let last = nextOccurrence(window, SOME_DAY);
  for (let i = 0; i < WINDOW_TRIES && last !== undefined; i += 1) {
    const next = nextOccurrence(window, last.startMs);
    if (next !== undefined && next.startMs < last.endMs) return true;
    last = next;
  }
  return false;
}

/** Any day will do to see whether a window ever comes; from then on a leap day is near. */
const SOME_DAY = Date.UTC(2024, 0, 1);

interface Written {
  start?: string;
  end?: WindowEnd;
  length?: WindowEnd;
  timeZone?: string;
  atEnd?: AtEnd;
  gpuHours?: number;
}

function readKeys(name: string, entries: readonly YamlEntry[], faults: YamlFault[]): Written {
  const read: Written = {};
  for (const { key, offset, value } of entries) {
    const known = KEYS.find((one) => one === key);
    if (known === undefined) {
      const near = nearest(key, KEYS);
      const fix =
        near === undefined ? `its keys are ${KEYS.join(", ")}` : `did you mean \`${near}\`?`;
      faults.push({ message: `\`${brief(key)}\` is no key of a window`, fix, offset });
    } else if (value.kind === "text") {
      const wrong = take(read, known, value.text.trim());
      if (wrong === undefined) continue;
      const message = `the window \`${name}\`: ${wrong.message}`;
      faults.push({ message, fix: wrong.fix, offset: value.offset });
    } else if (value.kind !== "unreadable") {
      const message = `\`${key}\` of the window \`${name}\` takes one value`;
      faults.push({ message, fix: "write a single one", offset: value.offset });
    }
  }
  return read;
}

interface Wrong {
  readonly message: string;
  readonly fix: string;
}

/** Notes a value; what is wrong with it, where it cannot be. */
function take(read: Written, key: Key, text: string): Wrong | undefined {
  switch (key) {
    case "start":
      return takeStart(read, text);
    case "end": {
      const minute = clockMinute(text);
      if (minute === undefined) return no("end", text, "write `end: 07:00`, or a `length`");
      read.end = { kind: "clock", minute };
      return undefined;
    }
    case "length": {
      const ms = text.length > 60 ? undefined : parseSpan(text);
      if (ms === undefined) return no("length", text, "write it as `90m`, `8h` or `2d`");
      if (ms > WINDOW_LENGTH_MS) return no("length", text, "write a week (`7d`) at most");
      read.length = { kind: "length", ms };
      return undefined;
    }
    case "time-zone": {
      if (!isTimeZone(text)) return no("time-zone", text, nearestTimeZone(text));
      read.timeZone = text;
      return undefined;
    }
    case "at-end": {
      const atEnd = AT_END.find((one) => one === text);
      if (atEnd === undefined) {
        const near = nearest(text, AT_END);
        const fix = near === undefined ? "write `finish` or `stop`" : `did you mean \`${near}\`?`;
        return no("at-end", text, fix);
      }
      read.atEnd = atEnd;
      return undefined;
    }
    case "gpu-hours": {
      const hours = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
      if (!(hours > 0 && hours <= GPU_HOURS_MOST)) {
        return no("gpu-hours", text, "write a number of hours, such as `gpu-hours: 16`");
      }
      read.gpuHours = hours;
      return undefined;
    }
  }
}

const no = (key: Key, text: string, fix: string): Wrong => ({
  message: `\`${key}\` cannot be \`${brief(text)}\``,
  fix,
});

function takeStart(read: Written, text: string): Wrong | undefined {
  const minute = clockMinute(text);
  if (minute !== undefined) {
    read.start = dailyTimes(minute, 0, "UTC").start;
    return undefined;
  }
  const fields = text.split(/\s+/);
  if (fields.length !== 5) {
    const fix = "write a time (`22:00`) or five cron fields: `0 22 * * 1-5`";
    return no("start", text, fix);
  }
  const { valid, errors } = validateDetailed(fields.join(" "));
  const [first] = errors;
  if (valid || first === undefined) {
    read.start = fields.join(" ");
    return undefined;
  }
  return {
    message: `cron cannot read \`${brief(text)}\`: ${cronWords(first.message)}`,
    fix: "its fields are minute, hour, day of the month, month and day of the week",
  };
}

/** What the library says, as part of a sentence. */
const cronWords = (said: string): string =>
  said
    .replace(/^(.+) is a invalid expression for (.+)$/, "$1 is no $2")
    .replace(/^(\d+) (\d+) is an impossible .*$/, "month $2 has no day $1");

function timesOf(
  name: string,
  { start, end, length }: Written,
  faults: YamlFault[],
  offset: number,
): Pick<TimeWindow, "start" | "end"> | undefined {
  const fault = (message: string, fix: string): undefined => {
    faults.push({ message: `the window \`${name}\` ${message}`, fix, offset });
  };
  if (end !== undefined && length !== undefined) {
    return fault("has an `end` and a `length`", "keep one of the two");
  }
  const until = end ?? length;
  if (start !== undefined && until !== undefined) return { start, end: until };
  if (name === NIGHT && start === undefined) {
    const { start: from, end: to } = dailyTimes(NIGHT_FROM, NIGHT_TO, "UTC");
    return { start: from, end: until ?? to };
  }
  if (start === undefined) return fault("has no `start`", EXAMPLE);
  return fault("has no end", "add `end: 07:00` or `length: 9h`");
}
