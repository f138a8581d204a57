// What uv, pixi and Python themselves say when a script could not even start.
// Only asked of runs without a metric and without a traceback: there it is the whole story.
import { QUOTED_CHARS } from "../base/limits.ts";

const PYTHON_CANNOT_OPEN = /can't open file '([^']+)': \[Errno 2\]/;
const UV_CANNOT_SPAWN = /Failed to spawn: `?([^`]+?)`?$/;

/** The script that Python or uv did not find, as they wrote it. */
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

/** How uv and pixi begin what they refuse: `error: …`, `× …`. */
const REFUSAL = /^(?:error:|×)\s*/;
/** What they speak of; a script's own `error: …` speaks of something else. */
const ABOUT =
  /solution|resolv|Failed to (?:build|download|fetch|prepare|parse|install|spawn|query|create|read)|TOML|interpreter|requires-python|PEP 723|package|distribution|wheel|lock ?file|manifest/i;
/** How they go on: the cause, sometimes drawn with a line. */
const CONTINUED = /^(?:cause:|caused by:|hint:|╰─▶|├─▶|\|\s|│)\s*/i;

/**
 * uv's or pixi's own words on why the environment could not be built, in one line; undefined
 * where the last lines hold no such words.
 */
export function environmentMessage(lines: readonly string[]): string | undefined {
  const at = lines.findLastIndex((line) => REFUSAL.test(line.trim()));
  if (at === -1) return undefined;
  const said = [(lines[at] ?? "").trim().replace(REFUSAL, "")];
  for (const line of lines.slice(at + 1)) said.push(line.trim().replace(CONTINUED, ""));
  const message = said.filter((part) => part !== "").join(" ");
  return ABOUT.test(message) ? message.slice(0, QUOTED_CHARS) : undefined;
}
