// What was sampled of a run's processes and its GPUs while it went on.
// effects/run-store/system-sampler.ts takes and keeps the samples; they are no metrics of the run.

/** One line of `logs/system.jsonl`; what could not be asked is absent. */
export interface SystemSample {
  /** ms since 1970. */
  readonly atMs: number;
  /** CPU time of its processes as a share of one core: 2 is two full cores. */
  readonly cpu: number;
  /** Resident memory of its processes in bytes. */
  readonly rss: number;
  readonly processes: number;
  /** The run had logged a metric by then: the model is where it computes. */
  readonly metrics?: boolean;
  /** Utilisation of the busiest GPU that the run is on, else of the busiest one, 0 to 1. */
  readonly gpu?: number;
  /** Memory in use on that GPU, in bytes. */
  readonly gpuMemory?: number;
  /** Processes of the run on any GPU. */
  readonly gpuProcesses?: number;
  /** Bytes free where the run writes. */
  readonly diskFree?: number;
}

/** Samples in order of time, bounded: the longer the run, the wider apart. */
export type SystemSeries = readonly SystemSample[];
