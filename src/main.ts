// The command line: parses arguments, prints the answer, sets the exit code. Each subcommand is a
// file in cli/ that returns its answer; it is imported only when it is called, to start fast.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { masked } from "./base/secrets.ts";
import { printableText } from "./base/visible-text.ts";
import type { CommandResult } from "./cli/command-result.ts";
import { LedgerTrouble } from "./effects/state/ledger-trouble.ts";
import { defined } from "./base/defined.ts";

const TEACH = `
A lab is a folder with a nightlab.yaml; every folder in it with a JOURNAL.md is an experiment.
The first steps:
  nightlab init lab && cd lab      make a lab
  nightlab new warm-up             make an experiment in it
  nightlab watch                   start the daemon; leave it running
Then write a line of its own into warm-up/JOURNAL.md, and save:
  run: de-risk
The answer appears below that line.

Exit codes: 0 as asked; 1 it was done, and the answer is no (a run that failed, say);
2 it could not be done: the text says why.

Environment: NIGHTLAB_STATE_DIR moves this machine's state (default ~/.local/state/nightlab);
NIGHTLAB_UV and NIGHTLAB_PIXI name the programs of that name; NIGHTLAB_LOG_LEVEL=debug says more.`;

// The launcher sets it for this process only: programs started from here must not inherit it.
delete process.env["NODE_COMPILE_CACHE"];

const version = versionOf();
const program = new Command("nightlab")
  .description("A Markdown lab journal as the interface of ML experiments.")
  .version(version)
  .addHelpText("after", TEACH)
  .showHelpAfterError("(nightlab --help shows what there is)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command("init")
  .argument("[dir]", "folder of the lab", ".")
  .description("make a lab: nightlab.yaml, and a .gitignore that keeps logs and leaves weights out")
  .option("--arrivals <hold|start>", "what becomes of commands that git brings")
  .action(async (dir: string, options: { arrivals?: string }) =>
    answer((await import("./cli/init.ts")).initLab(dir, options)),
  );

program
  .command("new")
  .argument("<name>", "name of the experiment's folder")
  .description("make an experiment: journal, train.py, eval.py, IGNORED_RUNS.md")
  .action(async (name: string) =>
    answer((await import("./cli/new.ts")).newExperiment(name, { cwd: process.cwd() })),
  );

program
  .command("watch")
  .argument("[labs...]", "labs to watch; the one of this folder by default")
  .option(
    "--record <file>",
    "write every event of the daemon into a new file, for a report of a bug",
  )
  .description("the daemon: reads journals, runs what they say, writes back; ends on Ctrl-C")
  .action(async (labs: readonly string[], options: { record?: string }) =>
    answer((await import("./cli/watch.ts")).watch(labs, { version, ...options })),
  );

program
  .command("trust")
  .argument("[path]", "a folder of the lab, or a link in it that leads out of it", ".")
  .option("--arrivals <hold|start>", "what becomes of commands that git brings")
  .option("--moved", "this folder is the lab that nightlab knew under another name", false)
  .option("--copied", "it is a copy of that lab, and a lab of its own", false)
  .description("let a lab from elsewhere run what is written in it, or a link be followed")
  .action(async (path: string, options: { arrivals?: string; moved: boolean; copied: boolean }) =>
    answer((await import("./cli/trust.ts")).trust(path, options)),
  );

program
  .command("status")
  .argument("[dir-or-id]", "a folder of the lab; or one command, of a sweep with its runs", ".")
  .option("--json", "for programs", false)
  .option("--all", "every command that ever ended", false)
  .description("GPUs, what runs and how far it is, what waits and for what, what ended")
  .action(async (dir: string, { json, all }: { json: boolean; all: boolean }) => {
    const { columns: width } = process.stdout;
    const page = { json, all, nowMs: Date.now(), ...defined({ width }) };
    return answer((await import("./cli/status.ts")).status(dir, page));
  });

program
  .command("top")
  .argument("[dir]", "a folder of the lab", ".")
  .description("the same as a page that renews itself; q leaves it")
  .action(async (dir: string) => {
    const { stdout, stdin } = process;
    return answer((await import("./cli/top.ts")).top(dir, { stdout, stdin, now: Date.now }));
  });

program
  .command("explain")
  .argument("<id>", "id or its beginning, run folder or name")
  .option("--json", "for programs", false)
  .description("the story of a command: each fact and reason in order, and what it waits for now")
  .action(async (id: string, { json }: { json: boolean }) =>
    answer((await import("./cli/explain.ts")).explain(id, { json, nowMs: Date.now() })),
  );

program
  .command("logs")
  .argument("<id>", "id, run folder or name")
  .option("-f, --follow", "go on until the run has ended", false)
  .description("what a run printed")
  .action(async (id: string, { follow }: { follow: boolean }) =>
    answer(
      (await import("./cli/logs.ts")).logs(id, ".", {
        follow,
        stdout: process.stdout,
      }),
    ),
  );

program
  .command("stop")
  .argument("<id>", "id, run folder or name")
  .description("end a run, or take it out of the queue")
  .action(async (id: string) => answer((await import("./cli/stop.ts")).stop(id, ".")));

program
  .command("repeat")
  .argument("<run>", "id, run folder or name")
  .description("run the same code, arguments and packages again, from the run's run.json")
  .action(async (run: string) =>
    answer((await import("./cli/repeat.ts")).repeat(run, ".", randomUUID())),
  );

for (const [word, description] of [
  ["pause", "start nothing new, in all labs of this machine; what runs goes on"],
  ["drain", "the same, and `nightlab status` says when nothing runs any more"],
  ["resume", "let a paused queue go on"],
] as const) {
  program
    .command(word)
    .description(description)
    .action(async () => answer((await import("./cli/queue.ts")).queue(word, ".")));
}

program
  .command("wait")
  .argument("<id>", "id, run folder or name")
  .description("return when it has ended: 0 when done, 1 otherwise")
  .action(async (id: string) => {
    const { waitFor } = await import("./cli/wait.ts");
    await answer(waitFor(id, ".", (text) => process.stderr.write(`${shown(text)}\n`)));
  });

program
  .command("doctor")
  .argument("[dir]", "a folder of the lab", ".")
  .option("--json", "for programs", false)
  .description("what runs depend on here (supervision, programs, GPUs, disks), and how to mend it")
  .action(async (dir: string, { json }: { json: boolean }) =>
    answer((await import("./cli/doctor.ts")).doctor(dir, { json })),
  );

program
  .command("inspect")
  .argument("<path>", "a log file or a run folder, or a run's id")
  .option("--json", "for programs", false)
  .option("--explain [line]", "how each kind of line is read, or why one line is read as it is")
  .description("what nightlab reads in a log: series with their lines, and findings")
  .action(async (path: string, options: { json: boolean; explain?: true | string }) =>
    answer((await import("./cli/inspect.ts")).inspect(path, options)),
  );

program
  .command("rules")
  .argument("[name]", "one rule; all of them by default")
  .option("--json", "for programs", false)
  .description("what is flagged in a run, when, and how to tune it or switch it off")
  .action(async (name: string | undefined, { json }: { json: boolean }) =>
    answer((await import("./cli/rules.ts")).rules(name, { json })),
  );

program
  .command("rebuild")
  .argument("<experiment>", "folder of the experiment; of a lab all of them, and LAB.md")
  .description("make plots and report anew from logs and journal; needs no daemon")
  .action(async (path: string) => answer((await import("./cli/rebuild.ts")).rebuild(path)));

program
  .command("audit")
  .argument("<path>", "a page (REPORT.md, JOURNAL.md, any other) or an experiment's folder")
  .option("--json", "for programs", false)
  .description("resolve every number of a page again from the logs; 0 clean, 1 something found")
  .action(async (path: string, { json }: { json: boolean }) =>
    answer((await import("./cli/audit.ts")).audit(path, { json })),
  );

program
  .command("export")
  .argument("<experiment>", "folder of the experiment, or one of its pages")
  .requiredOption("--to <format>", "html, pdf or tex")
  .option("--out <file>", "the file to be made; by default it lies beside the page")
  .description("the report as one file with its figures: HTML, PDF, or TeX")
  .action(async (path: string, options: { to: string; out?: string }) =>
    answer(
      (await import("./cli/export.ts")).exportReport(path, {
        ...options,
        cwd: process.cwd(),
        version,
      }),
    ),
  );

program
  .command("history")
  .argument("<journal>", "folder of the experiment, its JOURNAL.md, or LAB.md")
  .option("--json", "for programs", false)
  .option("--all", "every kept version", false)
  .description("the versions of a journal that are kept, newest first")
  .action(async (path: string, options: { json: boolean; all: boolean }) =>
    answer((await import("./cli/history.ts")).history(path, options)),
  );

program
  .command("restore")
  .argument("<journal>", "folder of the experiment, its JOURNAL.md, or LAB.md")
  .argument("<version>", "the beginning of a version's name, from `nightlab history`")
  .option("--yes", "put it back; without this it is only shown what would change", false)
  .option("--to <file>", "write it to a new file instead")
  .description("get a kept version of a journal back")
  .action(async (path: string, wanted: string, options: { yes: boolean; to?: string }) =>
    answer((await import("./cli/restore.ts")).restore(path, wanted, options)),
  );

program
  .command("compare")
  .argument(
    "<runs...>",
    "ids, names or folders of runs; a name means all of its seeds, a sweep's alone its settings",
  )
  .option("--json", "for programs", false)
  .option("--csv", "for a spreadsheet", false)
  .description("arguments, code, environment and metrics of runs side by side")
  .action(async (runs: readonly string[], { json, csv }: { json: boolean; csv: boolean }) => {
    const format = json ? "json" : csv ? "csv" : "text";
    return answer((await import("./cli/compare.ts")).compare(runs, { cwd: process.cwd(), format }));
  });

program
  .command("demo")
  .argument("[dir]", "folder for the demo's lab; it must not exist")
  .description("run the bundled example in a fresh lab and show what comes of it")
  .action(async (dir: string | undefined) =>
    answer((await import("./cli/demo.ts")).demo(dir === undefined ? {} : { dir })),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof LedgerTrouble)) throw error;
  await answer({ text: error.message, exitCode: 2, atOnce: true });
}

async function answer(given: CommandResult | Promise<CommandResult>): Promise<void> {
  const { text: whole, exitCode, atOnce } = await given;
  const text = shown(whole);
  const stream = exitCode === 2 ? process.stderr : process.stdout;
  process.exitCode = exitCode;
  const leave = atOnce === true ? (): void => process.exit() : undefined;
  if (text !== "") stream.write(text.endsWith("\n") ? text : `${text}\n`, leave);
  else leave?.();
}

/** What a log or a name holds is shown, not obeyed, and secrets are masked. */
function shown(text: string): string {
  return printableText(masked(text));
}

function versionOf(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version?: unknown }).version);
}
