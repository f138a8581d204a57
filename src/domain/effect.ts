// What the daemon is to do, as one closed union: the output of `step` besides facts.
// Every effect may be repeated harmlessly; its outcome comes back as an event.
import type { Finding } from "./finding.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { AttemptSpec, Exit, KnownEnding, StartFacts, StopAsker } from "./run.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { Occurrence } from "./window.ts";
import type { Problem } from "../base/problem.ts";

export type Effect =
  | {
      readonly kind: "write-journal";
      readonly experiment: ExperimentPath;
      /** Hash of the text that this one was rendered from. */
      readonly basedOn: string;
      readonly text: string;
    }
  | {
      /** The journal itself cannot be written: say what stands there in STATUS.md. */
      readonly kind: "write-status-page";
      readonly experiment: ExperimentPath;
      readonly text: string;
    }
  | {
      /** LAB.md: what is wrong with the settings, and how the last night was. */
      readonly kind: "show-lab-page";
      readonly lab: LabPath;
      readonly problems: readonly Problem[];
      readonly digest: readonly PageBlock[];
    }
  | {
      /** Say how a night was, from the ledger up to a moment and from logs and journals. */
      readonly kind: "compose-night";
      readonly lab: LabPath;
      readonly night: Occurrence;
      readonly asOfMs: number;
    }
  | {
      /** See what code these commands are queued with, and copy it for those that ask for it. */
      readonly kind: "note-code";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly commands: readonly { readonly id: CommandId; readonly snapshot: boolean }[];
    }
  | {
      /** The copied code of a command is needed no more. */
      readonly kind: "drop-snapshot";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly command: CommandId;
    }
  | {
      readonly kind: "examine-start";
      readonly command: CommandId;
      readonly experiment: ExperimentPath;
      /** Its GPUs are locked where the answer is `ready`. */
      readonly spec: AttemptSpec;
      /** GPUs of it that other runs of this daemon hold: they are locked already. */
      readonly joined: readonly string[];
      /** Bytes that must be free on the experiment's disk. */
      readonly diskFloor: number;
    }
  | {
      /** Ask the driver how the GPUs are. */
      readonly kind: "probe-gpus";
      readonly epoch: number;
    }
  | {
      /** The attempt needs its GPUs' locks no more. */
      readonly kind: "release-gpus";
      readonly attempt: AttemptId;
    }
  | {
      /** While others run: build the environment of a command that waits. */
      readonly kind: "prepare-ahead";
      readonly command: CommandId;
      readonly spec: AttemptSpec;
    }
  | { readonly kind: "prepare-environment"; readonly spec: AttemptSpec; readonly runner: string }
  | { readonly kind: "start-attempt"; readonly spec: AttemptSpec; readonly runner: string }
  | {
      /** Wait for its end, find its folder, read its logs, renew its plots. */
      readonly kind: "follow-attempt";
      readonly spec: AttemptSpec;
      readonly start: StartFacts;
      readonly startedAtMs: number;
      readonly folder?: RunFolder;
    }
  | {
      /** See what became of an attempt while no daemon was there. */
      readonly kind: "adopt-attempt";
      readonly spec: AttemptSpec;
    }
  | { readonly kind: "stop-attempt"; readonly attempt: AttemptId; readonly lab: LabPath }
  | {
      readonly kind: "extend-limit";
      readonly attempt: AttemptId;
      readonly lab: LabPath;
      readonly limitMs: number;
    }
  | {
      /** Read the logs to their end, name the cause, write run.json. */
      readonly kind: "conclude-run";
      readonly spec: AttemptSpec;
      readonly start: StartFacts;
      readonly facts: ConclusionFacts;
    }
  | {
      readonly kind: "plot-run";
      readonly spec: AttemptSpec;
      readonly folder?: RunFolder;
      readonly findings: readonly Finding[];
    }
  | { readonly kind: "renew-report"; readonly experiment: ExperimentPath };

/** What the world knows of an ending, for the reading of its logs. */
export interface ConclusionFacts {
  readonly claimedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs: number;
  readonly exit?: Exit;
  readonly limitMs: number;
  readonly stoppedBy?: StopAsker;
  /** What the rule said, where one asked. */
  readonly stoppedWhy?: string;
  /** Known without any log: an environment that could not be built, a lost run. */
  readonly known?: KnownEnding;
  readonly folder?: RunFolder;
}
