// Files that are there, cannot be read, and must not stop what is under way: it goes on without them,
// and that is told, once, until they can be read again. Where something would start, end, be deleted
// or be reported because of it, the error is thrown instead (absent.ts).
import { isAbsent } from "./absent.ts";

type Listener = (path: string, why: string | undefined, step: Step) => void;
/** What was tried: a file may be there to be looked at, and not to be read. */
type Step = "look" | "read";

const listeners = new Set<Listener>();
/** What cannot be read now, and why. */
const unread: Readonly<Record<Step, Map<string, string>>> = { look: new Map(), read: new Map() };

/** What `look` at this path resolves to; undefined where nothing is there, or where that is told. */
export async function orTold<T>(
  path: string,
  look: Promise<T>,
  step: Step = "read",
): Promise<T | undefined> {
  try {
    const found = await look;
    say(path, step, undefined);
    return found;
  } catch (error) {
    say(path, step, isAbsent(error) ? undefined : String(error));
    return undefined;
  }
}

/** As `orTold`, for synchronous calls. */
export function orToldSync<T>(path: string, look: () => T): T | undefined {
  try {
    const found = look();
    say(path, "read", undefined);
    return found;
  } catch (error) {
    say(path, "read", isAbsent(error) ? undefined : String(error));
    return undefined;
  }
}

/**
 * Calls back with each path that cannot be read, and why; without a reason once it can again. The
 * returned function ends that.
 */
export function onUnread(listener: Listener): () => void {
  listeners.add(listener);
  for (const step of ["look", "read"] as const) {
    for (const [path, why] of unread[step]) listener(path, why, step);
  }
  return () => listeners.delete(listener);
}

function say(path: string, step: Step, why: string | undefined): void {
  if (unread[step].get(path) === why) return;
  if (why === undefined) unread[step].delete(path);
  else unread[step].set(path, why);
  for (const listener of listeners) listener(path, why, step);
}
