// Requests from the command line to a lab's daemon: small files that the daemon reads and deletes.
// They are in the lab's part of the state folder (`state` below), since whatever brings files into
// a lab could forge them there. A request waits if no daemon runs; one written twice before it is
// read counts once.
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
import { errorCode } from "../os/error-code.ts";
import { QUEUE_WORDS, type QueueWord } from "../../domain/command.ts";
import { COMMAND_ID, commandId, type CommandId } from "../../base/ids.ts";

/** The command line waits this long for the daemon's answer. */
export const REQUEST_ANSWER_MS = 15_000;
/** `nightlab repeat` waits this long, since the run's code has to be restored first. */
const REPEAT_ANSWER_MS = 90_000;

/** Stop a command. */
export interface StopRequest {
  readonly kind: "stop";
  readonly id: CommandId;
}

/** Pause, drain or resume the queue. One file name for all: the latest request counts. */
export interface QueueRequest {
  readonly kind: "queue";
  readonly id: "word";
  readonly word: QueueWord;
}

/** Restore a kept version of a journal; answered by `answerRestore`. */
export interface RestoreRequest {
  readonly kind: "restore";
  readonly id: string;
  /** Absolute path of the experiment. */
  readonly experiment: string;
  /** SHA-256 of the version. */
  readonly version: string;
}

/** Repeat a run; answered by a `RepeatAnswer`. */
export interface RepeatRequest {
  readonly kind: "repeat";
  readonly id: string;
  /** Absolute path of the experiment. */
  readonly experiment: string;
  /** Name of the run's folder. */
  readonly folder: string;
}

/** The command that was queued, or `why` there is none. */
export interface RepeatAnswer {
  readonly why?: string;
  readonly command?: CommandId;
  readonly name?: string;
  /** Id of the run that it repeats. */
  readonly of?: CommandId;
  /** Where its code came from, in words. */
  readonly from?: string;
  /** What differs from the run that it repeats, in words. */
  readonly differs?: readonly string[];
}

/** Write the night's summary in LAB.md again. */
export interface RetellRequest {
  readonly kind: "retell";
  readonly id: "night";
}

/** What this machine's person said of the lab has changed: look at its record again. */
export interface TrustRequest {
  readonly kind: "trust";
  readonly id: "lab";
}

/** Any request. */
export type Request =
  StopRequest | QueueRequest | RestoreRequest | RepeatRequest | RetellRequest | TrustRequest;

const folder = (state: string): string => join(state, "requests");

/** Leaves a request for the lab's daemon. */
export function writeRequest(state: string, request: Request): void {
  atomicWriteSync(state, `${request.kind}-${request.id}.json`, request);
}

/** Answers a restore request; `why` undefined means that the version was restored. */
export function answerRestore(state: string, id: string, why: string | undefined): void {
  answerRequest(state, "restore", id, why === undefined ? {} : { why });
}

/** Answers a request, for `restoreAnswer` or `repeatAnswer`. */
export function answerRequest(
  state: string,
  kind: "restore" | "repeat",
  id: string,
  answer: object,
): void {
  atomicWriteSync(state, `${kind}-${id}.answer`, answer);
}

/** Waits for the answer to a restore request. After REQUEST_ANSWER_MS, withdraws it: undefined. */
export async function restoreAnswer(
  state: string,
  id: string,
): Promise<{ readonly why?: string } | undefined> {
  return answerTo(state, `restore-${id}`, REQUEST_ANSWER_MS);
}

/** Waits for the answer to a repeat request. After REPEAT_ANSWER_MS, withdraws it: undefined. */
export async function repeatAnswer(state: string, id: string): Promise<RepeatAnswer | undefined> {
  return answerTo(state, `repeat-${id}`, REPEAT_ANSWER_MS);
}

async function answerTo<T extends object>(
  state: string,
  name: string,
  withinMs: number,
): Promise<T | undefined> {
  const path = join(folder(state), `${name}.answer`);
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (existsSync(path)) {
      const answer = JSON.parse(readFileSync(path, "utf8")) as T;
      rmSync(path, { force: true });
      return answer;
    }
    await pause(LOOK_MS);
  }
  rmSync(join(folder(state), `${name}.json`), { force: true });
  return undefined;
}

const LOOK_MS = 20;

function atomicWriteSync(state: string, name: string, content: object): void {
  mkdirSync(folder(state), { recursive: true, mode: 0o700 });
  const path = join(folder(state), name);
  writeFileSync(`${path}.part`, JSON.stringify(content));
  renameSync(`${path}.part`, path);
}

/** Passes on every waiting request, and each new one; the returned function ends the watch. */
export function watchRequests(state: string, take: (request: Request) => void): () => void {
  mkdirSync(folder(state), { recursive: true, mode: 0o700 });
  const look = (): void => {
    for (const name of waitingIn(folder(state))) {
      const path = join(folder(state), name);
      const request = readRequest(path);
      rmSync(path, { force: true });
      if (request !== undefined) take(request);
    }
  };
  const watcher = watch(folder(state), look);
  // The folder may be removed under the daemon: then nothing can be asked until its next start.
  watcher.on("error", () => watcher.close());
  watcher.unref();
  look();
  return () => watcher.close();
}

/** Names of waiting requests; none if the folder is gone. */
function waitingIn(path: string): readonly string[] {
  try {
    return readdirSync(path).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
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
    if (value["kind"] === "trust") return { kind: "trust", id: "lab" };
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
