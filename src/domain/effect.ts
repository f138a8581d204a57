// What the daemon is to do, as one closed union: the output of `step` besides facts.
// Every effect may be repeated harmlessly; its result comes back as an event (event.ts).
import type { Finding } from "./finding.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { AttemptSpec, Exit, KnownEnding, StartFacts, StopAsker } from "./run.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { Occurrence } from "./window.ts";
import type { Mistake } from "../base/problem.ts";

export type Effect =
  | {
      readonly kind: "write-journal";
      readonly experiment: ExperimentPath;
      /** Hash of the text that this one was rendered from. */
      readonly basedOn: string;
      readonly text: string;
    }
  | {
      /** The journal itself cannot be written: show the receipts in STATUS.md. */
      readonly kind: "write-status-page";
      readonly experiment: ExperimentPath;
      readonly text: string;
    }
  | {
      /** Write LAB.md: problems of the settings, a pause, and the nightly summary. */
      readonly kind: "show-lab-page";
      readonly lab: LabPath;
      readonly problems: readonly Mistake[];
      readonly digest: readonly PageBlock[];
    }
  | {
      /** Make the summary of a night from the ledger up to `asOfMs`, logs and journals. */
      readonly kind: "compose-night";
      readonly lab: LabPath;
      readonly night: Occurrence;
      readonly asOfMs: number;
    }
  | {
      /** Hash the code that these commands are queued with, and copy it for `snapshot`. */
      readonly kind: "note-code";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly commands: readonly { readonly id: CommandId; readonly snapshot: boolean }[];
    }
  | {
      /** Delete the copied code of a command. */
      readonly kind: "drop-snapshot";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly command: CommandId;
    }
  | {
      /** A command's turn has come: check script, runner, disk and GPU locks. */
      readonly kind: "examine-start";
      readonly command: CommandId;
      readonly experiment: ExperimentPath;
      /** Its GPUs are locked if the answer is `ready`. */
      readonly spec: AttemptSpec;
      /** Those of its GPUs that other runs of this daemon share: they are locked already. */
      readonly joined: readonly string[];
      /** Bytes that must be free on the experiment's disk. */
      readonly diskFloor: number;
    }
  | {
      /** Ask the driver about the GPUs. */
      readonly kind: "probe-gpus";
      readonly epoch: number;
    }
  | {
      /** Release the attempt's locks on its GPUs. */
      readonly kind: "release-gpus";
      readonly attempt: AttemptId;
    }
  | {
      /** Build the environment of a waiting command while others run. */
      readonly kind: "prepare-ahead";
      readonly command: CommandId;
      readonly spec: AttemptSpec;
    }
  | { readonly kind: "prepare-environment"; readonly spec: AttemptSpec; readonly runner: string }
  | { readonly kind: "start-attempt"; readonly spec: AttemptSpec; readonly runner: string }
  | {
      /** Watch a running attempt: its exit, folder, logs and plots. */
      readonly kind: "follow-attempt";
      readonly spec: AttemptSpec;
      readonly start: StartFacts;
      readonly startedAtMs: number;
      readonly folder?: RunFolder;
    }
  | {
      /** Find out what became of an attempt while no daemon ran. */
      readonly kind: "adopt-attempt";
      readonly spec: AttemptSpec;
    }
  | {
      readonly kind: "stop-attempt";
      readonly attempt: AttemptId;
      readonly lab: LabPath;
      readonly token?: string;
    }
  | {
      readonly kind: "extend-limit";
      readonly attempt: AttemptId;
      readonly lab: LabPath;
      readonly limitMs: number;
    }
  | {
      /** Read the logs to their end, determine the cause, write run.json. */
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

/** What the world knows of a run's ending; its logs complete it. */
export interface ConclusionFacts {
  readonly claimedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs: number;
  readonly exit?: Exit;
  readonly limitMs: number;
  readonly stoppedBy?: StopAsker;
  /** The message of the rule that requested the stop, or which window was over. */
  readonly stoppedWhy?: string;
  /** A cause known without logs: an environment that could not be built, a lost run. */
  readonly known?: KnownEnding;
  readonly folder?: RunFolder;
}
