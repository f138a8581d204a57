// The last answer of the GPU drivers, cached in one small file of the machine's state: daemons and
// `nightlab status` share it, so that together they query no more often than one of them would.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { parseAs } from "../../base/stored-json.ts";
import { list, maybe, number, object, string } from "../../base/stored-shape.ts";
import { createGpuProbe, type GpuProbe, type GpuUse, GPU_SAMPLE_MS } from "./gpu-probe.ts";
import { stateDir } from "../os/state-dir.ts";

/** How long a reader waits for a cold driver before it falls back to the last answer. */
const GPU_WAIT_MS = 1_000;

export interface GpuCache {
  /** When the drivers answered, ms since 1970. */
  readonly atMs: number;
  readonly gpus: readonly GpuUse[];
}

/** Wraps a probe: each new answer is also written to the cache, for `readGpuCache`. */
export function keptProbe(probe: GpuProbe): GpuProbe {
  let lastState: unknown;
  return {
    async ask(nowMs) {
      const state = await probe.ask(nowMs);
      if (state !== undefined && state !== lastState) {
        lastState = state;
        save({ atMs: Date.now(), gpus: state.gpus });
      }
      return state;
    },
  };
}

/** State of this process: ends a query that takes too long. */
let query = new AbortController();
let probe: GpuProbe | undefined;
/** After a query that took too long, the drivers are left alone until then. */
let quietUntilMs = 0;

/**
 * The GPUs as they were at most GPU_SAMPLE_MS ago. If the drivers take longer than GPU_WAIT_MS, the
 * last answer, whose `atMs` says how old it is; undefined if there is none.
 *
 * @param nowMs ms since 1970
 */
export async function readGpuCache(nowMs: number): Promise<GpuCache | undefined> {
  const last = read();
  const ageMs = nowMs - (last?.atMs ?? -Infinity);
  if (last !== undefined && ageMs >= 0 && ageMs < GPU_SAMPLE_MS) return last;
  if (nowMs < quietUntilMs || !DRIVERS.some(isThere)) return last;
  probe ??= keptProbe(createGpuProbe("nvidia-smi", query.signal));
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), GPU_WAIT_MS);
  const state = await Promise.race([probe.ask(nowMs), late]);
  clearTimeout(timer);
  if (state !== undefined) return { atMs: nowMs, gpus: state.gpus };
  // Kill the query: this process may exit now, and would leave it running.
  query.abort();
  query = new AbortController();
  probe = undefined;
  quietUntilMs = nowMs + GPU_SAMPLE_MS;
  return last;
}

const DRIVERS = ["nvidia-smi", "rocm-smi"];

/** Looking through the PATH is quicker than a failed start. */
function isThere(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/opt/rocm/bin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

const path = (): string => join(stateDir(), "views", "gpus.json");

function save(cache: GpuCache): void {
  try {
    // Not recursive: the state's folder is the ledger's to make, for its user alone.
    if (!existsSync(dirname(path()))) mkdirSync(dirname(path()));
    writeFileSync(`${path()}.${process.pid}`, JSON.stringify(cache));
    renameSync(`${path()}.${process.pid}`, path());
  } catch {
    // Any failure: not cached; the next reader queries the drivers itself.
  }
}

const CACHE = object<GpuCache>({
  atMs: number,
  gpus: list(
    object<GpuUse>({
      uuid: string(),
      busy: maybe(number),
      memory: maybe(number),
      memoryTotal: maybe(number),
      index: maybe(number),
      slice: maybe(number),
      name: maybe(string()),
    }),
  ),
});

function read(): GpuCache | undefined {
  try {
    return parseAs(path(), readFileSync(path(), "utf8"), CACHE, "it is made anew");
  } catch {
    // Any failure: the drivers are asked.
    return undefined;
  }
}
