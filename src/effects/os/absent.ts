// What an error of the file system says: that nothing is there, or that nobody can tell. Only the
// first is absence; EACCES, EIO, ESTALE or EMFILE are thrown, and handled where they can be told.
import { errorCode } from "./error-code.ts";

/**
 * Codes that say that no such file can be reached: there is none, a name on the way is no folder or
 * too long, links go in a circle or out of the lab (lab-links.ts tells those), or it is a pipe, a
 * device or a folder (lab-files.ts).
 */
const ABSENT: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ELOOP",
  "ELEAVESLAB",
  "ENOTFILE",
]);

/** Whether an error says that nothing is there. */
export const isAbsent = (error: unknown): boolean => ABSENT.has(errorCode(error));

/** What `look` resolves to, or `instead` where nothing is there. Rejects with any other error. */
export async function orAbsent<T>(look: Promise<T>): Promise<T | undefined>;
export async function orAbsent<T, A>(look: Promise<T>, instead: A): Promise<T | A>;
export async function orAbsent<T>(look: Promise<T>, instead?: unknown): Promise<unknown> {
  try {
    return await look;
  } catch (error) {
    if (isAbsent(error)) return instead;
    throw error;
  }
}

/** As `orAbsent`, for synchronous calls. */
export function orAbsentSync<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
