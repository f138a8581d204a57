// uv keeps an environment for each script path. When a snapshot is removed, this removes the
// environments of its scripts; snapshot-places.ts removes the snapshot itself.
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { scriptMetadata } from "../code/code-hash.ts";
import { scriptPython } from "./interpreter.ts";
import { chooseRunner } from "./runner.ts";
import { snapshotCode } from "../code/snapshot-places.ts";
import { readScriptFile, readdir, rm } from "../os/lab-files.ts";

/** How many scripts of a snapshot are checked for environments. */
const SNAPSHOT_SCRIPTS = 20;

/** Removes the environments that uv has made for the scripts of a snapshot. Never rejects. */
export async function dropSnapshotEnvironments(
  lab: string,
  experiment: string,
  id: string,
): Promise<void> {
  const code = snapshotCode(lab, experiment, id);
  // Any failure: an environment stays in the cache of uv; here and below.
  const names = (await readdir(code).catch(() => [])).filter((name) => name.endsWith(".py"));
  const runner = await chooseRunner(experiment, lab, undefined);
  if (runner.kind === "missing" || runner.runner !== "uv") return;
  for (const name of names.slice(0, SNAPSHOT_SCRIPTS)) {
    const script = join(code, name);
    // Any failure.
    if (scriptMetadata(await readScriptFile(script).catch(() => "")) === undefined) continue;
    const python = await scriptPython(runner.binary, script, experiment);
    const environment = dirname(dirname(python ?? ""));
    if (await belongsTo(environment, name)) {
      // Any failure.
      await rm(environment, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Without an environment for the script, uv answers with a system Python, which must stay. */
async function belongsTo(environment: string, script: string): Promise<boolean> {
  const stem = basename(script, ".py")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const named = basename(environment).startsWith(`${stem}-`);
  const inCache = /^environments-v\d+$/.test(basename(dirname(environment)));
  if (!named || !inCache) return false;
  return stat(join(environment, "pyvenv.cfg")).then(
    () => true,
    // Any failure: what is not surely ours is not removed.
    () => false,
  );
}
