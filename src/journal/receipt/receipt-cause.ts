// Why a run ended, in plain words, and how to fix it where that can be known. The cause itself is
// worked out in rules/cause.ts.
import { REASON_CHARS } from "../../base/limits.ts";
import { RECEIPT_TEXT_CHARS } from "../../domain/receipt-flags.ts";
import type { Cause, RunOutcome } from "../../domain/run.ts";
import { spanText } from "../../base/time.ts";
import type { Command } from "../../domain/world.ts";
import { codeSpan, plainLine, proseText } from "../../base/markdown-text.ts";

/** A cause as text. */
export interface CauseWords {
  /** For the receipt's first line; absent where the state alone is enough. */
  readonly short?: string;
  /** Paragraphs below it: the runner's message, how to fix it. */
  readonly more: readonly string[];
}

const INSTALL_UV = "`curl -LsSf https://astral.sh/uv/install.sh | sh`";
const INSTALL_PIXI = "`curl -fsSL https://pixi.sh/install.sh | sh`";

/** The outcome's cause as Markdown, with advice that fits the command. */
export function causeWords(command: Command, outcome: RunOutcome): CauseWords {
  const { cause } = outcome;
  const script = codeSpan(scriptOf(command, cause));
  switch (cause.kind) {
    case "success":
      return { more: [] };
    case "exit-code":
      return only(`exit code ${cause.code}`, ...optionHelp(command, outcome));
    case "signal":
      return only(`ended by ${proseText(cause.signal)}`);
    case "hidden-crash":
      return only("a traceback ends its log, though its exit code is 0");
    case "gpu-out-of-memory":
      return only("the GPU ran out of memory", "A smaller batch or model needs less of it.");
    case "host-out-of-memory":
      if (cause.limit === undefined) return only("the machine ran out of memory");
      return only(
        `it took more than its memory of ${(cause.limit / 1e9).toPrecision(3)} GB`,
        "A larger `memory` lets it have more.",
      );
    case "disk-full":
      return only("the disk is full", "Old checkpoints are the usual place to make room.");
    case "import-error":
      return only(`Python found no module ${codeSpan(cause.module)}`, importHelp(command, cause));
    case "over-limit":
      return only(
        `ended at its limit of ${spanText(cause.limitMs)}; ` +
          `write ${longerLimit(command, cause.limitMs)} to let it run longer`,
      );
    case "stopped":
      return only(stopWords(cause));
    case "environment":
      return only("its environment could not be prepared", ...environmentHelp(script, cause));
    case "no-runner":
      return only(
        "no uv and no pixi to run it with",
        proseText(plainLine(cause.message, REASON_CHARS)),
        `Install uv with ${INSTALL_UV}, or pixi with ${INSTALL_PIXI}.`,
      );
    case "script-missing":
      return only(
        `there is no ${script} in this experiment`,
        "Write it, or name another with `script:` in the frontmatter.",
      );
    case "start-failed":
      return only("it could not be started", proseText(plainLine(cause.message, REASON_CHARS)));
    case "machine-restarted":
      return only("the machine restarted while it ran", rerunHelp(command));
    case "lost":
      return only("how it ended cannot be known", rerunHelp(command));
  }
}

function stopWords({ by, why }: Extract<Cause, { kind: "stopped" }>): string {
  switch (by) {
    case "journal":
      return "by you";
    case "command-line":
      return "by you, with `nightlab stop`";
    case "window": {
      const reason = proseText(plainLine(why ?? "its window was over", RECEIPT_TEXT_CHARS));
      return `${reason}, as \`at-end: stop\` asks`;
    }
    case "rule": {
      const reason = proseText(plainLine(why ?? "a rule spoke", RECEIPT_TEXT_CHARS));
      return `${reason}, as \`stop on\` asks`;
    }
  }
}

const only = (short: string, ...more: readonly string[]): CauseWords => ({ short, more });

function scriptOf(command: Command, cause: Cause): string {
  if (cause.kind === "script-missing") return cause.script;
  const { verb, script, target } = command.spec;
  if (command.run !== undefined) return command.run.spec.script;
  return script ?? (verb === "script" ? target : verb === "eval" ? "eval.py" : "train.py");
}

const rerunHelp = ({ spec }: Command): string =>
  `It is not run again by itself; a new line ${codeSpan(`${spec.verb}: ${spec.target}`)} does that.`;

/** A timeout of five times the limit, in whole minutes, written as this kind of block takes it. */
function longerLimit(command: Command, limitMs: number): string {
  const minutes = Math.max(1, Math.ceil((limitMs * 5) / 60_000));
  const span = minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
  return command.form === "fence" ? `\`timeout: ${span}\`` : `\`timeout=${span}\``;
}

function environmentHelp(
  script: string,
  cause: Extract<Cause, { kind: "environment" }>,
): readonly string[] {
  const message = plainLine(cause.message, REASON_CHARS);
  const unresolved = /no solution|unsatisfiable|not found in the package registry/i.test(message);
  return [
    proseText(message),
    ...(unresolved ? [`Check \`dependencies\` in the header of ${script}.`] : []),
  ].filter((text) => text !== "");
}

/** PyPI package by module name, where the two differ. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["bs4", "beautifulsoup4"],
  ["cv2", "opencv-python"],
  ["dateutil", "python-dateutil"],
  ["dotenv", "python-dotenv"],
  ["PIL", "pillow"],
  ["skimage", "scikit-image"],
  ["sklearn", "scikit-learn"],
  ["yaml", "pyyaml"],
]);

function importHelp(command: Command, cause: Extract<Cause, { kind: "import-error" }>): string {
  const top = cause.module.split(".")[0] ?? cause.module;
  const name = PACKAGES.get(top) ?? top;
  if (command.run?.start.runner === "pixi") return `Add it with ${codeSpan(`pixi add ${name}`)}.`;
  return (
    `Add it to the PEP 723 header of ${codeSpan(scriptOf(command, cause))}: ` +
    `${codeSpan(`# dependencies = ["${name}"]`)}.`
  );
}

/** For a script that was given an option it does not accept: the line of code that would. */
function optionHelp(command: Command, outcome: RunOutcome): readonly string[] {
  const last = plainLine(outcome.lastLine?.text ?? "", RECEIPT_TEXT_CHARS);
  const typer = /no such option:? ?['"]?(--[A-Za-z][\w-]*)/i.exec(last)?.[1];
  const argparse = /unrecognized arguments:.*?(--[A-Za-z][\w-]*)/i.exec(last)?.[1];
  const option = typer ?? argparse;
  if (option === undefined) return [];
  const script = codeSpan(scriptOf(command, outcome.cause));
  const { type, value } = optionValue(command.spec.args, option);
  const name = option.slice(2).replaceAll("-", "_");
  const line =
    typer === undefined
      ? `parser.add_argument("${option}", type=${type}, default=${value})`
      : `${name}: ${type} = ${value}`;
  const where = typer === undefined ? "this line" : "this parameter of its `main`";
  return [
    `${script} takes no option ${codeSpan(option)}; ${where} would take it: ${codeSpan(line)}`,
  ];
}

/** Python type and literal of the value that an option was given. */
function optionValue(
  args: readonly string[],
  option: string,
): { readonly type: string; readonly value: string } {
  const at = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  const arg = args[at];
  const next = args[at + 1];
  const written = arg === option ? next : arg?.slice(option.length + 1);
  if (at === -1 || written === undefined || /^--?[A-Za-z]/.test(written)) {
    return { type: "bool", value: "False" };
  }
  if (/^[+-]?\d+$/.test(written)) return { type: "int", value: written };
  if (/^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(written))
    return { type: "float", value: written };
  return { type: "str", value: JSON.stringify(written) };
}
