// Reads the settings of a lab, `nightlab.yaml`. The file may be empty. Problems are returned as
// data; the callers decide where they are shown.
import type { RuleSettings } from "../domain/finding.ts";
import type { Problem, Read } from "../base/problem.ts";
import { parseSpan } from "../base/time.ts";
import { linesOf, positionOf } from "../base/text-lines.ts";
import { nearest } from "../base/nearest.ts";
import { type LabSettings, QUIET_MS, SETTLE_LINE_MS } from "../domain/lab-settings.ts";
import { readRules } from "./rule-values.ts";
import { isTimeZone, nearestTimeZone } from "./time-zones.ts";
import { readWindows } from "./windows.ts";
import { brief, checkCount, checkMemory, checkSize, type Checked } from "./written-values.ts";
import { readYamlMap } from "../base/yaml-map.ts";
import type { YamlFault, YamlValue } from "../base/yaml-map.ts";
import { defined } from "../base/defined.ts";

/** Upper bound of `cpu-slots`: more is taken for a mistake. */
const CPU_SLOTS_MOST = 256;

const KEYS = [
  "settle",
  "quiet",
  "renew",
  "time-zone",
  "rules",
  "cpu-slots",
  "gpu-free-below",
  "memory",
  "windows",
  "disk-floor",
] as const;
/** Lower bound of `settle`: with less, half-typed commands would start. */
const SETTLE_MIN_MS = 1_000;
/** Upper bound of `settle`, `quiet` and `renew`. */
const PAUSE_MAX_MS = 600_000;

/**
 * Reads `nightlab.yaml`. A setting that is missing or wrong keeps its default. Never throws.
 *
 * @param fallbackTimeZone IANA name of the default time zone
 */
export function readLabSettings(text: string, fallbackTimeZone: string): Read<LabSettings> {
  const bom = text.startsWith("\uFEFF") ? 1 : 0;
  const { entries, faults: found } = readYamlMap(text.slice(bom));
  const faults = [...found];
  let settleMs = SETTLE_LINE_MS;
  let quietMs = QUIET_MS;
  let timeZone = fallbackTimeZone;
  let rules: RuleSettings = {};
  let cpuSlots: number | undefined;
  let gpuFreeBelow: number | undefined;
  let memory: number | undefined;
  let renewMs: number | undefined;
  let diskFloor: number | undefined;
  let windowsWritten: YamlValue | undefined;
  for (const { key, offset, value } of entries) {
    if (key === "settle") settleMs = readPause(key, value, faults, SETTLE_MIN_MS) ?? settleMs;
    else if (key === "quiet") quietMs = readPause(key, value, faults, 0) ?? quietMs;
    else if (key === "renew") renewMs = readPause(key, value, faults, 0);
    else if (key === "time-zone") timeZone = readTimeZone(value, faults) ?? timeZone;
    else if (key === "cpu-slots") {
      cpuSlots = readOne(value, (one) => checkCount(key, one, 1, CPU_SLOTS_MOST), faults);
    } else if (key === "gpu-free-below") gpuFreeBelow = readOne(value, checkSize, faults);
    else if (key === "memory") memory = readOne(value, checkMemory, faults);
    else if (key === "disk-floor") diskFloor = readOne(value, checkSize, faults);
    else if (key === "windows") windowsWritten = value;
    else if (key === "rules") rules = readRules(value, faults);
    else {
      const near = nearest(key, KEYS);
      const fix =
        near === undefined ? `the keys are ${KEYS.join(", ")}` : `did you mean \`${near}\`?`;
      faults.push({ message: `\`${brief(key)}\` is no setting of a lab`, fix, offset });
    }
  }
  // After the loop: window times are in the lab's zone, and `time-zone` may come after `windows`.
  const windows = windowsWritten === undefined ? [] : readWindows(windowsWritten, timeZone, faults);
  const lines = linesOf(text.slice(bom));
  const problems = faults.map(({ message, fix, offset }): Problem => {
    const position = positionOf(lines, offset);
    const inFile = { ...position, offset: position.offset + bom };
    return { message, ...defined({ fix }), place: inFile };
  });
  const given = {
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
    ...defined({ cpuSlots, renewMs, gpuFreeBelow, memory, diskFloor }),
    ...(windows.length === 0 ? {} : { windows }),
  };
  return { value: { settleMs, quietMs, timeZone, ...given }, problems };
}

/** A single value; undefined, with a fault, if `check` refuses it. */
function readOne(
  value: YamlValue,
  check: (text: string) => Checked<number>,
  faults: YamlFault[],
): number | undefined {
  if (value.kind === "empty") return undefined;
  const checked = check(value.kind === "text" ? value.text : "");
  if (checked.ok) return checked.value;
  faults.push({ ...checked.fault, offset: value.offset });
  return undefined;
}

/** A span from `minMs` to `PAUSE_MAX_MS`, in ms; undefined, with a fault, for anything else. */
function readPause(
  key: string,
  value: YamlValue,
  faults: YamlFault[],
  minMs: number,
): number | undefined {
  if (value.kind === "empty") return undefined;
  const text = value.kind === "text" && value.text.length < 40 ? value.text : "";
  const span = /^0\s*m?s$/.test(text) ? 0 : parseSpan(text);
  if (span !== undefined && span >= minMs && span <= PAUSE_MAX_MS) return span;
  const message = `\`${key}\` is no span between ${minMs / 1_000} s and 10 min`;
  faults.push({ message, fix: `write \`${key}: 10s\``, offset: value.offset });
  return undefined;
}

function readTimeZone(value: YamlValue, faults: YamlFault[]): string | undefined {
  if (value.kind === "empty") return undefined;
  const name = value.kind === "text" ? value.text : "";
  if (isTimeZone(name)) return name;
  const message = `\`${brief(name)}\` is no time zone that this machine knows`;
  faults.push({ message, fix: nearestTimeZone(name), offset: value.offset });
  return undefined;
}
