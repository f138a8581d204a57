// Bounds that several rooms share; every other one stands where it bounds. Milliseconds and bytes.

/** A run without a written `timeout` is a de-risking run: two minutes at most. */
export const SHORT_RUN_MS = 120_000;
/** Watchers can lose events: every journal's stat is looked at this often as well. */
export const POLL_MS = 5_000;
/** A runner's reason in a receipt: a resolver can fill pages with one conflict. */
export const REASON_CHARS = 600;
/** run.json and spec.json are a few KB; a larger file is none of ours. */
export const RECORD_BYTES = 4 * 2 ** 20;
/** Characters of a log line that are quoted to a person. */
export const QUOTED_CHARS = 500;
/** A run's name becomes part of file names, which end at 255 bytes. */
export const NAME_CHARS = 100;
