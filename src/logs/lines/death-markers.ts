// Recognises lines that name a known cause of death: memory, disk, imports.
// Whether a line was the cause of this death is decided in rules/cause.ts.
import type { DeathMarker } from "../../domain/sample.ts";

/** Substrings to look for, not patterns: the log may be a gigabyte. */
const SIGNS: readonly (readonly [DeathMarker["kind"], string])[] = [
  ["gpu-out-of-memory", "CUDA out of memory"],
  ["gpu-out-of-memory", "HIP out of memory"],
  ["gpu-out-of-memory", "MPS backend out of memory"],
  ["gpu-out-of-memory", "CUDA error: out of memory"],
  ["gpu-out-of-memory", "OutOfMemoryError"],
  ["gpu-out-of-memory", "RESOURCE_EXHAUSTED"],
  ["gpu-out-of-memory", "CUBLAS_STATUS_ALLOC_FAILED"],
  ["host-out-of-memory", "is killed by signal: Killed"],
  ["host-out-of-memory", "_ArrayMemoryError"],
  ["host-out-of-memory", "std::bad_alloc"],
  ["host-out-of-memory", "oom-kill"],
  ["host-out-of-memory", "Cannot allocate memory"],
  ["host-out-of-memory", "DefaultCPUAllocator: can't allocate memory"],
  ["disk-full", "No space left on device"],
  ["disk-full", "Disk quota exceeded"],
  ["disk-full", "ENOSPC"],
];

/** What a line must begin with: inside a line these words are no cause. */
const BEGINNINGS: readonly (readonly [DeathMarker["kind"], string])[] = [
  ["host-out-of-memory", "MemoryError"],
  ["import-error", "ModuleNotFoundError:"],
  ["import-error", "ImportError:"],
];

/** The cause of death that a line without colours names; undefined for nearly every line. */
export function deathMarkerKind(plain: string): DeathMarker["kind"] | undefined {
  for (const [kind, beginning] of BEGINNINGS) if (plain.startsWith(beginning)) return kind;
  for (const [kind, sign] of SIGNS) if (plain.includes(sign)) return kind;
  return undefined;
}

/** `numpyy` of `ModuleNotFoundError: No module named 'numpyy'`; undefined for any other line. */
export function missingModule(lastLine: string): string | undefined {
  return /^(?:ModuleNotFoundError|ImportError): No module named '?([^';\s]+)/.exec(lastLine)?.[1];
}
