// Every bound of nightlab, with its reason. Times are milliseconds, sizes bytes.

/** A run without a written `timeout` is a de-risking run: two minutes at most. */
export const SHORT_RUN_MS = 120_000;
/** Target of a de-risking run: passing it is noted, never flagged. */
export const DE_RISK_TARGET_MS = 60_000;
/** Half-typed and finished look alike for as long as a thoughtful person stops: 10 s. */
export const SETTLE_LINE_MS = 10_000;
/** A name that could still grow into a known one, or a line without its end, waits thrice that. */
export const SETTLE_PREFIX_TIMES = 3;
/** Editors close fences by themselves, so a closed one proves little: six times that. */
export const SETTLE_FENCE_TIMES = 6;
/** A save that changed something else shows that the cursor moved on. */
export const SETTLE_MOVED_ON_MS = 3_000;
/** The editor was closed: nobody is in the middle of a word. */
export const SETTLE_CLOSED_MS = 1_000;
/** Written consent (` !`, a tick, stop, queue) only has to be on disk whole. */
export const SETTLE_GO_MS = 1_000;
/** A mistake is answered once its author has had the time to mend it unasked. */
export const SETTLE_PROBLEM_TIMES = 3;
/** A deleted block may be a cut that is about to be pasted. */
export const CANCEL_DELETED_MS = 10_000;

/** The journal is written only after this long without a change. */
export const QUIET_MS = 5_000;
/** Somebody who saves without a pause is waited for this long at most... */
export const QUIET_PATIENCE_MS = 60_000;
/** ...then the first gap of this length is taken. */
export const QUIET_GAP_MS = 2_000;
/** Runs that end one right after another are told together: no editor should blink at each. */
export const OWN_WRITES_MS = 500;
/** A state that is over sooner is not worth a write into an open editor. */
export const WORTH_WRITING_MS = 5_000;
/** An editor that renames leaves the path absent for a moment: busy, not deleted. */
export const ABSENT_IS_BUSY_MS = 10_000;
/** The wall clock and what passed differ by less than this while nobody sets a clock. */
export const CLOCK_JUMP_MS = 1_000;
/** A folder's new name may be seen this long before the old one is known to be gone. */
export const RENAME_SEEN_MS = 20_000;
/** Watchers can lose events: every journal's stat is looked at this often as well. */
export const POLL_MS = 5_000;
/** Displaced files are looked at again after these times, since a save may still land in one. */
export const DISPLACED_LOOKS_MS = [1_000, 10_000, 60_000] as const;

/** A journal larger than this is not read: no person wrote it. */
export const JOURNAL_BYTES = 64 * 2 ** 20;
/** Where no lease tells of writers: two reads this far apart must be equal. */
export const EQUAL_READS_MS = 500;
/** A text shorter than the last one by more than this share and size may be a save half done... */
export const TORN_SHARE = 0.1;
export const TORN_BYTES = 1024;
/** ...as may an empty one: both are believed once they have stayed so for this long. */
export const TORN_WAIT_MS = 10_000;
/** Kept versions of one journal: their number (two hours of a save each 4 s), size and age. */
export const KEPT_VERSIONS = 2_000;
export const KEPT_BYTES = 256 * 2 ** 20;
export const KEPT_MS = 90 * 86_400_000;
/** Kept versions that are compared to find the one that a stale buffer was loaded from. */
export const BASE_VERSIONS = 400;
/** Of those alike in their receipts, the newest this many are compared by line. */
export const BASE_TEXTS = 24;
/** Characters of late versions that are held in memory, to be compared without reading them again. */
export const BASE_CHARS = 8_000_000;
/** Lines that two versions of a journal differ by; finding more takes quadratic time. */
export const MERGE_EDITS = 4_000;
/** A daemon that was asked for something from the command line answers by then. */
export const REQUEST_ANSWER_MS = 15_000;
/** While nothing can be kept (a full disk), a journal is looked at this often. */
export const JOURNAL_KEEP_RETRY_MS = 5_000;

/** Preparing an environment may download gigabytes, but not stand still. */
export const PREPARE_MS = 30 * 60_000;
/** Between TERM and KILL, so that a script can save its checkpoint. */
export const GRACE_MS = 10_000;
/** Adopted runs have no parent here to tell of their end: looked at this often. */
export const ADOPTED_POLL_MS = 1_000;

/** Bytes read from one log before others get their turn. */
export const READ_CHUNK = 1 << 20;
/** Of it, so much is read at one go: the slowest logs, prose without end, then take 10 ms. */
export const SLICE_BYTES = 1 << 16;
/** After so long everything else takes its turn. */
export const SLICE_MS = 8;
/** A longer log line is cut here: it is no metric line. */
export const LINE_BYTES = 1 << 20;
/** Last console lines kept for a person. */
export const LAST_LINES = 20;
/** Findings of one (run, rule): more say nothing new. */
export const FINDINGS_PER_RULE = 20;
/** Plots and report are renewed at most this often. */
export const RENEW_MS = 1_000;
/** And a report with many runs rests so long for each of them: a renewal looks at all. */
export const RENEW_RUN_MS = 5;
export const RENEW_RUNS_MOST_MS = 30_000;
/** The drawing process ends after this long without work: it holds some 200 MB. */
export const RENDER_IDLE_MS = 20_000;
/** Plots of one run: a script that logs thousands of keys gets the promised and first ones. */
export const PLOTS_PER_RUN = 60;
/** Journals of one lab: one watch each, and the kernel's default is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** Folders below a lab that are looked into for journals. */
export const LAB_DEPTH = 8;
/** Pixel columns of a plot: more points than four in each cannot be told apart. */
export const PLOT_COLUMNS = 640;
/** Falls of the step in one series before it is drawn over its position instead. */
export const PLOT_STEP_FALLS = 4;
/** Fewer values than this are drawn as points, and no average is laid over them. */
export const PLOT_SMOOTH_FROM = 50;
/** Longest time for one picture: a warm one takes 0.1 s, a cold start on a busy machine 5 s. */
export const RENDER_MS = 30_000;
/** Tries of one picture whose drawing process died: the second shows whether it is to blame. */
export const RENDER_TRIES = 2;
/** Memory of the drawing process for JavaScript values, in MB: a picture needs under 100. */
export const RENDER_HEAP_MB = 256;
/** Other names tried for a plot whose name a person's own file has. */
export const PLOT_NAME_TRIES = 20;
/** Longest file name of a plot without its ending: file systems stop at 255 bytes. */
export const PLOT_NAME_LENGTH = 80;

/** A started shim has said who it is after this long, or the machine is in deep trouble. */
export const START_DEADLINE_MS = 15_000;
/** Least memory that a run can be held to: Python alone takes a tenth of this. */
export const MEMORY_LEAST = 64e6;
/** A program that is asked for its version answers at once, or is on a disk that is gone. */
export const VERSION_MS = 5_000;
/** systemd answers at once; a manager that hangs is as good as none. */
export const SYSTEMD_MS = 5_000;
/** A shim leaves within milliseconds of its last word; a machine in trouble shall not hold the queue. */
export const SHIM_LEAVES_MS = 2_000;
/** Between two looks at a starting shim: a twentieth of the delay that a person could notice. */
export const START_LOOK_MS = 2;
/** Between two looks at processes that were asked to end. */
export const STOP_LOOK_MS = 50;
/** Processes that left the group and start new ones as they die: swept this often at most. */
export const SWEEP_ROUNDS = 5;
/** git answers in milliseconds on a warm disk; a start is not kept waiting for a network disk. */
export const GIT_MS = 5_000;
/** A checkout of a large repository holds its lock this long; an older lock was left behind. */
export const GIT_LOCK_MS = 10_000;
/** Moves of HEAD, and stashes, among which the one that brought a text is looked for. */
export const GIT_REFLOG_ENTRIES = 20;
export const GIT_STASHES = 5;
/** nvidia-smi takes 2 s on a machine with 8 cold GPUs, and hangs on a broken one. */
export const GPU_QUERY_MS = 5_000;
/** A driver is installed, and a GPU cut into slices, by an administrator: asked this often. */
export const GPU_LAYOUT_MS = 60_000;
/** Patch of an experiment's uncommitted text: more is data in the wrong place. */
export const PATCH_BYTES = 4 * 2 ** 20;
/** One file of a patch, and their number. */
export const PATCH_FILE_BYTES = 2 ** 20;
export const PATCH_FILES = 500;
/** A script that is larger holds data; only this much of it is hashed, with its size. */
export const SCRIPT_BYTES = 16 * 2 ** 20;
/** End of a runner's output that is searched for its reason. */
export const PREPARE_TAIL_BYTES = 64 * 2 ** 10;
/** A runner's reason in a receipt: a resolver can fill pages with one conflict. */
export const REASON_CHARS = 600;
/** run.json and spec.json are a few KB; a larger file is none of ours. */
export const RECORD_BYTES = 4 * 2 ** 20;
/** Scripts name their run folders by the second. */
export const FOLDER_STAMP_MS = 1_000;
/** Names of run folders tried, a second apart, before giving up. */
export const FOLDER_TRIES = 100;

/** A criterion is one line that a person wrote; longer text is a mistake. */
export const CRITERION_CHARS = 2_000;
/** Brackets in brackets in a criterion: nobody means more. */
export const CRITERION_DEPTH = 40;
/** Logged numbers are doubles: 1,000 characters and powers of ten to 1,000 hold every one. */
export const DECIMAL_DIGITS = 1_000;
export const DECIMAL_EXPONENT = 1_000;

/** Of a log line that was cut, this much is looked at: enough to tell what kind of line it was. */
export const LONG_LINE_HEAD_BYTES = 4_096;
/** Nesting in a metric object: deeper is no metric. */
export const METRIC_DEPTH = 32;
/** A longer name of a metric is none: some program printed its data. */
export const METRIC_KEY_CHARS = 200;
/** Metrics of one log file: each one costs memory for ever, and nobody looks at more. */
export const SERIES_PER_FILE = 5_000;
/** Lines of one traceback that are waited through for its last: deep recursion prints some 1,000. */
export const TRACEBACK_LINES = 5_000;
/** Tracebacks and telling lines of one file: the first and the last this many are kept. */
export const TOLD_LINES_EACH_END = 50;
/** Characters of a log line that are quoted to a person. */
export const QUOTED_CHARS = 500;
/** Log files of one run: more is a folder of something else. */
export const LOGS_PER_RUN = 1_000;
/** Bytes before the reading position that are compared before reading on in a log. */
export const TAIL_MARK_BYTES = 64;
/** No metric yet is worth a flag after this long, compilation and downloads included... */
export const NO_METRICS_MS = 20 * 60_000;
/** Metric names compared for a suggestion, so that a rule stays quick. */
export const SUGGESTION_KEYS = 1_000;
/** Runs whose tables and figures stand in REPORT.md itself; a page with more is not read. */
export const REPORT_RUNS = 12;
/** Figures of one run in REPORT.md; its other plots are linked. */
export const REPORT_FIGURES_PER_RUN = 4;
/** Metrics of one run in its table in REPORT.md, the promised ones first. */
export const REPORT_METRICS_PER_RUN = 20;
/** Distinct facts of one kind (hosts, commits, GPUs) listed in Methods. */
export const REPORT_DISTINCT = 10;
/** Characters of one section of the journal that REPORT.md quotes; the rest is linked. */
export const REPORT_QUOTE_CHARS = 8_000;
/** Tagged entries, and flags, that REPORT.md lists; the newest, since the journal has them all. */
export const REPORT_ENTRIES = 300;
/** Turns of READ_CHUNK taken on a growing log for one report: a log that grows faster waits. */
export const REPORT_TURNS = 100_000;
/** Runs of one experiment whose folders are looked at together; more only wait on the disk. */
export const REPORT_READS = 8;
/** An editor that saves the page or the journal is waited for: a little over TORN_WAIT_MS. */
export const REPORT_BUSY_MS = 12_000;
/** REPORT.md is left for the next time after this many saves came between reading and writing. */
export const REPORT_TRIES = 3;
/** Columns of a table are aligned up to this width; one long cell must not widen every row. */
export const TABLE_CELL_CHARS = 64;

/** One line of a receipt that quotes a log or a command: more is read at its place. */
export const RECEIPT_TEXT_CHARS = 300;
/** Metrics in a receipt's first line: it must stay one line. */
export const RECEIPT_METRICS = 4;
/** Flags listed in one receipt; the report has all of them. */
export const RECEIPT_FLAGS = 12;
/** Flags told of a run while it goes on: each may be a write into an open editor. */
export const RUNNING_FLAGS = 6;
/** A finding of tier B may pass: it is told of a run that goes on once it has held for so long. */
export const FLAG_HOLDS_MS = 60_000;
/** Pairs compared when a journal is laid over the last one: 4 bytes each, 50 ms in all. */
export const ALIGN_CELLS = 4_000_000;
/** Beyond that, each command is looked for only this far ahead. */
export const ALIGN_LOOK_AHEAD = 500;
/** Headings that one command stood below, for when it comes back: one typed letter by letter too. */
export const HEADINGS_KEPT = 50;
/** Two texts are compared word by word only where they stand this close. */
export const ALIGN_SIMILAR_REACH = 50;

/** Text of one top-level block that Markdown is read from: remark slows faster than it grows. */
export const BLOCK_CHARS = 256 * 1024;
export const BLOCK_LINES = 8_000;
/** Lists and quotes inside one another: readers of Markdown recurse, and no person nests so deep. */
export const BLOCK_NESTING = 50;
/** A longer heading is shown as written: marks inside of a line take quadratic time to read. */
export const TITLE_CHARS = 1_000;
/** YAML of one fence, frontmatter or settings file: what is larger is data, not a plan. */
export const YAML_CHARS = 64 * 1024;
/** YAML values inside one another: reading them recurses. */
export const YAML_NESTING = 20;
/** A run's name becomes part of file names, which end at 255 bytes. */
export const NAME_CHARS = 100;
/** Arguments of one command together: Linux takes at most 128 KiB in one argument. */
export const ARGUMENT_CHARS = 64 * 1024;
/** A written time limit beyond a year is a mistake, and timers cannot hold it. */
export const TIMEOUT_MAX_MS = 365 * 86_400_000;
/** A word this long has no nearest spelling worth the quadratic search. */
export const NEAREST_CHARS = 40;
/** Largest file that is read to see whether it is a plot of ours: a spec has 100 KB at most. */
export const PLOT_SPEC_BYTES = 4 << 20;

/** Where the kernel tells nothing, a new run folder is looked for this often. */
export const FOLDER_LOOK_MS = 500;
/** Where the kernel tells nothing, a running run's logs are looked at this often. */
export const LOG_LOOK_MS = 1_000;
/** Lines that come together are read together. */
export const LOG_PAUSE_MS = 50;
/** Console of a script without a run folder: its end says how it went. */
export const CONSOLE_BYTES = 8 * 2 ** 20;
/** An editor's save is several events: they are answered by one read. */
export const JOURNAL_PAUSE_MS = 30;
/** A journal that somebody is saving is tried again after this long. */
export const JOURNAL_RETRY_MS = 200;
/** On start, runs of before are judged once the journals are read, or after this long. */
export const JOURNALS_READ_MS = 5_000;
/** On SIGTERM the daemon is gone within 2 s, whatever is still being written. */
export const FAREWELL_MS = 1_500;
/** Plots that one drawing process makes: its memory grows by some 0.7 MB with each. */
export const RENDER_PLOTS = 100;
/** uv answers from its cache in a moment; without a network it may try for long. */
export const EXPORT_MS = 60_000;

/** Step and time of this many metric lines: blocks of 30 of them still show a slowdown. */
export const PACE_POINTS = 4_096;
/** Lines from a log's start in which it tells how far it means to go, and what it loads. */
export const PROGRESS_LINES = 2_000;
/** Falls of the step that are kept: a counter that starts anew each epoch falls for ever. */
export const FALLS_KEPT = 64;
/** Beginning of a warning that tells it from another, and how many are counted. */
export const WARNING_CHARS = 160;
export const WARNING_TEMPLATES = 200;
/** Bootstrap resamples: the interval's ends move by under 1 % of its width with other ones. */
export const BOOTSTRAP_RESAMPLES = 9_999;
/** Pairs of sentences that an audit compares: a page rewritten by hand has some thousands. */
export const AUDIT_PAIRS = 500_000;
/** Values that a person's own number is compared with. */
export const AUDIT_KNOWN = 200_000;

/** Words, numbers and marks of one log line that are looked at: the longest seen had some 400. */
export const LINE_TOKENS = 4_096;
/** A journal is read in segments of this many characters or more: one save seldom changes two. */
export const SEGMENT_CHARS = 2_048;
/** Differences to a baseline, and rows of a sweep, in one table of REPORT.md. */
export const REPORT_COMPARISONS = 60;
/** A new run folder is a person's own when no run of the daemon's has claimed it by then. */
export const HAND_RUN_PATIENCE_MS = 2_000;
/** Where the kernel tells nothing, the logs of a run started by hand are looked at this often. */
export const HAND_RUN_LOOK_MS = 5_000;
/** Its logs have not grown for this long: it is over, or as good as over. */
export const HAND_RUN_REST_MS = 3_600_000;
/** Values of one series that are searched for spikes: the newest, in well under a second. */
export const SPIKE_POINTS = 200_000;
/** A start needs room for the run's own record: with less, nothing starts that could not be told. */
export const DISK_LEAST_BYTES = 10e6;
/** Room where a run writes below which it is told: one checkpoint is larger. */
export const DISK_FLOOR_BYTES = 1e9;
/** Metrics of an earlier run that later ones are laid beside, and the number of such runs. */
export const DIGEST_METRICS = 200;
/** A longer line's shape is not remembered: it is read with care each time. */
export const SHAPE_BYTES = 8_192;
/** Remembered shapes of one file; when they are full, all are forgotten and learned anew. */
export const SHAPES_BYTES = 256 * 1024;
/** Values of all series of a run together that are kept: 20 bytes each, 30 MB... */
export const POINTS_PER_RUN = 1_500_000;
/** ...of which one series has at most so many, all exact up to this count... */
export const POINTS_PER_SERIES = 65_536;
/** ...and at least so many, however many series there are. */
export const POINTS_LEAST = 256;
/** Metrics of all logs of one run: each one costs a few KB. */
export const SERIES_PER_RUN = 20_000;
/** Lines not understood that are kept for a person to see. */
export const UNREAD_SAMPLES = 5;
/** A record of an event file that is longer holds a picture or a graph, and no scalar. */
export const EVENT_BYTES = 1 << 20;
/** A run's processes are looked at this often: a stall or a leak shows within a minute. */
export const SAMPLE_MS = 5_000;
/** The first look comes after a run's start, when there is something to see. */
export const FIRST_SAMPLE_MS = 1_000;
/** Finding the processes of a run reads every process's environment: less often. */
export const PROCESS_LOOK_MS = 30_000;
/** nvidia-smi takes up to 2 s of a core: its answer serves all runs for this long... */
export const GPU_SAMPLE_MS = 15_000;
/** ...and where it failed it is left alone for this long. */
export const GPU_ASK_AGAIN_MS = 600_000;
/** Samples kept of one run: then every second goes, and the next come half as often. */
export const SYSTEM_SAMPLES = 4_000;
/** A larger system.jsonl is none of ours. */
export const SYSTEM_LOG_BYTES = 8 * 2 ** 20;
/** Earlier runs that a run is laid beside, and the size of logs up to which one is read for it. */
export const EARLIER_RUNS = 50;
export const EARLIER_LOG_BYTES = 16 * 2 ** 20;
/** The last sample of a run is waited for this long: a driver may hang. */
export const SAMPLER_END_MS = 300;
/** While its logs are silent a run is judged this often. */
export const JUDGE_MS = 30_000;
/** Of a cited log line this much is read again before a report is saved: metrics stand in it. */
export const GATE_LINE_BYTES = 1 << 20;
/** Folders below a run's logs/ that are looked into: `lightning_logs/version_0/` is the deepest. */
export const LOG_DEPTH = 4;
/** A person's own pattern for metric lines: more is a program. */
export const OWN_PATTERN_CHARS = 1_000;
/** Matches of it in one line. */
export const OWN_PATTERN_MATCHES = 1_000;
/** Beginning of a journal in which its frontmatter is looked for. */
export const FRONTMATTER_BYTES = 128 * 1024;
/** Settings in one picture of an experiment, the newest: more labels cannot be read. */
export const COMPARE_PLOT_GROUPS = 24;
/** Settings in one picture of a sweep, the newest: a map of twenty by twenty can still be read. */
export const COMPARE_SWEEP_GROUPS = 400;
/** Runs on the CPU at one time without a written `cpu-slots:`: most scripts use all cores. */
export const CPU_SLOTS = 1;
export const CPU_SLOTS_MOST = 256;
/** A GPU with less memory in use is free: a desktop and the driver hold some hundred MB. */
export const GPU_FREE_BYTES = 1e9;
/** GPUs, sharers of one, and steps of priority that a command may write. */
export const GPUS_MOST = 64;
export const SHARE_MOST = 16;
export const PRIORITY_MOST = 1_000;
/** What the driver said of others' memory is believed for this long: they may start at any time. */
export const GPU_FRESH_MS = 2_000;
/** A machine without GPUs gets none while it runs, but a driver may be installed. */
export const GPU_NONE_FRESH_MS = 600_000;
/** A process that ended gives its memory back within this long; later it is somebody else's. */
export const GPU_RELEASE_MS = 30_000;
/** In its first seconds the release is looked for often: most take well under one. */
export const GPU_RELEASE_SOON_MS = 5_000;
export const GPU_LOOK_SOON_MS = 25;
export const GPU_LOOK_MS = 250;
/** Others' use, or a silent driver, is looked at so often: no GPU that a run could have idles. */
export const GPU_LOOK_OTHERS_MS = 750;
/** Looking takes at most one part in this many of the time. */
export const GPU_LOOK_SHARE = 4;
/** A GPU that another daemon holds is tried again after this long. */
export const GPU_ELSEWHERE_MS = 700;
/** Hashes of receipt pieces kept at hand: more than a journal of 10 MB has. */
export const PIECE_HASHES = 100_000;
/** The end of a run is told this much later at most, while the next one starts in its place. */
export const START_FIRST_MS = 100;
export const START_FIRST_LOOK_MS = 5;
/** Days ahead in which a window must come: the 29th of February needs eight years, around 2100. */
export const WINDOW_REACH_DAYS = 8 * 366;
/** A window longer than a week is no window. */
export const WINDOW_LENGTH_MS = 7 * 86_400_000;
/** Comings of a window that are looked at for one that begins before the last one's end. */
export const WINDOW_TRIES = 50;
/** Windows of which the present and next occurrence are kept at hand: labs have a few. */
export const WINDOWS_KEPT = 200;
/** A machine that slept knows what time it is this long after it woke: its timers stood still. */
export const WAKE_LOOK_MS = 30_000;
/** A time of day that passed this shortly before it was read is now, and not tomorrow. */
export const MOMENT_SLACK_MS = 120_000;
/** A date that was over by more than this when it was written is a slip of the pen. */
export const MOMENT_PAST_MS = 86_400_000;
/** A time further ahead than this is told with its date: by the clock alone it could be today. */
export const DATED_AFTER_MS = 22 * 3_600_000;
/** A disk that was too full for a start is looked at again: somebody may have made room. */
export const DISK_LOOK_MS = 60_000;
/** What another daemon records of the queue is seen this soon: it comes with many other facts. */
export const PAUSE_LOOK_MS = 200;
/** A run that failed within this time of its start has hardly begun... */
export const YOUNG_DEATH_MS = 10_000;
/** ...and so many in a row show that it is not theirs alone: the machine, the disk, the data. */
export const YOUNG_DEATHS = 3;
/** Hours that GPUs may be held in one window: 64 of them for a week and a half. */
export const GPU_HOURS_MOST = 20_000;
/** A picture of a page that is exported: larger ones are no plots. */
export const PICTURE_BYTES = 64 * 2 ** 20;
/** Converting a page to PDF or TeX; on first use the converters (66 MB) are downloaded as well. */
export const CONVERT_MS = 600_000;
/** Runs of one sweep: more is a search, and no table holds it. */
export const SWEEP_MEMBERS_MOST = 1_000;
/** Tries after the first one that a command may write. */
export const RETRIES_MOST = 10;
/** Facts that are read at one go for LAB.md: 20 ms in which nothing else gets its turn. */
export const NIGHT_FACTS = 1_000;
/** Nights before the last one that LAB.md has a line for: two weeks are what a person looks back. */
export const NIGHTS_TOLD = 14;
/** `nightlab top` is renewed this often: more is no more to see. */
export const TOP_MS = 1_000;
/** A glance waits no longer for a cold driver; the next one has its answer. */
export const GPU_GLANCE_MS = 1_000;
/** Sights of a run's progress that are kept: its pace is that of their later half... */
export const PACE_OBSERVATIONS = 64;
/** ...and over a shorter time it says little. */
export const PACE_SPAN_MS = 2_000;
/** Metrics of a running run that a glance shows, and columns of the curve beside each. */
export const LIVE_METRICS = 6;
export const LIVE_COLUMNS = 24;
/** Ended commands that a glance at a lab has at hand; the ledger has all. */
export const VIEW_ENDED = 50;
/** Facts after which that view is kept anew: reading so many takes 20 ms. */
export const VIEW_FACTS = 1_000;
/** A larger view is slower to read than it spares. */
export const VIEW_BYTES = 16 * 2 ** 20;
/** Runs of one kind, or commands that wait, that LAB.md lists: a page is read over one coffee. */
export const NIGHT_ITEMS = 30;
/** Flags of one run that LAB.md lists; its receipt has more. */
export const NIGHT_FLAGS = 4;
/** A morning's page that could not be made is tried again after this long. */
export const NIGHT_RETRY_MS = 10 * 60_000;
/** Folders inside one another in which an experiment's code is looked for. */
export const CODE_DEPTH = 6;
/** Scripts of one experiment that are hashed: more is a checkout of something else. */
export const CODE_FILES = 2_000;
/** Folders of one experiment that are looked into for them. */
export const CODE_FOLDERS = 1_000;
/** Entries of a folder of code; one with more holds data, and is not read to its end. */
export const CODE_FOLDER_ENTRIES = 2_000;
/** Entries of a folder without code that is looked into: `src/`, but no folder per class. */
export const CODELESS_ENTRIES = 50;
/** Scripts that are known one by one, so that a change is told by name. */
export const CODE_FILES_KEPT = 200;
/** Digests of files that were not touched since: 200 bytes each. */
export const DIGESTS_KEPT = 20_000;
/** A file that changed this recently may change again without its time changing. */
export const RACY_STAT_MS = 2_000;
/** A snapshot copies code: one file, all of them, and their number. The rest is linked. */
export const SNAPSHOT_FILE_BYTES = 2 ** 20;
export const SNAPSHOT_BYTES = 64 * 2 ** 20;
export const SNAPSHOT_FILES = 5_000;
/** Somebody saves while the code is copied: it is copied again, this often at most. */
export const SNAPSHOT_TRIES = 3;
/** Folders beside an experiment that its copy finds at the same places. */
export const SNAPSHOT_NEIGHBOURS = 1_000;
/** Files that did not fit and are told by name. */
export const SNAPSHOT_LEFT_TOLD = 5;
/** A sweep of short runs that may take longer than this together is asked about like a long run. */
export const SWEEP_UNASKED_MS = 2 * 3_600_000;

/** Stamped lines of one log that tell the time of those between: more than a plot has columns. */
export const TIMELINE_POINTS = 1_024;
/** Curves of one run that are compared with other runs': the promised metrics, then the first. */
export const CURVES_PER_RUN = 6;
/** Pixel columns of such a curve: 400 points at most, 8 KB, for each of a thousand runs. */
export const CURVE_COLUMNS = 100;
/** Settings in one picture of curves that have a colour: more cannot be told apart. */
export const CURVE_GROUPS = 10;
/** Further runs in such a picture, grey, the newest... */
export const CURVE_OTHERS = 120;
/** ...with fewer columns each, since nobody follows a single one. */
export const CURVE_OTHER_COLUMNS = 25;
/** Before the next tries of a run whose GPU was full: what filled it may leave in the meantime. */
export const RETRY_DELAYS_MS: readonly number[] = [60_000, 300_000, 900_000];
/** An environment that somebody else builds is looked for this often. */
export const PREPARE_LOOK_MS = 20;
/** Environments of commands that wait are looked at again after this long: a script may change... */
export const AHEAD_LOOK_MS = 10_000;
/** ...and one that could not be built may be had by now: a network that is back. */
export const AHEAD_RETRY_MS = 60_000;
/** Commands whose environments are built ahead, one after the other: some may wait for the night. */
export const AHEAD_COMMANDS = 16;
/** Runs of one setting from which on their mean is drawn with its interval in place of each. */
export const CURVE_SEEDS_BAND = 5;
/** Places of such a mean where its runs were logged at different ones. */
export const CURVE_BAND_POINTS = 120;
/** Rows, metrics, kinds of failure and characters of a value that a sweep's receipt shows. */
export const SWEEP_ROWS = 24;
export const SWEEP_COLUMNS = 3;
export const SWEEP_ENDINGS = 6;
export const SWEEP_CELL_CHARS = 40;
/** A sweep's receipt changes so often at most: a twentieth of its time, between half a minute... */
export const SWEEP_PACE_LEAST_MS = 30_000;
/** ...and this. */
export const SWEEP_PACE_MOST_MS = 300_000;
export const SWEEP_PACE_SHARE = 20;
/** Runs of an experiment in its live page, the newest: a list of more is no list... */
export const PAGE_RUNS = 1_000;
/** ...and its metrics, the promised ones first... */
export const PAGE_METRICS = 8;
/** ...and points of all their curves together: some 2 MB of numbers. */
export const PAGE_POINTS = 100_000;
/** ...of which each curve may have so many: rather fewer metrics than bent curves. */
export const PAGE_CURVE_POINTS = 60;
/** Experiment pictures of runs that go on are drawn anew at most this often. */
export const FIGURES_MS = 30_000;
/** Metrics of a repeated run that are told to differ in a receipt; `nightlab compare` has all. */
export const REPEAT_DIFFERENCES = 3;
/** uv says in 15 ms where a script's Python is; a record is not kept waiting for more. */
export const INTERPRETER_MS = 5_000;
/** Edited versions of one record that are kept beside it: nobody edits one so often. */
export const EDITED_NAMES = 20;
/** Putting an earlier run's code together: a large repository's index takes seconds to make. */
export const CHECKOUT_MS = 60_000;
/** `nightlab repeat` waits this long for the daemon to have done so. */
export const REPEAT_ANSWER_MS = 90_000;
/** Names `full-repeat`, `full-repeat-2` tried for a repeated run. */
export const REPEAT_NAMES = 1_000;
/** A copy of code that no command knows is another machine's, or left over after so long. */
export const SNAPSHOT_UNKNOWN_MS = 7 * 86_400_000;
/** A larger list of resolved packages is no list of packages. */
export const RESOLVED_BYTES = 8 * 2 ** 20;
/** Scripts of a copy whose environments are looked for when it goes. */
export const SNAPSHOT_SCRIPTS = 20;
