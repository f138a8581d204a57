// Bounds that several rooms share; all others are next to the code that they bound.

/** Time limit of a run without a `timeout`: such a run is for de-risking. */
export const SHORT_RUN_MS = 120_000;
/** Interval at which every journal's stat is polled, since file watchers can lose events. */
export const POLL_MS = 5_000;
/** Characters of a runner's message in a receipt: one dependency conflict can fill pages. */
export const REASON_CHARS = 600;
/** Largest run.json and spec.json that are read; real ones are a few KB. */
export const RECORD_BYTES = 4 * 2 ** 20;
/** Characters of a log line that are quoted to the user. */
export const QUOTED_CHARS = 500;
/** Characters of a run's name: it becomes part of file names, which can have 255 bytes. */
export const NAME_CHARS = 100;
