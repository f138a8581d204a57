// The text of a source file with one change in it. Without imports: each process of a trial loads it.

/** `becomes` stands in place of what `start` to `end` (offsets, UTF-16) hold. */
export const mutated = (
  text: string,
  {
    start,
    end,
    becomes,
  }: { readonly start: number; readonly end: number; readonly becomes: string },
): string => text.slice(0, start) + becomes + text.slice(end);
