// What uv, pixi and Python print when a script could not start. cause.ts uses it only for runs
// without a metric and without a traceback, where nothing else ran.
import { QUOTED_CHARS } from "../base/limits.ts";

const PYTHON_CANNOT_OPEN = /can't open file '([^']+)': \[Errno 2\]/;
const UV_CANNOT_SPAWN = /Failed to spawn: `?([^`]+?)`?$/;

/** The script that Python or uv did not find, as they print it; undefined without such a line. */
export function missingScript(lines: readonly string[]): string | undefined {
  for (const [i, line] of lines.entries()) {
    const python = PYTHON_CANNOT_OPEN.exec(line);
    if (python !== null) return python[1];
    const uv = UV_CANNOT_SPAWN.exec(line.trim());
    const next = lines.slice(i + 1, i + 3).join(" ");
    if (uv !== null && next.includes("(os error 2)")) return uv[1];
  }
  return undefined;
}

/** How an error of uv or pixi begins: `error: …`, `× …`. */
const REFUSAL = /^(?:error:|×)\s*/;
/** What their errors are about; a script's own `error: …` is about something else. */
const ABOUT =
  /solution|resolv|Failed to (?:build|download|fetch|prepare|parse|install|spawn|query|create|read)|TOML|interpreter|requires-python|PEP 723|package|distribution|wheel|lock ?file|manifest/i;
/** How further lines of such an error begin: the cause, sometimes with a drawn line. */
const CONTINUED = /^(?:cause:|caused by:|hint:|╰─▶|├─▶|\|\s|│)\s*/i;

/**
 * Why the environment could not be built, in the words of uv or pixi, on one line; undefined where
 * `lines` hold no such error.
 */
export function environmentMessage(lines: readonly string[]): string | undefined {
  const at = lines.findLastIndex((line) => REFUSAL.test(line.trim()));
  if (at === -1) return undefined;
  const parts = [(lines[at] ?? "").trim().replace(REFUSAL, "")];
  for (const line of lines.slice(at + 1)) parts.push(line.trim().replace(CONTINUED, ""));
  const message = parts.filter((part) => part !== "").join(" ");
  return ABOUT.test(message) ? message.slice(0, QUOTED_CHARS) : undefined;
}
