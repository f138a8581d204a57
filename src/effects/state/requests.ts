// What the command line asks of a lab's daemon: small files that wait until it takes them.
// A request to stop outlives a daemon that is not there; the same request twice is one.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { QUEUE_WORDS, type QueueWord } from "../../domain/command.ts";
import { COMMAND_ID, commandId, type CommandId, type LabPath } from "../../base/ids.ts";

/** A daemon that was asked for something from the command line answers by then. */
export const REQUEST_ANSWER_MS = 15_000;
/** `nightlab repeat` waits this long for the daemon to have done so. */
const REPEAT_ANSWER_MS = 90_000;

export interface StopRequest {
  readonly kind: "stop";
  readonly id: CommandId;
}

/** The queue is to be paused, drained or let go on: the latest such request counts. */
export interface QueueRequest {
  readonly kind: "queue";
  readonly id: "word";
  readonly word: QueueWord;
}

/** A kept version is to be put back into a journal; answered through `answerRestore`. */
export interface RestoreRequest {
  readonly kind: "restore";
  readonly id: string;
  /** Absolute path of the experiment. */
  readonly experiment: string;
  /** Its SHA-256. */
  readonly version: string;
}

/** A run is to be repeated; answered by a `RepeatAnswer`. */
export interface RepeatRequest {
  readonly kind: "repeat";
  readonly id: string;
  /** Absolute path of the experiment. */
  readonly experiment: string;
  /** Name of the run's folder. */
  readonly folder: string;
}

/** The command that was queued, or why there is none. */
export interface RepeatAnswer {
  readonly why?: string;
  readonly command?: CommandId;
  readonly name?: string;
  /** Id of the run that it repeats. */
  readonly of?: CommandId;
  /** Where its code came from, in words. */
  readonly from?: string;
  readonly differs?: readonly string[];
}

/** LAB.md is to be made anew. */
export interface RetellRequest {
  readonly kind: "retell";
  readonly id: "night";
}

export type Request = StopRequest | QueueRequest | RestoreRequest | RepeatRequest | RetellRequest;

const folder = (lab: LabPath): string => join(lab, ".nightlab", "requests");

/** Leaves a request for the lab's daemon. */
export function writeRequest(lab: LabPath, request: Request): void {
  atomicWriteSync(lab, `${request.kind}-${request.id}.json`, request);
}

/** Tells who asked for a version what came of it: absent words mean that it was done. */
export function answerRestore(lab: LabPath, id: string, why: string | undefined): void {
  answerRequest(lab, "restore", id, why === undefined ? {} : { why });
}

/** Answers a request that waits for its answer. */
export function answerRequest(
  lab: LabPath,
  kind: "restore" | "repeat",
  id: string,
  answer: object,
): void {
  atomicWriteSync(lab, `${kind}-${id}.answer`, answer);
}

/** Waits for that answer; undefined where none came, and then the request is taken back. */
export async function restoreAnswer(
  lab: LabPath,
  id: string,
): Promise<{ readonly why?: string } | undefined> {
  return answerTo(lab, `restore-${id}`, REQUEST_ANSWER_MS);
}

/** The same of a run that is to be repeated: its code has to be put together first. */
export async function repeatAnswer(lab: LabPath, id: string): Promise<RepeatAnswer | undefined> {
  return answerTo(lab, `repeat-${id}`, REPEAT_ANSWER_MS);
}

async function answerTo<T extends object>(
  lab: LabPath,
  name: string,
  withinMs: number,
): Promise<T | undefined> {
  const path = join(folder(lab), `${name}.answer`);
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (existsSync(path)) {
      const answer = JSON.parse(readFileSync(path, "utf8")) as T;
      rmSync(path, { force: true });
      return answer;
    }
    await pause(LOOK_MS);
  }
  rmSync(join(folder(lab), `${name}.json`), { force: true });
  return undefined;
}

const LOOK_MS = 20;

function atomicWriteSync(lab: LabPath, name: string, content: object): void {
  mkdirSync(folder(lab), { recursive: true });
  const path = join(folder(lab), name);
  writeFileSync(`${path}.part`, JSON.stringify(content));
  renameSync(`${path}.part`, path);
}

/** Gives over every request that waits, and each new one; the returned function ends that. */
export function watchRequests(lab: LabPath, take: (request: Request) => void): () => void {
  mkdirSync(folder(lab), { recursive: true });
  const look = (): void => {
    for (const name of readdirSync(folder(lab))) {
      if (!name.endsWith(".json")) continue;
      const path = join(folder(lab), name);
      const request = readRequest(path);
      rmSync(path, { force: true });
      if (request !== undefined) take(request);
    }
  };
  const watcher = watch(folder(lab), look);
  watcher.unref();
  look();
  return () => watcher.close();
}

function readRequest(path: string): Request | undefined {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<Record<string, unknown>>;
    const texts = (...keys: readonly string[]): readonly string[] | undefined => {
      const found = keys.flatMap((key) => (typeof value[key] === "string" ? [value[key]] : []));
      return found.length === keys.length ? found : undefined;
    };
    if (value["kind"] === "restore") {
      const [id, experiment, version] = texts("id", "experiment", "version") ?? [];
      if (id === undefined || experiment === undefined || version === undefined) return undefined;
      return { kind: "restore", id, experiment, version };
    }
    if (value["kind"] === "repeat") {
      const [id, experiment, run] = texts("id", "experiment", "folder") ?? [];
      if (id === undefined || experiment === undefined || run === undefined) return undefined;
      return /^[\w-]{1,40}$/.test(id) ? { kind: "repeat", id, experiment, folder: run } : undefined;
    }
    if (value["kind"] === "retell") return { kind: "retell", id: "night" };
    if (value["kind"] === "queue") {
      const word = QUEUE_WORDS.find((one) => one === value["word"]);
      return word === undefined ? undefined : { kind: "queue", id: "word", word };
    }
    if (value["kind"] !== "stop" || !COMMAND_ID.test(String(value["id"]))) return undefined;
    return { kind: "stop", id: commandId(String(value["id"])) };
  } catch {
    return undefined;
  }
}
