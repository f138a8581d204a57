// Effect handlers for GPUs: query the driver, and release the locks that an attempt held.
// attempt-handlers.ts takes the locks when it examines, starts or adopts an attempt.
import type { EffectHandlers } from "./effect-handlers.ts";
import type { GpuLocks } from "../gpu/gpu-locks.ts";
import { askDriver } from "../gpu/gpu-memory.ts";

type GpuHandlers = Pick<EffectHandlers, "probe-gpus" | "release-gpus">;

/**
 * The effect handlers for GPUs. `env` is the daemon's environment: it says where the driver's
 * program is, and which GPUs the daemon may use.
 */
export function gpuHandlers(locks: GpuLocks, env: NodeJS.ProcessEnv): GpuHandlers {
  return {
    async "probe-gpus"({ epoch }, post) {
      const startMs = performance.now();
      const seen = await askDriver(env);
      post({ kind: "gpus-seen", epoch, tookMs: Math.round(performance.now() - startMs), seen });
    },
    "release-gpus"({ attempt }) {
      locks.release(attempt);
    },
  };
}
