// File names for the plots of metrics: valid on every file system, and different for each metric.
// Whether a file of that name may be written is effects/render/plot-files.ts.
import { createHash } from "node:crypto";

/** Longest file name of a plot, without the extension; file systems allow 255 bytes. */
const PLOT_NAME_LENGTH = 80;

/** Names that Windows reserves for devices, with any extension: a clone there would fail. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * A file name without extension for each key. Names differ also where upper and lower case are the
 * same. A name depends only on earlier keys, so a new key at the end changes no name.
 */
export function plotNames(keys: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const key of keys) {
    if (names.has(key)) continue;
    let name = plotName(key);
    for (let salt = 0; taken.has(name.toLowerCase()); salt += 1) {
      name = `${plotName(key)}-${digest(`${salt}\n${key}`)}`;
    }
    taken.add(name.toLowerCase());
    names.set(key, name);
  }
  return names;
}

/** `val/loss` → `val-loss`; a key that is not plain ASCII gets a hash of it at the end. */
function plotName(key: string): string {
  const plain = key.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  const safe = plain
    .slice(0, 4 * PLOT_NAME_LENGTH)
    .replaceAll(/[^A-Za-z0-9._]+/g, "-")
    .replaceAll(/\.{2,}/g, ".")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
  // A letter outside ASCII or the end was lost, so another key may give the same name.
  const lossy = /[^\x20-\x7E]/.test(plain) || safe.length > PLOT_NAME_LENGTH || safe === "";
  const short = safe.slice(0, PLOT_NAME_LENGTH);
  const named = short === "" || DEVICES.test(short) ? `metric-${short}` : short;
  return lossy ? `${named.replace(/-+$/, "")}-${digest(key)}` : named;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
