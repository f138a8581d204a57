// Ids and paths as branded strings, so that the compiler keeps them apart, and how new ids are
// made. The world maps ids to what they name.
import { createHash } from "node:crypto";

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Absolute path of a lab: the folder with `nightlab.yaml`. */
export type LabPath = Brand<string, "LabPath">;
/** Absolute path of an experiment: a folder with `JOURNAL.md`. */
export type ExperimentPath = Brand<string, "ExperimentPath">;
/** A command's id as shown in its receipt, `k7f3`; that of a sweep's member is `k7f3.2`. */
export type CommandId = Brand<string, "CommandId">;
/** One attempt at a command, `k7f3-1`; also the name of its folder in `.nightlab/attempts/`. */
export type AttemptId = Brand<string, "AttemptId">;
/** Name of a folder below `runs/`, `2025-02-02T14-30-00-de-risk`. */
export type RunFolder = Brand<string, "RunFolder">;

/** These five brand a string; they check nothing. */
export const labPath = (path: string): LabPath => path as LabPath;
export const experimentPath = (path: string): ExperimentPath => path as ExperimentPath;
export const commandId = (id: string): CommandId => id as CommandId;
export const attemptId = (id: string): AttemptId => id as AttemptId;
export const runFolder = (name: string): RunFolder => name as RunFolder;

/** Syntax of a command id: a letter, then letters and digits; a member's number after a dot. */
export const COMMAND_ID = /^[a-z][a-z0-9]{3,7}(?:\.[1-9][0-9]{0,3})?$/;

/** Syntax of a name in `run: <name>`: no slash and no leading dot, so it cannot leave `runs/`. */
export const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Syntax of a run folder: a local time stamp, then the run's name; both are capture groups. */
export const RUN_FOLDER = /^(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})-([A-Za-z0-9][A-Za-z0-9_.-]*)$/;

/**
 * Letters of new ids, and with digits below: without i, l, o, u, 0 and 1, which are easily misread.
 */
const LETTERS = "abcdefghjkmnpqrstvwxyz";
const ALPHABET = `${LETTERS}23456789`;

/**
 * A new command id from a seed text: four characters, and longer ones only after 16 collisions.
 * Deterministic: the same seed and taken ids give the same id, so that a replay makes the same ids.
 */
export function mintCommandId(seed: string, taken: (id: CommandId) => boolean): CommandId {
  for (let salt = 0; ; salt += 1) {
    const bytes = createHash("sha256").update(`${salt}\n${seed}`).digest();
    const length = Math.min(8, 4 + Math.floor(salt / 16));
    let id = LETTERS.charAt((bytes[0] ?? 0) % LETTERS.length);
    for (let i = 1; i < length; i += 1) id += ALPHABET.charAt((bytes[i] ?? 0) % ALPHABET.length);
    if (!taken(commandId(id))) return commandId(id);
  }
}

/** Id of a sweep's member; `number` counts from 1 in the order of its grid. */
export const memberId = (head: CommandId, number: number): CommandId =>
  commandId(`${head}.${number}`);

/** SHA-256 of a text, as 64 hexadecimal digits. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
