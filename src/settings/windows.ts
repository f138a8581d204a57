// Reads `windows:` of nightlab.yaml: when each begins and ends, what happens at its end, its
// budget. An invalid window is left out, with a fault; domain/windows.ts works out when a window
// occurs.
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
import { defined } from "../base/defined.ts";

/** Longest window: a week. Anything longer is a mistake. */
const WINDOW_LENGTH_MS = 7 * 86_400_000;
/** Occurrences of a window that are checked for overlap with the next one. */
const CHECKED_OCCURRENCES = 50;
/** Upper bound of `gpu-hours`: 64 GPUs, a large machine, use this up in 13 days. */
const GPU_HOURS_MOST = 20_000;

const KEYS = ["start", "end", "length", "time-zone", "at-end", "gpu-hours"] as const;
type Key = (typeof KEYS)[number];

const EXAMPLE = "write `weekend: { start: 0 20 * * 5, length: 58h }` or `tonight: 22:00-07:00`";

/**
 * Reads all valid windows; each invalid one adds a fault. Never throws.
 *
 * @param timeZone the lab's, an IANA name; a window may have its own
 */
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
    ...defined({ gpuHours: read.gpuHours }),
  };
  if (nextOccurrence(window, SOME_DAY) === undefined) {
    return fault(`the window \`${name}\` never comes: no day fits \`${window.start}\``, EXAMPLE);
  }
  if (!overlaps(window)) return window;
  return fault(`the window \`${name}\` comes again before its end`, "write a shorter `length`");
}

/**
 * Whether a window begins again before it has ended: its occurrences could not be told apart then.
 */
function overlaps(window: TimeWindow): boolean {
  let last = nextOccurrence(window, SOME_DAY);
  for (let i = 0; i < CHECKED_OCCURRENCES && last !== undefined; i += 1) {
    const next = nextOccurrence(window, last.startMs);
    if (next !== undefined && next.startMs < last.endMs) return true;
    last = next;
  }
  return false;
}

/** Where checks of occurrences start. Any day works; a leap day follows soon after this one. */
const SOME_DAY = Date.UTC(2024, 0, 1);

/** A window's keys as read so far. */
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

/** Why a value is refused, and how to fix it. */
interface Wrong {
  readonly message: string;
  readonly fix: string;
}

/** Stores a value in `read`; returns what is wrong with it if it is refused. */
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

/** node-cron's message as part of a sentence. */
const cronWords = (message: string): string =>
  message
    .replace(/^(.+) is a invalid expression for (.+)$/, "$1 is no $2")
    .replace(/^(\d+) (\d+) is an impossible .*$/, "month $2 has no day $1");

/** Start and end of a window; the window called `tonight` has defaults for both. */
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
