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
import { orAbsentSync } from "../os/absent.ts";
import { QUEUE_WORDS, type QueueWord } from "../../domain/command.ts";
import { COMMAND_ID, type CommandId } from "../../base/ids.ts";
import { kinds, list, maybe, object, oneOf, type Shape, string } from "../../base/stored-shape.ts";
import { parseAs } from "../../base/stored-json.ts";

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
  const shape = object<{ readonly why?: string }>({ why: maybe(string()) });
  return answerTo(state, `restore-${id}`, shape, REQUEST_ANSWER_MS);
}

/** Waits for the answer to a repeat request. After REPEAT_ANSWER_MS, withdraws it: undefined. */
export async function repeatAnswer(state: string, id: string): Promise<RepeatAnswer | undefined> {
  const shape = object<RepeatAnswer>({
    why: maybe(string()),
    command: maybe(string()),
    name: maybe(string()),
    of: maybe(string()),
    from: maybe(string()),
    differs: maybe(list(string())),
  });
  return answerTo(state, `repeat-${id}`, shape, REPEAT_ANSWER_MS);
}

async function answerTo<T extends object>(
  state: string,
  name: string,
  shape: Shape<T>,
  withinMs: number,
): Promise<T | undefined> {
  const path = join(folder(state), `${name}.answer`);
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (existsSync(path)) {
      const answer = parseAs(path, readFileSync(path, "utf8"), shape, "ask again");
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

/**
 * Passes on every waiting request, and each new one; the returned function ends the watch. `told`:
 * of a request that cannot be read, which stays, or is none that this nightlab knows, which goes.
 */
export function watchRequests(
  state: string,
  take: (request: Request) => void,
  told: (path: string, why: string) => void,
): () => void {
  mkdirSync(folder(state), { recursive: true, mode: 0o700 });
  const unread = new Set<string>();
  /** Does something with a path; what fails is told once, until it goes again. */
  const orSay = <T>(path: string, work: () => T): T | undefined => {
    try {
      const done = work();
      unread.delete(path);
      return done;
    } catch (error) {
      if (!unread.has(path)) told(path, String(error));
      unread.add(path);
      return undefined;
    }
  };
  const look = (): void => {
    for (const name of orSay(folder(state), () => waitingIn(folder(state))) ?? []) {
      const path = join(folder(state), name);
      const stored = orSay(path, () => {
        const found = orAbsentSync(() => readFileSync(path, "utf8"));
        // Before it is taken: one that cannot be removed would be taken again and again.
        rmSync(path, { force: true });
        return found;
      });
      if (stored === undefined) continue;
      const request = parseRequest(stored);
      if (request === undefined) told(path, "it is no request that this nightlab knows");
      else take(request);
    }
  };
  const watcher = watch(folder(state), look);
  // The folder may be removed under the daemon: then nothing can be asked until its next start.
  watcher.on("error", () => watcher.close());
  watcher.unref();
  const again = setInterval(() => unread.size > 0 && look(), LOOK_AGAIN_MS).unref();
  look();
  return () => {
    clearInterval(again);
    watcher.close();
  };
}

/** A request that could not be read is looked at again this often. */
const LOOK_AGAIN_MS = 1_000;

/** Names of waiting requests; none if the folder is gone. */
const waitingIn = (path: string): readonly string[] =>
  (orAbsentSync(() => readdirSync(path)) ?? []).filter((name) => name.endsWith(".json"));

const REQUEST = kinds<Request>({
  stop: { id: string() },
  queue: { id: oneOf("word"), word: oneOf(...QUEUE_WORDS) },
  restore: { id: string(), experiment: string(), version: string() },
  repeat: { id: string(), experiment: string(), folder: string() },
  retell: { id: oneOf("night") },
  trust: { id: oneOf("lab") },
});

function parseRequest(stored: string): Request | undefined {
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    // Any failure is bad JSON: no request.
    return undefined;
  }
  if (REQUEST(value) !== undefined) return undefined;
  const request = value as Request;
  if (request.kind === "repeat" && !/^[\w-]{1,40}$/.test(request.id)) return undefined;
  if (request.kind === "stop" && !COMMAND_ID.test(request.id)) return undefined;
  return request;
}
