// A list that keeps only its first and last items, however many are added: for what a log may
// repeat a million times and nobody reads more than a few of.

/**
 * Tracebacks and death markers kept of one file: this many at the start, and as many at the end.
 */
export const KEPT_EACH_END = 50;

export interface FirstAndLast<T> {
  add(item: T): void;
  /** Replaces the item added last. */
  replaceLast(item: T): void;
  /** In the order of adding, without those in the middle that were dropped. */
  items(): readonly T[];
}

/** An empty list that keeps the first and the last TOLD_LINES_EACH_END items. */
export function createFirstAndLast<T>(): FirstAndLast<T> {
  const first: T[] = [];
  const last: T[] = [];
  return {
    add(item) {
      if (first.length < KEPT_EACH_END) first.push(item);
      else {
        last.push(item);
        if (last.length > 2 * KEPT_EACH_END) last.splice(0, KEPT_EACH_END);
      }
    },
    replaceLast(item) {
      const list = last.length > 0 ? last : first;
      list.pop();
      list.push(item);
    },
    items: () => [...first, ...last.slice(-KEPT_EACH_END)],
  };
}
