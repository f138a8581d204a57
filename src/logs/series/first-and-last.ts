// A list that keeps only its first and its last members, however many are added.
// For things that a log may repeat a million times and a person wants a few of.

/** Tracebacks and telling lines of one file: the first and the last this many are kept. */
export const TOLD_LINES_EACH_END = 50;

export interface KeptEnds<T> {
  add(item: T): void;
  /** Puts `item` in the place of the one added last. */
  replaceLast(item: T): void;
  /** In the order of adding, the middle left out. */
  items(): readonly T[];
}

/** Keeps the first and the last TOLD_LINES_EACH_END items. */
export function createKeptEnds<T>(): KeptEnds<T> {
  const first: T[] = [];
  const last: T[] = [];
  return {
    add(item) {
      if (first.length < TOLD_LINES_EACH_END) first.push(item);
      else {
        last.push(item);
        if (last.length > 2 * TOLD_LINES_EACH_END) last.splice(0, TOLD_LINES_EACH_END);
      }
    },
    replaceLast(item) {
      const list = last.length > 0 ? last : first;
      list.pop();
      list.push(item);
    },
    items: () => [...first, ...last.slice(-TOLD_LINES_EACH_END)],
  };
}
