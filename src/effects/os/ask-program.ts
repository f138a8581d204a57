// Asks a program of the machine something, for what it prints, and tells what was seen where it
// prints nothing that can be used: it is not there, it failed, or it said nothing in time. Every
// short program but git is started here; runs are started by posix-spawn.ts.
import { defined } from "../../base/defined.ts";

export type Answer =
  /** It ended with 0; `text` is what it printed, without white space around. */
  | { readonly kind: "said"; readonly text: string }
  /** There is no such program. */
  | { readonly kind: "absent" }
  | {
      readonly kind: "failed";
      /** What was seen, such as "`git --version` said nothing for 5 s". */
      readonly what: string;
      /** Its exit code, if it had one. */
      readonly code?: number;
      readonly text: string;
      /** What it printed as errors. */
      readonly errors: string;
      /** It did not end in time. */
      readonly late: boolean;
    };

export interface AskOptions {
  /** By default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/** Most that a program may print, in characters: the XML of 64 GPUs has half a million. */
const ANSWER_CHARS = 2 ** 24;
/** A program that is told to end has this long to end what it started itself. */
const KILL_AFTER_MS = 500;

/** Resolves after `timeoutMs` at the latest, whatever becomes of the program. Never rejects. */
export async function askProgram(
  program: string,
  args: readonly string[],
  { env = process.env, timeoutMs, cwd, signal }: AskOptions,
): Promise<Answer> {
  const called = `\`${[program, ...args].join(" ")}\``;
  // Loading it takes longer than most answers: a command line that asks nothing does without.
  const { execa } = await import("execa");
  let timer: NodeJS.Timeout | undefined;
  try {
    const asked = execa(program, args, {
      ...defined({ cwd, cancelSignal: signal }),
      env,
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      killSignal: "SIGKILL",
      maxBuffer: ANSWER_CHARS,
    });
    // A process that waits for a lost disk does not even die: it is not waited for.
    const late = new Promise<Answer>((resolve) => {
      timer = setTimeout(() => {
        asked.kill("SIGTERM");
        setTimeout(() => asked.kill("SIGKILL"), KILL_AFTER_MS).unref();
        asked.nodeChildProcess.unref();
        asked.stdout.destroy();
        asked.stderr.destroy();
        const what = `${called} said nothing for ${timeoutMs / 1_000} s`;
        resolve({ kind: "failed", what, text: "", errors: "", late: true });
      }, timeoutMs);
    });
    const ended = asked.then(
      ({ failed, code, exitCode, signal: endedBy, stdout, stderr }): Answer => {
        if (!failed) return { kind: "said", text: stdout.trim() };
        if (code === "ENOENT") return { kind: "absent" };
        const how =
          exitCode !== undefined
            ? `ended with exit code ${exitCode}`
            : endedBy !== undefined
              ? `was ended by ${endedBy}`
              : `cannot be started (${code})`;
        const errors = stderr.trim();
        const first = errors.split("\n")[0] ?? "";
        const what = `${called} ${how}${first === "" ? "" : `: ${first.slice(0, 200)}`}`;
        const text = stdout.trim();
        return { kind: "failed", what, text, errors, late: false, ...defined({ code: exitCode }) };
      },
    );
    return await Promise.race([ended, late]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `${called} cannot be started (${why})`;
    return { kind: "failed", what, text: "", errors: "", late: false };
  } finally {
    clearTimeout(timer);
  }
}

/** What a program printed; "" where it gave no answer. */
export const textOf = (answer: Answer): string => (answer.kind === "said" ? answer.text : "");
