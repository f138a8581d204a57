// The stored shapes of what facts hold: specs of commands and attempts, ends of runs, samples.
// stored-fact.ts has the facts themselves.
import type { CodeSeen, SnapshotNote } from "../../domain/code.ts";
import {
  RETRY_CAUSES,
  RUNNERS,
  VERBS,
  type After,
  type CommandSpec,
  type OptionChange,
  type Retry,
  type SweptOption,
  type SweptValue,
} from "../../domain/command.ts";
import type { Swept } from "../../domain/command-state.ts";
import type { Finding } from "../../domain/finding.ts";
import type { PinnedEnvironment, RepeatCompared, Repeats } from "../../domain/repeat.ts";
import type {
  AttemptSpec,
  Cause,
  Exit,
  KnownEnding,
  LeftBehind,
  PlotRef,
  ProcessIdentity,
  RunOutcome,
  StartFacts,
} from "../../domain/run.ts";
import type { LogPlace, MetricSummary, Sample } from "../../domain/sample.ts";
import type { GpuRef, Slot } from "../../domain/slot.ts";
import type { When } from "../../domain/window.ts";
import {
  boolean,
  kinds,
  list,
  maybe,
  number,
  object,
  oneOf,
  record,
  string,
  whole,
} from "../../base/stored-shape.ts";

const when = kinds<When>({
  window: { name: string() },
  daily: { from: number, to: number },
  moment: { minute: number, date: maybe(string()) },
});

const after = list(object<After>({ target: string(), any: boolean }));

export const commandSpec = object<CommandSpec>({
  verb: oneOf(...VERBS),
  target: string(),
  args: list(string()),
  go: boolean,
  timeoutMs: maybe(number),
  because: maybe(string()),
  after: maybe(after),
  script: maybe(string()),
  runner: maybe(oneOf(...RUNNERS)),
  // Rules come and go with releases.
  stopOn: maybe(list(string())),
  env: maybe(record(string())),
  privateEnv: maybe(list(string())),
  gpus: maybe(number),
  share: maybe(number),
  snapshot: maybe(boolean),
  memory: maybe(number),
  priority: maybe(number),
  sweep: maybe(
    list(
      object<SweptOption>({
        key: string(),
        values: list(object<SweptValue>({ text: string(), args: list(string()) })),
      }),
    ),
  ),
  retry: maybe(
    object<Retry>({
      times: number,
      on: list(oneOf(...RETRY_CAUSES)),
      delayMs: maybe(number),
      set: maybe(list(object<OptionChange>({ option: string(), to: string() }))),
    }),
  ),
  when: maybe(when),
  if: maybe(string()),
});

export const swept = list(object<Swept>({ key: string(), value: string() }));

const pinned = object<PinnedEnvironment>({
  requirements: maybe(string()),
  python: maybe(string()),
});

export const repeats = object<Repeats>({
  id: string(),
  folder: string(),
  differs: list(string()),
  pinned: maybe(pinned),
});

const slot = kinds<Slot>({
  gpus: {
    gpus: list(
      object<GpuRef>({
        uuid: string(),
        index: number,
        slice: maybe(number),
        vendor: maybe(oneOf("amd")),
      }),
    ),
    share: number,
  },
  cpu: { why: oneOf("asked", "no-gpu"), first: maybe(oneOf(true)) },
});

export const attemptSpec = object<AttemptSpec>({
  attempt: string(),
  token: maybe(string()),
  command: string(),
  verb: oneOf(...VERBS),
  name: string(),
  lab: string(),
  experiment: string(),
  script: string(),
  args: list(string()),
  runner: maybe(oneOf(...RUNNERS)),
  env: record(string()),
  limitMs: number,
  codeDir: maybe(string()),
  pinned: maybe(pinned),
  repeats: maybe(object<NonNullable<AttemptSpec["repeats"]>>({ id: string(), folder: string() })),
  onRun: maybe(string()),
  privateEnv: maybe(list(string())),
  sweep: maybe(object<NonNullable<AttemptSpec["sweep"]>>({ id: string(), name: string() })),
  memory: maybe(number),
  place: maybe(slot),
});

export const startFacts = object<StartFacts>({
  codeHash: string(),
  runner: string(),
  changed: maybe(list(string())),
  queuedCodeHash: maybe(string()),
  noMemoryLimit: maybe(string()),
  said: string(),
  because: maybe(string()),
  queuedAtMs: number,
  long: boolean,
  criteria: object<StartFacts["criteria"]>({ success: maybe(string()), failure: maybe(string()) }),
});

const code = { hash: string(), files: record<string>(string()) } as const;
export const codeSeen = object<CodeSeen>(code);
export const snapshot = kinds<SnapshotNote>({
  kept: { dir: string(), left: list(string()), leftCount: whole },
  failed: { why: string() },
});

export const processIdentity = object<ProcessIdentity>({
  pid: whole,
  startTime: string(),
  bootId: string(),
});

export const exit = object<Exit>({
  code: whole,
  signalled: maybe(oneOf(true)),
  endedAtMs: number,
  overLimit: boolean,
  oomKill: maybe(boolean),
  leftBehind: maybe(list(object<LeftBehind>({ pid: whole, command: string(), idleMs: number }))),
});

const ending = oneOf("done", "failed", "stopped", "lost");
export const stopAsker = oneOf("journal", "command-line", "rule", "window");

const cause = kinds<Cause>({
  success: {},
  "exit-code": { code: number },
  signal: { signal: string() },
  "hidden-crash": {},
  "gpu-out-of-memory": {},
  "host-out-of-memory": { limit: maybe(number) },
  "disk-full": {},
  "import-error": { module: string() },
  "over-limit": { limitMs: number },
  stopped: { by: stopAsker, why: maybe(string()) },
  environment: { message: string() },
  "no-runner": { message: string() },
  "script-missing": { script: string() },
  "start-failed": { message: string() },
  "machine-restarted": {},
  lost: {},
});

export const knownEnding = object<KnownEnding>({ ending, cause });

const place = { file: string(), line: number, offset: number } as const;
const sample = object<Sample>({
  ...place,
  key: string(),
  step: maybe(number),
  value: number,
  token: string(),
  stampMs: maybe(number),
});

export const findings = list(
  object<Finding>({
    rule: string(),
    tier: oneOf("A", "B", "C", "note"),
    persists: maybe(boolean),
    metric: maybe(string()),
    atMs: number,
    message: string(),
    evidence: maybe(object<LogPlace>(place)),
    token: maybe(string()),
    count: number,
    blocking: boolean,
  }),
);

export const plots = list(object<PlotRef>({ metric: string(), file: string() }));

export const outcome = object<RunOutcome>({
  ending,
  cause,
  exitCode: maybe(number),
  lastLine: maybe(
    object<NonNullable<RunOutcome["lastLine"]>>({ text: string(), file: string(), line: number }),
  ),
  metrics: list(
    object<MetricSummary>({
      key: string(),
      count: number,
      first: sample,
      last: sample,
      min: maybe(sample),
      max: maybe(sample),
      notFinite: maybe(sample),
      notFiniteCount: number,
    }),
  ),
  findings,
  plots,
  repeated: maybe(
    object<RepeatCompared>({
      equal: number,
      different: list(
        object<RepeatCompared["different"][number]>({
          metric: string(),
          was: maybe(string()),
          is: maybe(string()),
        }),
      ),
    }),
  ),
});
