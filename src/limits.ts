// Every bound of nightlab, with its reason. Times are milliseconds, sizes bytes.

/** A run without a written `timeout` is a de-risking run: two minutes at most. */
export const SHORT_RUN_MS = 120_000;
/** Target of a de-risking run: passing it is noted, never flagged. */
export const DE_RISK_TARGET_MS = 60_000;
/** Half-typed and finished look alike for as long as a thoughtful person stops: 10 s. */
export const SETTLE_LINE_MS = 10_000;
/** A name that could still grow into a known one, or a line without its end, waits longer. */
export const SETTLE_PREFIX_MS = 30_000;
/** Editors close fences by themselves, so a closed one proves little. */
export const SETTLE_FENCE_MS = 60_000;
/** A save that changed something else shows that the cursor moved on. */
export const SETTLE_MOVED_ON_MS = 3_000;
/** Written consent (` !`, a tick, stop, queue) only has to be on disk whole. */
export const SETTLE_GO_MS = 1_000;
/** A mistake is answered once its author has had the time to mend it unasked. */
export const SETTLE_PROBLEM_MS = 30_000;
/** A deleted block may be a cut that is about to be pasted. */
export const CANCEL_DELETED_MS = 10_000;

/** The journal is written only after this long without a change. */
export const QUIET_MS = 5_000;
/** Somebody who saves without a pause is waited for this long at most... */
export const QUIET_PATIENCE_MS = 60_000;
/** ...then the first gap of this length is taken. */
export const QUIET_GAP_MS = 2_000;
/** A state that is over sooner is not worth a write into an open editor. */
export const WORTH_WRITING_MS = 5_000;
/** An editor that renames leaves the path absent for a moment: busy, not deleted. */
export const ABSENT_IS_BUSY_MS = 10_000;
/** Watchers can lose events: every journal's stat is looked at this often as well. */
export const POLL_MS = 5_000;
/** Displaced files are looked at again after these times, since a save may still land in one. */
export const DISPLACED_LOOKS_MS = [1_000, 10_000, 60_000] as const;

/** A journal larger than this is not read: no person wrote it. */
export const JOURNAL_BYTES = 64 * 2 ** 20;
/** Kept versions of one journal: their number and size. */
export const KEPT_VERSIONS = 500;
export const KEPT_BYTES = 256 * 2 ** 20;

/** Preparing an environment may download gigabytes, but not stand still. */
export const PREPARE_MS = 30 * 60_000;
/** Between TERM and KILL, so that a script can save its checkpoint. */
export const GRACE_MS = 10_000;
/** Adopted runs have no parent here to tell of their end: looked at this often. */
export const ADOPTED_POLL_MS = 1_000;
/** Queue length of one lab: more is a mistake. */
export const QUEUED_COMMANDS = 10_000;

/** Bytes read from one log before others get their turn. */
export const READ_CHUNK = 1 << 20;
/** A longer log line is cut here: it is no metric line. */
export const LINE_BYTES = 1 << 20;
/** Last console lines kept for a person. */
export const LAST_LINES = 20;
/** Findings of one (run, rule): more say nothing new. */
export const FINDINGS_PER_RULE = 20;
/** Plots and report are renewed at most this often. */
export const RENEW_MS = 1_000;
/** The drawing process ends after this long without work: it holds some 200 MB. */
export const RENDER_IDLE_MS = 20_000;
/** Plots of one run: a script that logs thousands of keys gets the promised and first ones. */
export const PLOTS_PER_RUN = 60;
/** Journals of one lab: one watch each, and the kernel's default is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** Folders below a lab that are looked into for journals. */
export const LAB_DEPTH = 8;
