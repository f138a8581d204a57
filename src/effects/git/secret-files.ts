// Which files hold secrets, by name and by content, and the parts of a patch that do. The patterns
// are those of base/secrets.ts and secretlint's recommended rules.
import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { secretsIn } from "../../base/secrets.ts";
import { errorCode } from "../os/error-code.ts";

/** Files that hold secrets whatever is in them. Samples of them, and public keys, do not. */
const NAMED =
  /^(?:\.env(?:rc)?|\.env\..+|.+\.env|[._]netrc|kaggle\.json|\.pypirc|\.pgpass|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.+\.(?:p12|pfx|jks|ppk|kdbx))$/i;
const SAMPLE = /\.(?:example|sample|template|dist|pub)$/i;

/** Whether a file of this name is taken to hold secrets. */
function isSecretFile(path: string): boolean {
  const name = basename(path);
  return (NAMED.test(name) && !SAMPLE.test(name)) || secretsIn(path).length > 0;
}

/**
 * Which of these files hold secrets, by their names as given. Of a link its target's path is looked
 * at, not the target. A file that is gone holds none; one that cannot be read counts as holding one.
 */
export async function secretFiles(
  folder: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of names) {
    if (isSecretFile(name) || (await holdsSecret(name, await contentOf(join(folder, name))))) {
      found.add(name);
    }
    // Five hundred files are some seconds of work.
    await nextTurn();
  }
  return found;
}

/** The content, or undefined where it cannot be known. */
async function contentOf(path: string): Promise<Uint8Array | undefined> {
  try {
    const facts = await lstat(path);
    if (facts.isSymbolicLink()) return await readlink(path, { encoding: "buffer" });
    if (!facts.isFile()) return undefined;
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    return errorCode(error) === "ENOENT" ? new Uint8Array() : undefined;
  }
}

async function holdsSecret(name: string, bytes: Uint8Array | undefined): Promise<boolean> {
  if (bytes === undefined) return true;
  // Secrets are ASCII: neither the encoding nor what else is in the file matters. Without its NULs
  // UTF-16 reads the same.
  const text = Buffer.from(bytes).toString("latin1").replaceAll("\0", "");
  return secretsIn(text).length > 0 || (await lint(name, text));
}

/**
 * The parts of a patch that hold no secret, in their order, and the numbers of those left out: a
 * line that is taken away shows what it said.
 */
export async function withoutSecrets(
  patch: Uint8Array,
): Promise<{ readonly parts: readonly Uint8Array[]; readonly left: readonly number[] }> {
  const bytes = Buffer.from(patch);
  const parts: Uint8Array[] = [];
  const left: number[] = [];
  for (const [index, part] of partsOf(bytes).entries()) {
    const lines = part.toString("latin1").replaceAll(/^[-+ ]/gm, "");
    if (await holdsSecret("patch", Buffer.from(lines, "latin1"))) left.push(index);
    else parts.push(part);
    await nextTurn();
  }
  return { parts, left };
}

/** A patch in one part a file. No line of a file begins as a part does. */
function partsOf(patch: Buffer): readonly Buffer[] {
  const starts: number[] = [];
  for (let at = 0; at >= 0 && at < patch.length;) {
    if (patch.toString("latin1", at, at + 11) === "diff --git ") starts.push(at);
    const end = patch.indexOf(10, at);
    at = end < 0 ? -1 : end + 1;
  }
  return starts.map((start, i) => patch.subarray(start, starts[i + 1] ?? patch.length));
}

type Lint = (name: string, text: string) => Promise<boolean>;

let linter: Promise<Lint> | undefined;

/** Whether secretlint's recommended rules find something. */
async function lint(name: string, text: string): Promise<boolean> {
  linter ??= openLinter();
  return (await linter)(name, text);
}

/** Loaded when the first file is looked at: it takes 30 ms. */
async function openLinter(): Promise<Lint> {
  const [{ lintSource }, { creator }, { secretLintProfiler }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
    import("@secretlint/profiler"),
  ]);
  // It would keep a measurement of each rule and file for ever.
  secretLintProfiler.setEnabled(false);
  const preset = "@secretlint/secretlint-rule-preset-recommend";
  // A file may not say of itself that it is to be trusted.
  const noComments = { id: "@secretlint/secretlint-rule-filter-comments", disabled: true };
  const rules = [{ id: preset, rule: creator, rules: [noComments] }];
  return async (name, text) => {
    const source = { filePath: name, content: text, contentType: "text" } as const;
    const { messages } = await lintSource({
      source,
      options: { config: { rules }, noPhysicFilePath: true },
    });
    return messages.length > 0;
  };
}
