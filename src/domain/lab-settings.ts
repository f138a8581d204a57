// The settings of a lab as the world holds them. settings/lab.ts reads them from nightlab.yaml.
import type { RuleSettings } from "./finding.ts";
import type { TimeWindow } from "./window.ts";

/** A block must stand this long: a half-typed one looks finished while its author thinks. */
export const SETTLE_LINE_MS = 10_000;

/** The journal is written only after this long without a change. */
export const QUIET_MS = 5_000;

/**
 * What this machine's person said of a lab; kept beside the ledger, where nothing below the lab can
 * change it.
 */
export interface LabTrust {
  /** The lab was made here, or `nightlab trust` named it. */
  readonly trusted: boolean;
  /** What happens to commands that git brings: held with a box, or started. */
  readonly arrivals: "hold" | "start";
}

/** What holds where nothing was recorded. */
export const TRUSTED: LabTrust = { trusted: true, arrivals: "start" };

export interface LabSettings {
  /** `settle:` in nightlab.yaml; default SETTLE_LINE_MS. */
  readonly settleMs: number;
  /** `quiet:` in nightlab.yaml; default QUIET_MS. */
  readonly quietMs: number;
  /** `renew:` in nightlab.yaml: time between renewals of plots and reports; default RENEW_MS. */
  readonly renewMs?: number;
  /** IANA name. */
  readonly timeZone: string;
  /** `cpu-slots:` in nightlab.yaml: runs on the CPU at a time; default CPU_SLOTS. */
  readonly cpuSlots?: number;
  /** `memory:` in nightlab.yaml, bytes: for commands without their own. */
  readonly memory?: number;
  /** `gpu-free-below:` in nightlab.yaml, bytes; default GPU_FREE_BYTES. */
  readonly gpuFreeBelow?: number;
  /** `rules:` in nightlab.yaml: for journals without their own. */
  readonly rules?: RuleSettings;
  /** `windows:` in nightlab.yaml. */
  readonly windows?: readonly TimeWindow[];
  /** `disk-floor:` in nightlab.yaml, bytes: nothing starts while the lab's disk has less free. */
  readonly diskFloor?: number;
}

/** What holds where nightlab.yaml says nothing else. */
export const DEFAULT_SETTINGS: Omit<LabSettings, "timeZone"> = {
  settleMs: SETTLE_LINE_MS,
  quietMs: QUIET_MS,
};

/** For a lab whose settings are not known yet: nothing starts, and blocks settle slowly. */
export const UNKNOWN_SETTINGS: LabSettings = {
  settleMs: 60_000,
  quietMs: QUIET_MS,
  timeZone: "UTC",
};
