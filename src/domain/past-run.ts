// A run that is over, in a tenth of the memory: a lab has tens of thousands, and few are looked at
// again. What is asked of many runs at once stands by itself, all else is unpacked when it is read.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { parseStored } from "../base/stored-json.ts";
import type { AttemptId, RunFolder } from "../base/ids.ts";
import type { Run } from "./world.ts";

/** What most runs have in common: deflate refers to it, so that the rest takes some 400 bytes. */
const COMMON = Buffer.from(
  '"token":"","verb":"eval","verb":"script","runner":"pixi","env":{"privateEnv":[' +
    '"place":{"kind":"gpus","gpus":[{"uuid":"GPU-","index":0}],"share":1}},"onRun":"' +
    '"spec":{"attempt":"","command":"","verb":"run","name":"","lab":"/home/","experiment":"","script":"train.py","args":["--seed","--lr","--batch-size"],' +
    '"env":{},"limitMs":7200000,"place":{"kind":"cpu","why":"no-gpu"}},"start":{"codeHash":"","runner":"uv","said":"run: timeout=2h because: ",' +
    '"because":"","queuedAtMs":17,"long":true,"criteria":{"success":"","failure":"val/loss > "}},"limitMs":120000,"claimedAtMs":17,"exited":true,"plotted":true,"resolved":[],' +
    '"process":{"pid":,"startTime":"","bootId":""},"startedAtMs":17,"folder":"2026-","folderAtMs":17,"exitedAtMs":17,"exit":{"code":0,"endedAtMs":17,"overLimit":false},"endedAtMs":17,' +
    '"outcome":{"ending":"failed","cause":{"kind":"exit-code","code":1},"lastLine":{"text":"","file":"logs/console.log","findings":[{"rule":"","tier":"A","message":"","evidence":{' +
    '"outcome":{"ending":"done","cause":{"kind":"success"},"exitCode":0,"metrics":[{"key":"val/loss","count":1000,"first":{"key":"train/loss","token":"0.","value":0.,"step":1000,' +
    '"file":"logs/train.log","line":1,"offset":,"stampMs":17},"last":{"key":"","token":"0.","value":0.,"step":,"file":"logs/train.log","line":,"offset":},"min":{"key":"","max":{"key":"",' +
    '"notFiniteCount":0}],"findings":[],"plots":[{"metric":"val/loss","file":"plots/val-loss.webp"},{"metric":"train/loss","file":"plots/train-loss.webp"}]}}',
);
/** A small window: allocating the usual one takes longer than the work. */
const PACKING = { level: 6, windowBits: 13, memLevel: 5, dictionary: COMMON } as const;

/** What is kept unpacked is asked of every run of an experiment or of a night. */
type Kept = "attempt" | "claimedAtMs" | "limitMs" | "endedAtMs" | "folder" | "exited" | "plotted";

/** All else, by name. */
const PACKED: Readonly<Record<Exclude<keyof Run, Kept>, true>> = {
  spec: true,
  start: true,
  startedAtMs: true,
  process: true,
  folderAtMs: true,
  stopRequested: true,
  exit: true,
  known: true,
  exitedAtMs: true,
  flags: true,
  flaggedAtMs: true,
  outcome: true,
  resolved: true,
};

class PastRun {
  declare readonly spec: Run["spec"];
  declare readonly start: Run["start"];
  declare readonly resolved: Run["resolved"];
  readonly attempt: AttemptId;
  readonly claimedAtMs: number;
  readonly limitMs: number;
  readonly endedAtMs: number | undefined;
  readonly folder: RunFolder | undefined;
  /** JSON of the whole run, deflated, a byte a character. */
  readonly packed: string;

  constructor(
    run: Pick<Run, "attempt" | "claimedAtMs" | "limitMs"> & {
      readonly endedAtMs?: number | undefined;
      readonly folder?: RunFolder | undefined;
    },
    packed: string,
  ) {
    this.attempt = run.attempt;
    this.claimedAtMs = run.claimedAtMs;
    this.limitMs = run.limitMs;
    this.endedAtMs = run.endedAtMs;
    this.folder = run.folder;
    this.packed = packed;
  }

  get exited(): boolean {
    return true;
  }

  get plotted(): boolean {
    return true;
  }

  toJSON(): Run {
    return unpack(this);
  }
}

for (const name of Object.keys(PACKED) as (keyof typeof PACKED)[]) {
  Object.defineProperty(PastRun.prototype, name, {
    get(this: PastRun) {
      return unpack(this)[name];
    },
  });
}

/** The last one that was unpacked: what reads one field of a run mostly reads several. */
let last: { readonly past: PastRun; readonly run: Run } | undefined;

function unpack(past: PastRun): Run {
  if (last?.past !== past) {
    const json = inflateRawSync(Buffer.from(past.packed, "latin1"), PACKING).toString();
    last = { past, run: parseStored(json) as Run };
  }
  return last.run;
}

/**
 * A run that has exited and has its plots, packed. It reads like any other, but must not be spread:
 * `wholeRun` gives what can be.
 */
export function pastRun(run: Run): Run {
  if (run instanceof PastRun) return run;
  const packed = deflateRawSync(JSON.stringify(run), PACKING).toString("latin1");
  return new PastRun(run, packed) as Run;
}

/** A packed run as JSON, with what it needs to be a run again. */
export type StoredRun = readonly [
  attempt: AttemptId,
  claimedAtMs: number,
  limitMs: number,
  endedAtMs: number | null,
  folder: RunFolder | null,
  packed: string,
];

/** Undefined for a run that is not packed. */
export function storedRun(run: Run): StoredRun | undefined {
  if (!(run instanceof PastRun)) return undefined;
  const { attempt, claimedAtMs, limitMs, endedAtMs = null, folder = null } = run;
  const packed = Buffer.from(run.packed, "latin1").toString("base64");
  return [attempt, claimedAtMs, limitMs, endedAtMs, folder, packed];
}

export function runOf([attempt, claimedAtMs, limitMs, endedAtMs, folder, packed]: StoredRun): Run {
  const known = {
    attempt,
    claimedAtMs,
    limitMs,
    endedAtMs: endedAtMs ?? undefined,
    folder: folder ?? undefined,
  };
  return new PastRun(known, Buffer.from(packed, "base64").toString("latin1")) as Run;
}

/** The run with all of its fields as its own. */
export const wholeRun = (run: Run): Run => (run instanceof PastRun ? unpack(run) : run);
