// Asks a program of the machine something, for what it prints, and tells what was seen where it
// prints nothing that can be used: it is not there, it failed, or it said nothing in time.
import { execFile } from "node:child_process";
import { errorCode } from "./error-code.ts";

export type Answer =
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "absent" }
  /** `what`: what was seen, such as "`git --version` said nothing for 5 s". */
  | {
      readonly kind: "failed";
      readonly what: string;
      readonly code?: number;
      readonly text: string;
    };

export interface AskOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly cwd?: string;
}

/** Resolves after `timeoutMs` at the latest, whatever becomes of the program. Never rejects. */
export function askProgram(
  program: string,
  args: readonly string[],
  { env, timeoutMs, cwd }: AskOptions,
): Promise<Answer> {
  const called = `\`${[program, ...args].join(" ")}\``;
  return new Promise((resolve) => {
    const asked = execFile(program, args, { env, ...(cwd && { cwd }) }, (error, stdout, stderr) => {
      clearTimeout(timer);
      const text = stdout.trim();
      if (error === null) resolve({ kind: "said", text });
      else if (errorCode(error) === "ENOENT") resolve({ kind: "absent" });
      else
        resolve({
          kind: "failed",
          what: `${called} ${howFailed(error, stderr)}`,
          ...codeOf(error),
          text,
        });
    });
    // A process that waits for a lost disk does not even die: it is not waited for.
    const timer = setTimeout(() => {
      asked.kill("SIGKILL");
      asked.unref();
      asked.stdout?.destroy();
      asked.stderr?.destroy();
      const what = `${called} said nothing for ${timeoutMs / 1_000} s`;
      resolve({ kind: "failed", what, text: "" });
    }, timeoutMs);
  });
}

const codeOf = ({ code }: { readonly code?: unknown }): { readonly code?: number } =>
  typeof code === "number" ? { code } : {};

function howFailed(
  error: { readonly code?: unknown; readonly signal?: unknown; readonly message: string },
  stderr: string,
): string {
  const said = stderr.trim().split("\n")[0] ?? "";
  const how =
    typeof error.code === "number"
      ? `ended with exit code ${error.code}`
      : typeof error.signal === "string"
        ? `was ended by ${error.signal}`
        : `cannot be started (${errorCode(error) || error.message})`;
  return said === "" ? how : `${how}: ${said.slice(0, 200)}`;
}
