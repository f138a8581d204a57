// Checks of values that frontmatter, fences and command lines have in common: time limits, scripts,
// runners, names. Where a value was written and what it is for is up to the callers.
import { NAME_CHARS } from "../base/limits.ts";
import { RUNNERS } from "../domain/command.ts";
import type { Runner } from "../domain/command.ts";
import { RUN_NAME } from "../base/ids.ts";
import { parseSpan } from "../base/time.ts";
import { nearest } from "../base/nearest.ts";
import { masked } from "../base/secrets.ts";

/** Smallest memory limit: Python alone needs a tenth of this. */
const MEMORY_LEAST = 64e6;
/** Longest time limit: beyond a year it is a mistake, and timers cannot hold it. */
const TIMEOUT_MAX_MS = 365 * 86_400_000;

/** How much of a written value is looked at for a message. */
const BRIEF_OF_CHARS = 4_096;

/** What is wrong with a written value, and how to fix it. */
export interface ValueFault {
  readonly message: string;
  readonly fix: string;
}

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: ValueFault };

const good = <T>(value: T): Checked<T> => ({ ok: true, value });
const bad = (message: string, fix: string): Checked<never> => ({
  ok: false,
  fault: { message, fix },
});

/** `90m`, `2h`, `1h30m` → milliseconds. */
export function checkTimeout(text: string): Checked<number> {
  const span = text.length > 60 ? undefined : parseSpan(text);
  if (span === undefined) {
    const bare = /^\d{1,9}$/.test(text.trim());
    const fix = bare
      ? `write the unit: \`${text.trim()}m\` or \`${text.trim()}s\``
      : "write it as `90s`, `45m`, `2h` or `1h30m`";
    return bad(`the timeout \`${brief(text)}\` is no span of time`, fix);
  }
  if (span > TIMEOUT_MAX_MS) {
    return bad(`the timeout \`${brief(text)}\` is longer than a year`, "write a shorter one");
  }
  return good(span);
}

/** A script's path below the experiment folder, with `/` between its parts; ends in `.py`. */
export function checkScript(text: string): Checked<string> {
  const fault = (why: string): Checked<never> =>
    bad(
      `the script \`${brief(text)}\` ${why}`,
      "name a Python file of the experiment's folder, such as `train.py`",
    );
  if (text === "") return fault("has no name");
  if (hasControl(text)) return fault("holds a character that no file name can have");
  if (text.includes("\\")) return fault("has a backslash; folders are parted by `/`");
  if (/^(?:\/|~|[A-Za-z]:)/.test(text)) return fault("is outside the experiment's folder");
  if (text.startsWith("-")) return fault("begins with a dash");
  const parts = text.replace(/^(?:\.\/)+/, "").split("/");
  if (parts.includes("..")) return fault("is outside the experiment's folder");
  if (parts.some((part) => part === "" || part === ".")) return fault("is no path of a file");
  if (!text.endsWith(".py")) return fault("is no Python file");
  const path = parts.join("/");
  return path.startsWith("-") ? fault("begins with a dash") : good(path);
}

/** A whole number from `least` to `most`, for the key of that name. */
export function checkCount(
  key: string,
  text: string,
  least: number,
  most: number,
): Checked<number> {
  const number = /^[+-]?\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return good(number === 0 ? 0 : number);
  return bad(`\`${key}\` cannot be \`${brief(text)}\``, `write a number from ${least} to ${most}`);
}

/** `500MB`, `2 GiB` → bytes. */
export function checkSize(text: string): Checked<number> {
  const match = /^(\d{1,7}(?:\.\d{1,3})?)\s*([KMGT]i?)B$/.exec(text.trim());
  const [, amount = "", unit = ""] = match ?? [];
  if (match === null) return bad(`\`${brief(text)}\` is no size`, "write it as `500MB` or `2GiB`");
  const power = "KMGT".indexOf(unit.charAt(0)) + 1;
  return good(Number(amount) * (unit.length === 2 ? 1024 : 1000) ** power);
}

/** A memory limit in bytes: less than any program needs is taken for a slip of the unit. */
export function checkMemory(text: string): Checked<number> {
  const size = checkSize(text);
  if (!size.ok || size.value >= MEMORY_LEAST) return size;
  return bad(`\`memory\` of ${brief(text)} is too little for any script`, "write it as `24GB`");
}

export function checkRunner(text: string): Checked<Runner> {
  const runner = RUNNERS.find((one) => one === text);
  if (runner !== undefined) return good(runner);
  const near = nearest(text, RUNNERS);
  const fix = near === undefined ? "write `uv` or `pixi`" : `did you mean \`${near}\`?`;
  return bad(`\`${brief(text)}\` is no runner`, fix);
}

/** A run's name as one may stand in `run: <name>`. */
export function checkRunName(text: string): Checked<string> {
  const shown = brief(text);
  if (text.length > NAME_CHARS) {
    return bad(`the name \`${shown}\` is longer than ${NAME_CHARS} characters`, "shorten it");
  }
  if (RUN_NAME.test(text)) return good(text);
  const fix = `write letters, digits, \`_\`, \`.\` and \`-\` only: \`${fixedName(text)}\``;
  if (/[/\\]/.test(text) || text === ".." || text === ".") {
    return bad(`\`${shown}\` is a path; a run's name becomes a folder below runs/`, fix);
  }
  if (/^[-–—]/.test(text)) return bad(`a name is missing before \`${shown}\``, "write one first");
  return bad(`\`${shown}\` cannot be a run's name`, fix);
}

/** An existing run: its id, its name, or its folder with or without `runs/` before it. */
export function checkTarget(text: string): Checked<string> {
  const bare = text.replace(/^(?:\.\/)?runs\//, "").replace(/\/$/, "");
  return checkRunName(bare);
}

function fixedName(text: string): string {
  const last = text
    .slice(-4 * NAME_CHARS)
    .split(/[/\\]/)
    .findLast((part) => /[A-Za-z0-9]/.test(part));
  const mended = (last ?? "")
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .replace(/[-.]{1,99}$/, "");
  return mended === "" ? "de-risk" : mended.slice(0, NAME_CHARS);
}

/** Whether a text holds NUL or another control character. */
function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** A written value for a message: on one line, without ticks or secrets, cut at 60 characters. */
export function brief(text: string): string {
  const shown = Array.from(masked(text.slice(0, BRIEF_OF_CHARS)).slice(0, 200), (char) =>
    char === "`" || hasControl(char) ? " " : char,
  );
  const head = shown.join("").replaceAll(/\s+/g, " ").trim();
  return head.length > 60 ? `${head.slice(0, 59).toWellFormed()}…` : head.toWellFormed();
}
