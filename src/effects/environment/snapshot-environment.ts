// uv keeps an environment for each path of a script: that of a copied script goes with the copy.
// The copy itself goes in snapshot-places.ts.
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { scriptMetadata } from "../code/code-hash.ts";
import { INTERPRETER_MS } from "./interpreter.ts";
import { chooseRunner } from "./runner.ts";
import { snapshotCode } from "../code/snapshot-places.ts";

/** Scripts of a copy whose environments are looked for when it goes. */
const SNAPSHOT_SCRIPTS = 20;

/** Removes the environments that uv has made for the scripts of a copy. Never rejects. */
export async function dropSnapshotEnvironments(
  lab: string,
  experiment: string,
  id: string,
): Promise<void> {
  const code = snapshotCode(lab, experiment, id);
  const names = (await readdir(code).catch(() => [])).filter((name) => name.endsWith(".py"));
  const runner = await chooseRunner(experiment, lab, undefined);
  if (runner.kind === "missing" || runner.runner !== "uv") return;
  for (const name of names.slice(0, SNAPSHOT_SCRIPTS)) {
    const script = join(code, name);
    if (scriptMetadata(await readFile(script, "utf8").catch(() => "")) === undefined) continue;
    const asked = await execa(runner.binary, ["python", "find", "--script", script], {
      cwd: experiment,
      timeout: INTERPRETER_MS,
      reject: false,
      stdin: "ignore",
    });
    const environment = dirname(dirname(asked.failed ? "" : asked.stdout.trim()));
    if (await isOf(environment, name)) {
      await rm(environment, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Where there is none of its own, uv answers with a Python of the machine: that one stays. */
async function isOf(environment: string, script: string): Promise<boolean> {
  const stem = basename(script, ".py")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const named = basename(environment).startsWith(`${stem}-`);
  const inCache = /^environments-v\d+$/.test(basename(dirname(environment)));
  if (!named || !inCache) return false;
  return stat(join(environment, "pyvenv.cfg")).then(
    () => true,
    () => false,
  );
}
