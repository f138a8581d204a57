// Records the packages of a run whose script has no lock file, beside run.json, so that they can be
// installed again: what is installed, with hashes from uv's export where the versions agree.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { secretsIn } from "../../base/secrets.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { scriptFile } from "./attempt-line.ts";
import { scriptMetadata, stampOf } from "../code/code-hash.ts";
import type { Interpreter } from "./interpreter.ts";
import { chooseRunner, type FoundRunner } from "./runner.ts";
import { askProgram, textOf } from "../os/ask-program.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { readScriptFile } from "../os/lab-files.ts";

/** uv usually answers at once from its cache, but without a network it may retry for long. */
const EXPORT_MS = 60_000;

const FILE = "requirements.txt";

export interface ResolvedFile {
  /** Its name in the run's folder. */
  readonly file: string;
  /** SHA-256. */
  readonly hash: string;
}

/** Resolved packages, by runner, script metadata, interpreter and the environment's stamp. */
const cached = new Map<string, string>();

/**
 * Writes `requirements.txt` into a run's folder. Undefined where there is nothing to write: the
 * runner is not uv, the script has a lock file or no dependencies, or uv gives no answer, or one
 * with a secret in an address.
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
  // Any failure: packages that are not recorded beside run.json; here and below.
  if ((await stat(`${path}.lock`).catch(() => undefined)) !== undefined) return undefined;
  // Any failure.
  const block = scriptMetadata(await readScriptFile(path).catch(() => ""));
  if (block === undefined || /^# dependencies\s*=\s*\[[\s#]*\]/m.test(block)) return undefined;
  const text = await resolved(runner, spec, block, interpreter);
  if (text === "" || secretsIn(text).length > 0) return undefined;
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
  const known = cached.get(key);
  if (known !== undefined) return known;
  const ask = async (...args: readonly string[]): Promise<string> => {
    const options = { cwd: spec.experiment, timeoutMs: EXPORT_MS };
    return textOf(await askProgram(runner.binary, args, options));
  };
  const installed =
    interpreter === undefined ? "" : await ask("pip", "freeze", "--python", interpreter.path);
  const exported = await ask("export", "--quiet", "--no-header", "--script", scriptFile(spec));
  const text = installed.trim() === "" ? exported : withHashes(installed, exported);
  const whole = text.trim() === "" ? "" : `${text.trimEnd()}\n`;
  if (stamp !== undefined && whole !== "") {
    if (cached.size > 200) cached.clear();
    cached.set(key, whole);
  }
  return whole;
}

/**
 * Each installed package, replaced by its lines of the export where that names the same version.
 * The export resolves as of today: an environment that is weeks old may have other versions.
 */
export function withHashes(installed: string, exported: string): string {
  const blocks = new Map<string, string>();
  for (const block of exported.split(/\n(?=\S)/)) {
    const [, name, version] = /^([\w.-]+)==([^\s;\\]+)/.exec(block) ?? [];
    if (name !== undefined) blocks.set(`${normalized(name)}==${version}`, block);
  }
  return installed
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name, version] = /^([\w.-]+)==(\S+)$/.exec(line) ?? [];
      return (
        (name === undefined ? undefined : blocks.get(`${normalized(name)}==${version}`)) ?? line
      );
    })
    .join("\n");
}

/** Normalized package name (PEP 503): `Ruamel_Yaml` and `ruamel-yaml` are the same. */
const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** Changes when a package is installed or removed. */
async function environmentStamp({ path, version }: Interpreter): Promise<string | undefined> {
  const minor = version?.split(".").slice(0, 2).join(".");
  const packages = join(dirname(dirname(path)), "lib", `python${minor}`, "site-packages");
  // Any failure: it is looked up again.
  return stat(packages, { bigint: true }).then(stampOf, () => undefined);
}
