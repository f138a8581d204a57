// A line of a log on one line of a page: whole where it is short, else the part around the token
// that is cited.
import type { PageSource } from "./page-sources.ts";

/** Longer lines fill more than three lines of a page. */
const EXCERPT_CHARS = 240;

/** At most EXCERPT_CHARS characters, control characters left out. */
export function lineExcerpt(line: string, { key, token }: PageSource): string {
  const clean = line
    .slice(0, 200_000)
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .toWellFormed();
  if (clean.length <= EXCERPT_CHARS) return clean;
  const name = key.slice(key.lastIndexOf("/") + 1);
  const named = clean.indexOf(name);
  const at = Math.max(0, clean.indexOf(token, Math.max(0, named)));
  const from = Math.max(0, Math.min(at - EXCERPT_CHARS / 2, clean.length - EXCERPT_CHARS));
  const part = clean.slice(from, from + EXCERPT_CHARS).toWellFormed();
  return `${from > 0 ? "… " : ""}${part}${from + EXCERPT_CHARS < clean.length ? " …" : ""}`;
}
