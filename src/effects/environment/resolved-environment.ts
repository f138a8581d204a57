// The packages that a run has whose script has no lock file, kept beside the run's record so that
// the same can be had again: what is installed, with hashes from the resolver where it agrees.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { AttemptSpec } from "../../domain/run.ts";
import { scriptFile } from "./attempt-line.ts";
import { scriptMetadata, stampOf } from "../code/code-hash.ts";
import type { Interpreter } from "./interpreter.ts";
import { chooseRunner, type FoundRunner } from "./runner.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** uv answers from its cache in a moment; without a network it may try for long. */
const EXPORT_MS = 60_000;

const FILE = "requirements.txt";

export interface ResolvedFile {
  /** Its name in the run's folder. */
  readonly file: string;
  /** SHA-256. */
  readonly hash: string;
}

/** What was said of an environment that has not been touched since. */
const said = new Map<string, string>();

/**
 * Writes `requirements.txt` into a run's folder; undefined where there is nothing to
 * write: another runner, a lock that says it already, no dependencies, no answer.
 */
export async function keepResolved(
  spec: AttemptSpec,
  dir: string,
  interpreter: Interpreter | undefined,
): Promise<ResolvedFile | undefined> {
  const { experiment, script, lab } = spec;
  const runner = await chooseRunner(experiment, lab, spec.runner);
  if (runner.kind === "missing" || runner.runner !== "uv") return undefined;
  const path = join(spec.codeDir ?? experiment, script);
  if ((await stat(`${path}.lock`).catch(() => undefined)) !== undefined) return undefined;
  const block = scriptMetadata(await readFile(path, "utf8").catch(() => ""));
  if (block === undefined || /^# dependencies\s*=\s*\[[\s#]*\]/m.test(block)) return undefined;
  const text = await resolved(runner, spec, block, interpreter);
  if (text === "") return undefined;
  await atomicWrite(join(dir, FILE), text);
  return { file: FILE, hash: createHash("sha256").update(text).digest("hex") };
}

async function resolved(
  runner: FoundRunner,
  spec: AttemptSpec,
  block: string,
  interpreter: Interpreter | undefined,
): Promise<string> {
  const stamp = interpreter === undefined ? undefined : await environmentStamp(interpreter);
  const key = JSON.stringify([runner.binary, block, interpreter?.path, stamp]);
  const known = said.get(key);
  if (known !== undefined) return known;
  const ask = async (...args: readonly string[]): Promise<string> => {
    const options = { cwd: spec.experiment, timeout: EXPORT_MS, reject: false } as const;
    const asked = await execa(runner.binary, args, { ...options, stdin: "ignore" });
    return asked.failed ? "" : asked.stdout;
  };
  const frozen =
    interpreter === undefined ? "" : await ask("pip", "freeze", "--python", interpreter.path);
  const exported = await ask("export", "--quiet", "--no-header", "--script", scriptFile(spec));
  const text = frozen.trim() === "" ? exported : withHashes(frozen, exported);
  const whole = text.trim() === "" ? "" : `${text.trimEnd()}\n`;
  if (stamp !== undefined && whole !== "") {
    if (said.size > 200) said.clear();
    said.set(key, whole);
  }
  return whole;
}

/**
 * Each installed package, by its lines of the export where that names the same version. The
 * export is of today: an environment that is weeks old may well have other versions.
 */
export function withHashes(frozen: string, exported: string): string {
  const blocks = new Map<string, string>();
  for (const block of exported.split(/\n(?=\S)/)) {
    const [, name, version] = /^([\w.-]+)==([^\s;\\]+)/.exec(block) ?? [];
    if (name !== undefined) blocks.set(`${normal(name)}==${version}`, block);
  }
  return frozen
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name, version] = /^([\w.-]+)==(\S+)$/.exec(line) ?? [];
      return (name === undefined ? undefined : blocks.get(`${normal(name)}==${version}`)) ?? line;
    })
    .join("\n");
}

/** PEP 503: `Ruamel_Yaml` and `ruamel-yaml` are one. */
const normal = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** Changes when something is installed or taken away. */
async function environmentStamp({ path, version }: Interpreter): Promise<string | undefined> {
  const minor = version?.split(".").slice(0, 2).join(".");
  const packages = join(dirname(dirname(path)), "lib", `python${minor}`, "site-packages");
  return stat(packages, { bigint: true }).then(stampOf, () => undefined);
}
