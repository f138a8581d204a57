// Checks that a run.json has the fields that the report relies on; a person may have edited it.
// Reading the file is effects/run-store/run-record.ts.
import { VERBS } from "../domain/command.ts";
import type { Cause, Ending } from "../domain/run.ts";

const ENDINGS: readonly Ending[] = ["done", "failed", "stopped", "lost"];

/** The required fields of each kind of cause, with their types. */
const CAUSES: Readonly<Record<Cause["kind"], Readonly<Record<string, "string" | "number">>>> = {
  success: {},
  "exit-code": { code: "number" },
  signal: { signal: "string" },
  "hidden-crash": {},
  "gpu-out-of-memory": {},
  "host-out-of-memory": {},
  "disk-full": {},
  "import-error": { module: "string" },
  "over-limit": { limitMs: "number" },
  stopped: { by: "string" },
  environment: { message: "string" },
  "no-runner": { message: "string" },
  "script-missing": { script: "string" },
  "start-failed": { message: "string" },
  "machine-restarted": {},
  lost: {},
};

/** What is wrong with a parsed run.json, in words; undefined for a valid record. */
export function recordTrouble(value: unknown): string | undefined {
  if (!isObject(value)) return "it holds no record";
  const strings = ["id", "attempt", "name", "script", "runner", "host", "startedAt"];
  const odd = strings.find((key) => typeof value[key] !== "string");
  if (odd !== undefined) return `"${odd}" is no text`;
  if (!VERBS.some((verb) => verb === value["verb"])) return '"verb" is none that is known';
  if (typeof value["limitMs"] !== "number") return '"limitMs" is no number';
  if (typeof value["long"] !== "boolean") return '"long" is neither true nor false';
  if (!isListOf(value["args"], isString)) return '"args" is no list of texts';
  return (
    optionalTrouble(value, "seconds", isNumber) ??
    optionalTrouble(value, "exitCode", isNumber) ??
    optionalTrouble(value, "interpreter", isString) ??
    optionalTrouble(value, "codeHash", isString) ??
    optionalTrouble(value, "seed", isString) ??
    optionalTrouble(value, "endedAt", isString) ??
    optionalTrouble(value, "ending", (ending) => ENDINGS.some((known) => known === ending)) ??
    optionalTrouble(value, "cause", isCause) ??
    optionalTrouble(value, "git", isGit) ??
    optionalTrouble(value, "privateEnv", isTextsOrNone) ??
    optionalTrouble(value, "masked", isTextsOrNone) ??
    optionalTrouble(value, "environment", isTexts) ??
    optionalTrouble(value, "sweep", isTexts) ??
    (isTexts(value["criteria"]) ? undefined : '"criteria" is no pair of texts') ??
    (isListOf(value["gpus"], isGpu) ? undefined : '"gpus" is no list of GPUs')
  );
}

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, unknown>>;

const isString: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, check: Check): boolean {
  return Array.isArray(value) && value.every((item: unknown) => check(item));
}

function optionalTrouble(record: Fields, key: string, check: Check): string | undefined {
  const value = record[key];
  return value === undefined || check(value) ? undefined : `"${key}" cannot be understood`;
}

/** Whether a value is an object in which each value is a text or absent. */
function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((one) => one === undefined || isString(one));
}

function isGit(value: unknown): boolean {
  if (!isObject(value) || typeof value["dirty"] !== "boolean") return false;
  return isString(value["commit"]) && ["left", "secret"].every((key) => isTextsOrNone(value[key]));
}

const isTextsOrNone = (value: unknown): boolean => value === undefined || isListOf(value, isString);

function isGpu(value: unknown): boolean {
  return isObject(value) && isString(value["name"]) && isString(value["driver"]);
}

function isCause(value: unknown): boolean {
  if (!isObject(value)) return false;
  const kinds: Readonly<Record<string, Fields | undefined>> = CAUSES;
  const wanted = Object.hasOwn(kinds, String(value["kind"]))
    ? kinds[String(value["kind"])]
    : undefined;
  if (wanted === undefined) return false;
  return Object.entries(wanted).every(([field, type]) => typeof value[field] === type);
}
