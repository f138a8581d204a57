// Files of nightlab's own that hold JSON, checked when they come back. They are written whole, by a
// rename: one that is not what was written was changed by somebody, by a failing disk, or by another
// release.
import { RECORD_BYTES } from "../../base/limits.ts";
import { parseAs, StoredTrouble } from "../../base/stored-json.ts";
import type { Shape } from "../../base/stored-shape.ts";
import { orAbsent } from "./absent.ts";
import { open } from "./lab-files.ts";

/**
 * The value of a stored file; undefined where there is none. Rejects where it cannot be read, and
 * with a `StoredTrouble` where it is not of this shape, or larger than `most` bytes.
 */
export async function readStored<T>(
  path: string,
  shape: Shape<T>,
  { fix = "put it back from a backup, or move it away", most = RECORD_BYTES } = {},
): Promise<T | undefined> {
  const text = await readText(path, most);
  if (text === undefined) return undefined;
  if (text === "too long") throw new StoredTrouble(path, `it is larger than ${most} bytes`, fix);
  return parseAs(path, text.text, shape, fix);
}

async function readText(
  path: string,
  most: number,
): Promise<{ readonly text: string } | "too long" | undefined> {
  const file = await orAbsent(open(path));
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).size > most) return "too long";
    return { text: await file.readFile("utf8") };
  } finally {
    await file.close();
  }
}
