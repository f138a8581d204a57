// The GPUs of a simulated machine: who holds which, whose memory is not given back yet, and what
// the driver says of it. It keeps count of every promise that was made twice.
import type { GpusSeen, SeenGpu } from "../../src/domain/slot.ts";
import type { AttemptSpec } from "../../src/domain/run.ts";

export interface GpuFaults {
  /** After the end of a run its memory stays in use for this long. */
  readonly releaseMs: () => number;
  readonly stranger?: (index: number, nowMs: number) => boolean;
  readonly broken?: (index: number, nowMs: number) => boolean;
  /** It falls out of the driver's list. */
  readonly unlisted?: (index: number, nowMs: number) => boolean;
  readonly silent?: (nowMs: number) => boolean;
}

interface Gpu {
  readonly uuid: string;
  readonly index: number;
  readonly parts: Map<string, number>;
  usedUntilMs: number;
}

export interface GpuState {
  readonly index: number;
  /** Broken, or not in the driver's list. */
  readonly broken: boolean;
  /** Nobody uses it, and its memory was given back. */
  readonly free: boolean;
  /** Our runs have it, will give its memory back, or could have it. */
  readonly ours: boolean;
}

export class Gpus {
  /** What should never happen, in words. */
  readonly wrongs: string[] = [];
  /** Runs on the CPU at this time. */
  cpu = 0;
  asked = 0;
  readonly #gpus: readonly Gpu[];
  readonly #faults: GpuFaults;
  readonly #onCpu = new Set<string>();

  constructor(count: number, faults: GpuFaults) {
    this.#faults = faults;
    this.#gpus = Array.from({ length: count }, (_, index) => ({
      uuid: `GPU-${index}`,
      index,
      parts: new Map<string, number>(),
      usedUntilMs: 0,
    }));
  }

  see(nowMs: number): GpusSeen {
    this.asked += 1;
    if (this.#faults.silent?.(nowMs) === true) {
      return { kind: "unreachable", why: "nvidia-smi does not answer", noDriver: false };
    }
    const listed = this.#gpus.filter(({ index }) => this.#faults.unlisted?.(index, nowMs) !== true);
    return { kind: "seen", gpus: listed.map((gpu) => this.#tell(gpu, nowMs)) };
  }

  #tell(gpu: Gpu, nowMs: number): SeenGpu {
    const { uuid, index } = gpu;
    const told = { uuid, index, name: "Simulated" };
    if (this.#faults.broken?.(index, nowMs) === true) return { ...told, broken: true };
    return { ...told, memoryUsed: this.#inUse(gpu, nowMs) ? 20e9 : 3e6 };
  }

  #inUse({ parts, usedUntilMs, index }: Gpu, nowMs: number): boolean {
    return parts.size > 0 || usedUntilMs > nowMs || this.#faults.stranger?.(index, nowMs) === true;
  }

  begin({ attempt, place }: AttemptSpec, nowMs: number): void {
    if (place === undefined) this.wrongs.push(`${attempt} has no place`);
    if (place?.kind === "cpu") {
      this.#onCpu.add(attempt);
      this.cpu = this.#onCpu.size;
    }
    if (place?.kind !== "gpus") return;
    for (const { uuid } of place.gpus) {
      const gpu = this.#gpus.find((one) => one.uuid === uuid);
      if (gpu === undefined) this.wrongs.push(`${attempt} is on ${uuid}, which is not there`);
      // What sharers of one use cannot be told apart.
      if (gpu !== undefined && place.share === 1 && gpu.usedUntilMs > nowMs) {
        this.wrongs.push(`${attempt} is on ${uuid} before its memory was given back`);
      }
      gpu?.parts.set(attempt, 1 / place.share);
      const sum = [...(gpu?.parts.values() ?? [])].reduce((a, b) => a + b, 0);
      if (sum > 1 + 1e-9) this.wrongs.push(`${uuid} was promised to ${sum} at ${nowMs}`);
    }
  }

  end(attempt: string, nowMs: number): void {
    this.#onCpu.delete(attempt);
    this.cpu = this.#onCpu.size;
    for (const gpu of this.#gpus) {
      if (gpu.parts.delete(attempt) && gpu.parts.size === 0) {
        gpu.usedUntilMs = nowMs + this.#faults.releaseMs();
      }
    }
  }

  /** How each of them is now, whatever anybody knows of it. */
  states(nowMs: number): readonly GpuState[] {
    return this.#gpus.map((gpu) => {
      const { index, parts } = gpu;
      const silent = this.#faults.silent?.(nowMs) === true;
      const broken = this.#isGone(index, nowMs);
      const taken = [...parts.values()].reduce((a, b) => a + b, 0);
      const strange = parts.size === 0 && this.#faults.stranger?.(index, nowMs) === true;
      const whole = taken > 1 - 1e-9 && this.#faults.unlisted?.(index, nowMs) !== true;
      return {
        index,
        broken,
        free: !silent && !broken && !this.#inUse(gpu, nowMs),
        ours: whole || (!broken && !strange),
      };
    });
  }

  /** Scripts on a GPU. */
  on(index: number): readonly string[] {
    return [...(this.#gpus[index]?.parts.keys() ?? [])];
  }

  /** Why nobody should get a GPU: it has been so for some time, and nothing of ours was on it. */
  troubleOf(index: number, nowMs: number, forMs: number): string | undefined {
    const both = (is: (ms: number) => boolean): boolean => is(nowMs) && is(nowMs - forMs);
    if (both((ms) => this.#faults.stranger?.(index, ms) === true))
      return "which somebody else uses";
    return both((ms) => this.#isGone(index, ms)) ? "which does not answer" : undefined;
  }

  #isGone(index: number, nowMs: number): boolean {
    const { broken, unlisted } = this.#faults;
    return broken?.(index, nowMs) === true || unlisted?.(index, nowMs) === true;
  }
}
