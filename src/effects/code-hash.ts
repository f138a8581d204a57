// Hashes that tell whether an experiment's code is still the same, and its script's metadata.
// Deciding what a changed hash means is the core's.
import { createHash } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SCRIPT_BYTES } from "../limits.ts";

/**
 * SHA-256 over the names and bytes of the `*.py` files that lie in a folder itself, links
 * followed, as 64 hexadecimal digits. Times and the order of the folder do not matter. A file
 * that cannot be read counts by its name.
 */
export async function codeHash(experiment: string): Promise<string> {
  const names = (await readdir(experiment).catch(() => [])).filter((name) => name.endsWith(".py"));
  names.sort();
  const all = createHash("sha256");
  for (const name of names) {
    const digest = await fileDigest(join(experiment, name));
    if (digest !== undefined) all.update(`${JSON.stringify(name)} ${digest}\n`);
  }
  return all.digest("hex");
}

/** SHA-256 of a file's bytes (of a huge one's beginning and size), undefined for a folder. */
export async function fileDigest(path: string): Promise<string | undefined> {
  try {
    // A FIFO of that name would keep its reader waiting for ever.
    const facts = await stat(path);
    if (!facts.isFile()) return undefined;
    const file = await open(path, "r");
    try {
      const bytes = Buffer.alloc(Math.min(facts.size, SCRIPT_BYTES));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      const hash = createHash("sha256").update(bytes.subarray(0, bytesRead));
      if (facts.size > SCRIPT_BYTES) hash.update(`\n${facts.size}`);
      return hash.digest("hex");
    } finally {
      await file.close();
    }
  } catch {
    return "unreadable";
  }
}

/**
 * The `# /// script` block of a script as it stands, or undefined where it has none. A block
 * without its end is none, and of two the first counts (PEP 723 refuses such a file).
 */
export function scriptMetadata(text: string): string | undefined {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => /^# \/\/\/ script\s*$/.test(line));
  if (start < 0) return undefined;
  let end: number | undefined;
  for (let i = start + 1; i < lines.length; i += 1) {
    const line = lines[i] ?? "";
    if (line !== "#" && !line.startsWith("# ")) break;
    if (line.trimEnd() === "# ///") end = i;
  }
  return end === undefined ? undefined : lines.slice(start, end + 1).join("\n");
}
