// The settings of a lab as its world keeps them; how nightlab.yaml is read is in settings/lab.ts.
import type { RuleSettings } from "./finding.ts";
import type { TimeWindow } from "./window.ts";

/** Half-typed and finished look alike for as long as a thoughtful person stops: 10 s. */
export const SETTLE_LINE_MS = 10_000;

/** The journal is written only after this long without a change. */
export const QUIET_MS = 5_000;

export interface LabSettings {
  /** `settle:` in nightlab.yaml; default SETTLE_LINE_MS. */
  readonly settleMs: number;
  /** `quiet:` in nightlab.yaml; default QUIET_MS. */
  readonly quietMs: number;
  /** `renew:` in nightlab.yaml: plots and reports rest so long after a renewal; default RENEW_MS. */
  readonly renewMs?: number;
  readonly timeZone: string;
  /** `cpu-slots:` in nightlab.yaml: runs on the CPU at one time; default CPU_SLOTS. */
  readonly cpuSlots?: number;
  /** `memory:` in nightlab.yaml, bytes: for every command that says nothing else. */
  readonly memory?: number;
  /** `gpu-free-below:` in nightlab.yaml, bytes; default GPU_FREE_BYTES. */
  readonly gpuFreeBelow?: number;
  /** `rules:` in nightlab.yaml: for every journal that says nothing else. */
  readonly rules?: RuleSettings;
  /** `windows:` in nightlab.yaml. */
  readonly windows?: readonly TimeWindow[];
  /** `disk-floor:` in nightlab.yaml, bytes: nothing starts while the lab's disk has less free. */
  readonly diskFloor?: number;
}
