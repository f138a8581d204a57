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
import { REQUEST_ANSWER_MS } from "../limits.ts";
import { QUEUE_WORDS, type QueueWord } from "../model/command.ts";
import { COMMAND_ID, commandId, type CommandId, type LabPath } from "../model/ids.ts";

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

export type Request = StopRequest | QueueRequest | RestoreRequest;

const folder = (lab: LabPath): string => join(lab, ".nightlab", "requests");

/** Leaves a request for the lab's daemon. */
export function writeRequest(lab: LabPath, request: Request): void {
  writeWholeSync(lab, `${request.kind}-${request.id}.json`, request);
}

/** Tells who asked for a version what came of it: absent words mean that it was done. */
export function answerRestore(lab: LabPath, id: string, why: string | undefined): void {
  writeWholeSync(lab, `restore-${id}.answer`, why === undefined ? {} : { why });
}

/** Waits for that answer; undefined where none came, and then the request is taken back. */
export async function restoreAnswer(
  lab: LabPath,
  id: string,
): Promise<{ readonly why?: string } | undefined> {
  const path = join(folder(lab), `restore-${id}.answer`);
  const deadline = performance.now() + REQUEST_ANSWER_MS;
  while (performance.now() < deadline) {
    if (existsSync(path)) {
      const answer = JSON.parse(readFileSync(path, "utf8")) as { readonly why?: string };
      rmSync(path, { force: true });
      return answer;
    }
    await pause(LOOK_MS);
  }
  rmSync(join(folder(lab), `restore-${id}.json`), { force: true });
  return undefined;
}

const LOOK_MS = 20;

function writeWholeSync(lab: LabPath, name: string, content: object): void {
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
    if (value["kind"] === "restore") {
      const [id, experiment, version] = ["id", "experiment", "version"].map((key) => value[key]);
      const texts = [id, experiment, version].every((one) => typeof one === "string");
      return texts
        ? {
            kind: "restore",
            id: String(id),
            experiment: String(experiment),
            version: String(version),
          }
        : undefined;
    }
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
