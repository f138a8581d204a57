// The hands for GPUs: ask the driver, and give back what an attempt held.
// Locks are taken where an attempt is examined, started or adopted (attempt-handlers.ts).
import type { EffectHandlers } from "./effect-handlers.ts";
import type { GpuLocks } from "../gpu/gpu-locks.ts";
import { askDriver } from "../gpu/gpu-memory.ts";

type GpuHandlers = Pick<EffectHandlers, "probe-gpus" | "release-gpus">;

/** `env` is the daemon's: where the driver's program is, and which GPUs are the daemon's to give. */
export function gpuHandlers(locks: GpuLocks, env: NodeJS.ProcessEnv): GpuHandlers {
  return {
    async "probe-gpus"({ epoch }, post) {
      const from = performance.now();
      const seen = await askDriver(env);
      post({ kind: "gpus-seen", epoch, tookMs: Math.round(performance.now() - from), seen });
    },
    "release-gpus"({ attempt }) {
      locks.release(attempt);
    },
  };
}
