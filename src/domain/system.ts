// Samples of the resource use of a run: its processes, its GPUs and its disk.
// effects/run-store/system-sampler.ts takes them; they are not metrics of the run.

/** One line of `logs/system.jsonl`; what could not be measured is absent. */
export interface SystemSample {
  /** ms since 1970. */
  readonly atMs: number;
  /** CPU use of its processes, in cores: 2 is two full cores. */
  readonly cpu: number;
  /** Resident memory of its processes, bytes. */
  readonly rss: number;
  readonly processes: number;
  /** The run had logged a metric by then, so its model is on the device that it uses. */
  readonly metrics?: boolean;
  /** Utilisation, 0 to 1, of the busiest GPU that the run is on, or else of any. */
  readonly gpu?: number;
  /** Memory in use on that GPU, bytes. */
  readonly gpuMemory?: number;
  /** Number of processes of the run on any GPU. */
  readonly gpuProcesses?: number;
  /** Bytes free where the run writes. */
  readonly diskFree?: number;
}

/** Samples in order of time. Their number is bounded: the longer the run, the further apart. */
export type SystemSeries = readonly SystemSample[];
