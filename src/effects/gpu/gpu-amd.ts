// Queries AMD's driver through `rocm-smi` for the GPUs, their utilization and their memory use.
// Which GPU a run gets is decided in scheduler/gpu-placement.ts.
import { askProgram } from "../os/ask-program.ts";
import { GPU_QUERY_MS, GPU_LAYOUT_MS } from "./gpu-mig.ts";
import { defined } from "../../base/defined.ts";

export interface AmdGpu {
  /** `GPU-58cb0a8f5a3f2b46`, as ROCR_VISIBLE_DEVICES takes it; the index if the card has no id. */
  readonly uuid: string;
  readonly index: number;
  readonly name: string;
  /** Bytes. */
  readonly memoryUsed?: number;
  /** Bytes. */
  readonly memoryTotal?: number;
  /** Utilization, 0 to 1. */
  readonly busy?: number;
  readonly driver: string;
}

export type AmdSeen =
  | { readonly kind: "seen"; readonly gpus: readonly AmdGpu[] }
  | { readonly kind: "unreachable"; readonly why: string; readonly noDriver: boolean };

const ARGS = [
  "--showproductname",
  "--showuniqueid",
  "--showmeminfo",
  "vram",
  "--showuse",
  "--showdriverversion",
  "--json",
];

/** On the PATH, else where ROCm installs it. */
const PROGRAMS = ["rocm-smi", "/opt/rocm/bin/rocm-smi"];

const ABSENT: AmdSeen = { kind: "unreachable", why: "rocm-smi is not there", noDriver: true };

/** Values of PATH without a `rocm-smi`, each with the time (`performance.now`) to look again. */
const absentUntilMs = new Map<string, number>();

/**
 * Queries `rocm-smi`, limited to the devices that `env` makes visible. A query that hangs is killed
 * after GPU_QUERY_MS, or by `signal`. Never rejects.
 */
export async function askAmd(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<AmdSeen> {
  const path = env["PATH"] ?? "";
  if (performance.now() < (absentUntilMs.get(path) ?? 0)) return ABSENT;
  for (const program of PROGRAMS) {
    const answer = await ask(program, env, signal);
    if (answer !== undefined) return answer;
  }
  absentUntilMs.set(path, performance.now() + GPU_LAYOUT_MS);
  return ABSENT;
}

/** Runs one `rocm-smi`; undefined if there is no such program. */
async function ask(
  program: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<AmdSeen | undefined> {
  const answer = await askProgram(program, ARGS, { env, signal, timeoutMs: GPU_QUERY_MS });
  if (answer.kind === "absent") return undefined;
  const gpus = visible(readAmd(answer.text), env);
  if (gpus.length > 0) return { kind: "seen", gpus };
  if (answer.kind === "said") return { kind: "unreachable", ...whySilent(answer.text) };
  if (!answer.late) {
    return { kind: "unreachable", ...whySilent(`${answer.text}\n${answer.errors}`) };
  }
  const why = `rocm-smi did not answer within ${GPU_QUERY_MS / 1000} s`;
  return { kind: "unreachable", why, noDriver: false };
}

function whySilent(output: string): { readonly why: string; readonly noDriver: boolean } {
  const noDriver =
    output.trim() === "" ||
    /driver not initialized|not found in modules|No GPUs? |{}/i.test(output);
  const line = output.split(/\r?\n/).find((one) => one.trim() !== "") ?? "it said nothing";
  return { why: `rocm-smi does not answer: ${line.trim().slice(0, 200)}`, noDriver };
}

/** Parses the JSON of `rocm-smi`, which may follow warnings. Other entries are skipped. */
export function readAmd(text: string): readonly AmdGpu[] {
  const parsed = jsonIn(text);
  if (parsed === undefined) return [];
  const system = parsed["system"] as Card | undefined;
  const driver = textOf(system?.["Driver version"]) ?? "";
  return Object.entries(parsed)
    .flatMap(([key, card]) => {
      const number = /^card(\d{1,3})$/.exec(key)?.[1];
      const isCard = number !== undefined && typeof card === "object" && card !== null;
      return isCard ? [{ number: Number(number), card: card as Card }] : [];
    })
    .toSorted((a, b) => a.number - b.number)
    .map(({ card }, index) => amdGpu(card, index, driver));
}

type Card = Readonly<Record<string, unknown>>;

function jsonIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const at = text.indexOf("{");
  if (at === -1) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(at));
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // Any failure: that is no JSON, and the caller says that the driver does not answer.
    return undefined;
  }
}

function amdGpu(card: Card, index: number, driver: string): AmdGpu {
  const used = numberOf(card["VRAM Total Used Memory (B)"]);
  const total = numberOf(card["VRAM Total Memory (B)"]);
  const busy = numberOf(card["GPU use (%)"]);
  return {
    uuid: uuidOf(card["Unique ID"]) ?? String(index),
    index,
    name: nameOf(card),
    driver,
    ...defined({ memoryUsed: used, memoryTotal: total }),
    ...(busy === undefined ? {} : { busy: busy / 100 }),
  };
}

/** ROCr names a GPU by its unique id as 16 hex digits; many desktop cards report none, or zero. */
function uuidOf(id: unknown): string | undefined {
  const digits = /^0x([0-9a-f]{1,16})$/i.exec(textOf(id) ?? "")?.[1];
  if (digits === undefined || /^0+$/.test(digits)) return undefined;
  return `GPU-${digits.toLowerCase().padStart(16, "0")}`;
}

function nameOf(card: Card): string {
  const names = ["Card Series", "Card series", "Device Name", "Card Model", "Card model"];
  const found = names
    .map((name) => textOf(card[name]))
    .find((name) => name !== undefined && name !== "N/A" && !name.startsWith("0x"));
  return found ?? "AMD GPU";
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value.trim() : undefined;

function numberOf(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : (textOf(value) ?? "");
  return /^\d{1,16}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

/** The GPUs that the daemon's own environment makes visible, by index or UUID. */
function visible(gpus: readonly AmdGpu[], env: NodeJS.ProcessEnv): readonly AmdGpu[] {
  const given = env["ROCR_VISIBLE_DEVICES"] ?? env["HIP_VISIBLE_DEVICES"];
  if (given === undefined) return gpus;
  const names = given.split(",").map((name) => name.trim().toLowerCase());
  return gpus.filter(({ uuid, index }) =>
    names.some((name) => name === String(index) || name === uuid.toLowerCase()),
  );
}
