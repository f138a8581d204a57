// What the command line asks of a lab's daemon: small files that wait until it takes them.
// A request outlives a daemon that is not there; the same request twice is one.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { COMMAND_ID, commandId, type CommandId, type LabPath } from "../model/ids.ts";

export interface StopRequest {
  readonly kind: "stop";
  readonly id: CommandId;
}

const folder = (lab: LabPath): string => join(lab, ".nightlab", "requests");

/** Leaves a request for the lab's daemon. */
export function writeRequest(lab: LabPath, request: StopRequest): void {
  mkdirSync(folder(lab), { recursive: true });
  const path = join(folder(lab), `${request.kind}-${request.id}.json`);
  writeFileSync(`${path}.part`, JSON.stringify(request));
  renameSync(`${path}.part`, path);
}

/** Gives over every request that waits, and each new one; the returned function ends that. */
export function watchRequests(lab: LabPath, take: (request: StopRequest) => void): () => void {
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

function readRequest(path: string): StopRequest | undefined {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<StopRequest>;
    if (value.kind !== "stop" || !COMMAND_ID.test(String(value.id))) return undefined;
    return { kind: "stop", id: commandId(String(value.id)) };
  } catch {
    return undefined;
  }
}
