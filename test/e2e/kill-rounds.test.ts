// The real daemon, shim and script killed again and again at moments drawn from a seed, and the
// whole machine with them: what starts twice, ends twice, lies about its end or signals a stranger?
// `NIGHTLAB_KILLS` is the number of kills (test/long/many-shapes.test.ts has more), `NIGHTLAB_SEED`
// their seed.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as setImmediately, setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { oomKills } from "../../src/effects/supervise/attempt-notes.ts";
import { readSpec } from "../../src/effects/supervise/attempts.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { labPath } from "../../src/base/ids.ts";
import type { Member } from "../../src/domain/grid.ts";
import {
  boxedNumber,
  commandLineOf,
  noBox,
  openBox,
  parentOf,
  processesAbout,
  variableOf,
  type BoxedMachine,
} from "./boxed-machine.ts";
import { JOURNAL } from "./lab.ts";
import { trustForTest } from "../trust.ts";

const KILLS = Number(process.env["NIGHTLAB_KILLS"] ?? 12);
const SEED = Number(process.env["NIGHTLAB_SEED"] ?? 20_251_123);
const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const WAIT_MS = 120_000;
/** Longer than any script, so that it comes only to what has outlived its own shim. */
const LIMIT_S = 2;
/** A lab is used for so many kills: longer journals and ledgers make each round slower. */
const KILLS_PER_LAB = 25;

const KINDS = ["daemon", "shim", "script", "machine", "daemon and shim", "all three"] as const;
type Kind = (typeof KINDS)[number];
/** What a kill waits for: a file in some attempt's folder that was not there, or only time. */
const MOMENTS = [
  "a moment",
  "spec.json",
  "notes.json",
  "limit",
  "alive",
  "claim",
  "pid",
  "console.log",
  "started",
  "exit code",
] as const;

/** Stands for uv: says that it began and that it is about to end, each in one write. */
const UV = `#!/bin/sh
[ "$1" = run ] || exit 0
echo "start $NIGHTLAB_RUN_ID $$" >>events
sleep "0.$7"
echo "end $NIGHTLAB_RUN_ID" >>events
exit "$5"
`;

/** mulberry32: one seed, one sequence. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Killed {
  readonly kind: Kind;
  readonly moment: string;
  /** Attempts whose script or shim was killed, or that were there when the machine went off. */
  readonly scripts: readonly string[];
  readonly shims: readonly string[];
  readonly machine: readonly string[];
}

class Rounds {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-kills-")));
  readonly lab = join(this.root, "lab");
  readonly experiment = join(this.lab, "exp");
  readonly attempts = join(this.lab, ".nightlab", "attempts");
  readonly state = join(this.root, "state");
  readonly kills: Killed[] = [];
  readonly victims: number[] = [];
  readonly oomKills = oomKills();
  readonly #below: (below: number) => number;
  readonly #box: BoxedMachine;
  #daemon: ChildProcess | undefined;
  #log = "";
  #lines = 0;
  #resumed = 0;

  constructor(seed: number) {
    this.#below = dice(seed);
    mkdirSync(this.experiment, { recursive: true });
    writeFileSync(join(this.lab, "nightlab.yaml"), "settle: 1s\nquiet: 0s\ncpu-slots: 3\n");
    trustForTest(this.state, this.lab);
    writeFileSync(join(this.experiment, "JOURNAL.md"), JOURNAL);
    for (const script of ["train.py", "eval.py"]) {
      writeFileSync(join(this.experiment, script), "pass\n");
    }
    writeFileSync(join(this.root, "uv"), UV);
    chmodSync(join(this.root, "uv"), 0o755);
    this.#box = openBox(this.root);
  }

  /** A daemon that watches; it may be killed before it does. */
  start(): void {
    const env = {
      ...process.env,
      NIGHTLAB_STATE_DIR: this.state,
      NIGHTLAB_UV: join(this.root, "uv"),
      NIGHTLAB_LOG_LEVEL: "info",
    };
    const child = this.#box.start([process.execPath, LAUNCHER, "watch", this.lab], env);
    for (const pipe of [child.stdout, child.stderr]) {
      pipe?.on("data", (data: Buffer) => (this.#log += data.toString()));
    }
    this.#daemon = child;
  }

  /** The first daemon has seen the journal: what is written from now on may start. */
  async watching(): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!this.#log.includes('"watching"') && Date.now() < deadline) await pause(20);
  }

  /** Writes some more commands, as one save. */
  write(count: number): void {
    const journal = join(this.experiment, "JOURNAL.md");
    const lines = Array.from({ length: count }, () => {
      const [code, tenths] = [[0, 0, 3, 77][this.#below(4)], this.#below(6)];
      const rest = `--code ${code} --after ${tenths}${this.#below(10)} timeout=${LIMIT_S}s !`;
      this.#lines += 1;
      // One that ended above, whatever became of it.
      if (this.#lines % 7 === 0) return `eval: r${this.#lines - 5} ${rest}\n`;
      const also = ["", "", "", "", " retry=2", " snapshot=true", " retry=1 seeds=2"];
      return `run: r${this.#lines}${also[this.#below(also.length)] ?? ""} ${rest}\n`;
    });
    writeFileSync(journal, `${readFileSync(journal, "utf8").trimEnd()}\n\n${lines.join("\n")}`);
  }

  /** One kill at a moment of the seed's; then the daemon is there again. */
  async round(): Promise<void> {
    const kind = KINDS[this.#below(KINDS.length)] ?? "daemon";
    const moment = MOMENTS[this.#below(MOMENTS.length)] ?? "a moment";
    const before = this.#seen(moment);
    const afterMs = moment === "a moment" ? this.#below(700) : this.#below(3) * this.#below(8);
    const deadline = Date.now() + 3_000;
    const awaited = (): boolean => moment === "a moment" || this.#seen(moment) !== before;
    // Known by now, so that the kill comes within a fraction of a millisecond.
    const daemons = this.#daemons();
    while (!awaited() && Date.now() < deadline) await setImmediately();
    if (afterMs > 0) await pause(afterMs);
    if (kind.startsWith("daemon") || kind === "all three") daemons.forEach(killNow);
    this.#kill(kind, moment);
    await pause(this.#below(3) * this.#below(200));
    if (this.#below(3) === 0) this.#reuseNumbers();
    if (this.#isDown()) this.start();
  }

  /** Waits until every command has ended; a daemon that is down is started again. */
  async settle(): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      if (this.#isDown()) this.start();
      this.#goOn();
      const { taken, open } = progress(this.facts());
      if (taken === this.#lines && open.size === 0) return;
      if (Date.now() > deadline) {
        const left = `${taken} of ${this.#lines} were taken up, open: ${[...open].join(", ")}`;
        throw new Error(
          `${left}\n${textOf(join(this.experiment, "JOURNAL.md"))}\n${this.#log.slice(-4_000)}`,
        );
      }
      await pause(50);
    }
  }

  async close(): Promise<void> {
    this.#daemon?.removeAllListeners();
    this.#box.close();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  facts(): readonly Fact[] {
    if (!existsSync(join(this.state, "ledger.sqlite"))) return [];
    const ledger = openLedger(this.state, { readOnly: true });
    try {
      return ledger.read([labPath(this.lab)]);
    } catch {
      // A machine that went off in the middle of a write: the next daemon puts the file in order.
      return [];
    } finally {
      ledger.close();
    }
  }

  events(): readonly (readonly string[])[] {
    const path = join(this.experiment, "events");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines.map((line) => line.split(" "));
  }

  /** Processes of the lab, a daemon's apart. */
  left(): readonly string[] {
    return processesAbout(this.lab)
      .map(commandLineOf)
      .filter((line) => line !== "" && !line.includes("watch"));
  }

  /** Asks for the end of every run there ever was, as a late signal would: numbers have new owners. */
  async stopAll(): Promise<void> {
    const supervisor = new URL("../../src/effects/supervise/supervisor.ts", import.meta.url).href;
    const program = `
      const { Supervisor } = await import(${JSON.stringify(supervisor)});
      const [lab, attempts] = JSON.parse(process.argv[1]);
      const supervisor = new Supervisor({ graceMs: 300 });
      for (const attempt of attempts) await supervisor.stop({ lab, attempt });`;
    const given = JSON.stringify([this.lab, readdirSync(this.attempts)]);
    const argv = [process.execPath, "--input-type=module", "-e", program, given];
    const child = this.#box.start(argv, process.env);
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  }

  livingVictims(): number {
    const living = new Set(processesAbout("sleep").map(boxedNumber));
    return this.victims.filter((number) => living.has(number)).length;
  }

  /** The queue pauses when runs die young one after another, as they do here. */
  #goOn(): void {
    const journal = join(this.experiment, "JOURNAL.md");
    const text = readFileSync(journal, "utf8");
    const paused = text.split("the queue paused itself after this").length - 1;
    if (paused <= this.#resumed) return;
    this.#resumed = paused;
    writeFileSync(journal, `${text.trimEnd()}\n\nqueue: resume\n`);
  }

  #isDown(): boolean {
    return (
      this.#daemon === undefined ||
      this.#daemon.exitCode !== null ||
      this.#daemon.signalCode !== null
    );
  }

  #seen(moment: string): number {
    if (moment === "started") return this.events().length;
    let count = 0;
    for (const name of existsSync(this.attempts) ? readdirSync(this.attempts) : []) {
      const dir = join(this.attempts, name);
      if (moment === "exit code") count += /^\d/.test(textOf(join(dir, "exit"))) ? 1 : 0;
      else if (existsSync(join(dir, moment))) count += 1;
    }
    return count;
  }

  #kill(kind: Kind, moment: string): void {
    const all = processesAbout(this.lab).map((pid) => ({ pid, line: commandLineOf(pid) }));
    const ofShim = new Set(
      all.filter(({ line }) => line.includes("shim.sh")).map(({ pid }) => pid),
    );
    // Its children are copies of it until they have become something else.
    const shims = all.filter(({ pid }) => ofShim.has(pid) && !ofShim.has(parentOf(pid)));
    const scripts = all.filter(
      ({ line }) => line.includes(`${this.root}/uv run`) && !line.includes("shim.sh"),
    );
    const pick = <T>(from: readonly T[]): readonly T[] => {
      const one = from[this.#below(Math.max(1, from.length))];
      return one === undefined ? [] : [one];
    };
    const shim = pick(shims);
    const script = pick(scripts);
    const dies = {
      shim: kind === "shim" || kind === "daemon and shim" || kind === "all three",
      script: kind === "script" || kind === "all three",
    };
    this.kills.push({
      kind,
      moment,
      shims: dies.shim ? shim.flatMap(({ line }) => /attempts\/(\S+)/.exec(line)?.[1] ?? []) : [],
      scripts: dies.script
        ? script.flatMap(({ pid }) => variableOf(pid, "NIGHTLAB_RUN_ID") ?? [])
        : [],
      machine: kind === "machine" && existsSync(this.attempts) ? readdirSync(this.attempts) : [],
    });
    if (kind === "machine") {
      this.#box.reboot();
      this.#daemon = undefined;
      this.victims.length = 0;
    }
    for (const { pid } of [...(dies.shim ? shim : []), ...(dies.script ? script : [])])
      killNow(pid);
  }

  #daemons(): readonly number[] {
    return processesAbout(this.lab).filter((pid) => {
      const line = commandLineOf(pid);
      return line.includes(" watch ") && !line.startsWith("nsenter");
    });
  }

  /** Numbers of scripts that are gone become those of processes that are nobody's here. */
  #reuseNumbers(): void {
    const numbers = this.events().flatMap(([what, , number]) =>
      what === "start" ? Number(number) : [],
    );
    for (const number of numbers.slice(-3)) {
      if (this.victims.includes(number)) continue;
      const victim = this.#box.victim(number);
      if (victim !== undefined) this.victims.push(victim);
    }
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It had ended by itself.
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** How many commands were taken up, and whose last try has not ended; a held one needs a person. */
function progress(facts: readonly Fact[]): { readonly taken: number; readonly open: Set<string> } {
  let taken = 0;
  const open = new Set<string>();
  for (const fact of facts) {
    if (fact.kind === "command-accepted" && fact.spec.verb !== "queue") {
      taken += 1;
      open.add(fact.id);
    } else if (fact.kind === "members-made") {
      open.delete(fact.id);
      for (const { id } of fact.members) open.add(id);
    } else if (fact.kind === "run-retried") open.add(fact.id);
    else if (fact.kind === "run-plotted" && fact.attempt === undefined) open.delete(fact.id);
    else if (fact.kind === "command-state" && fact.state === "held") open.delete(fact.id);
  }
  return { taken, open };
}

/** What the ledger says of one attempt: each of these facts is of the command's latest claim. */
function factsOf(facts: readonly Fact[], attempt: string): readonly Fact[] {
  const claims = new Map<string, string>();
  return facts.filter((fact) => {
    if (fact.kind === "run-claimed") claims.set(fact.id, fact.spec.attempt);
    return "id" in fact && claims.get(fact.id) === attempt;
  });
}

/** A try is followed by one more where `retry` is written, there are tries left, and for its cause. */
function isTriedAgain(facts: readonly Fact[], attempt: string, cause: string): boolean {
  const commands = facts.flatMap((fact): readonly Pick<Member, "id" | "spec">[] => {
    if (fact.kind === "members-made") return fact.members;
    return fact.kind === "command-accepted" ? [fact] : [];
  });
  const spec = commands.find(({ id }) => id === attempt.replace(/-\d+$/, ""))?.spec;
  const tried = Number(/\d+$/.exec(attempt)?.[0]);
  return cause === "machine-restarted" && tried <= (spec?.retry?.times ?? 0);
}

/** What is wrong with how the commands of these rounds came out. */
async function wrongs(rounds: Rounds): Promise<readonly string[]> {
  const found: string[] = [];
  const all = rounds.facts();
  const events = rounds.events();
  for (const name of readdirSync(rounds.attempts)) {
    const spec = await readSpec(join(rounds.attempts, name));
    if (spec === undefined) continue;
    const facts = factsOf(all, name);
    const count = (kind: Fact["kind"]): number => facts.filter((fact) => fact.kind === kind).length;
    const starts = events.filter(([what, id]) => what === "start" && id === name).length;
    const endsItself = events.some(([what, id]) => what === "end" && id === name);
    const ended = facts.find((fact) => fact.kind === "run-ended");
    if (ended?.kind !== "run-ended") {
      found.push(`${name} has no ending`);
      continue;
    }
    const { cause, exitCode } = ended.outcome;
    const says = cause.kind === "signal" ? cause.signal : cause.kind;
    const asked = Number(spec.args[spec.args.indexOf("--code") + 1]);
    const was = (which: "scripts" | "shims" | "machine"): boolean =>
      rounds.kills.some((kill) => kill[which].includes(name));
    const may = [
      asked === 0 ? "success" : "exit-code",
      ...(was("scripts") ? ["SIGKILL"] : []),
      // What else runs on this machine was killed for memory meanwhile: the two cannot be told apart.
      ...(was("scripts") && oomKills() > rounds.oomKills ? ["host-out-of-memory"] : []),
      ...(was("shims") ? ["lost"] : []),
      // Its shim was killed before it had claimed the attempt: then nothing can have started.
      ...(was("shims") && !existsSync(join(rounds.attempts, name, "claim"))
        ? ["start-failed"]
        : []),
      ...(was("machine") ? ["machine-restarted"] : []),
    ];
    const told = `${name} (${starts} starts, ${endsItself ? "ended itself" : "did not"}): ${says}`;
    if (starts > 1) found.push(`${told}: started more than once`);
    if (count("run-claimed") !== 1) found.push(`${told}: claimed ${count("run-claimed")} times`);
    if (count("run-exited") !== 1) found.push(`${told}: left ${count("run-exited")} times`);
    if (count("run-ended") !== 1) found.push(`${told}: ended ${count("run-ended")} times`);
    if (!may.includes(says)) found.push(`${told}: may only be ${may.join(", ")}`);
    if ((says === "success" || says === "exit-code") && (!endsItself || exitCode !== asked)) {
      found.push(`${told}: code ${exitCode}, the script's was ${asked}`);
    }
    if (starts === 0 && says === "success") found.push(`${told}: never ran`);
    const again = count("run-retried") === 1;
    if (again !== isTriedAgain(all, name, says)) found.push(`${told}: tried again: ${again}`);
  }
  return found;
}

async function play(seed: number, kills: number): Promise<Readonly<Record<string, number>>> {
  const rounds = new Rounds(seed);
  const told: Record<string, number> = {};
  const add = (what: string, count = 1): void => {
    told[what] = (told[what] ?? 0) + count;
  };
  try {
    rounds.start();
    await rounds.watching();
    for (let done = 0; done < kills; done += 1) {
      if (done % 3 === 0) rounds.write(3 + (done === 0 ? 3 : 0));
      await rounds.round();
    }
    await rounds.settle();
    assert.deepEqual(await wrongs(rounds), [], `seed ${seed}: ${JSON.stringify(rounds.kills)}`);
    // Watchers of limits whose shim was killed have had their say by then.
    await pause(LIMIT_S * 1_000);
    await rounds.stopAll();
    assert.equal(rounds.livingVictims(), rounds.victims.length, `seed ${seed}: a stranger died`);
    const deadline = Date.now() + 10_000;
    while (rounds.left().length > 0 && Date.now() < deadline) await pause(50);
    assert.deepEqual(rounds.left(), [], `seed ${seed}: an orphan is left`);
    for (const { kind, scripts, shims } of rounds.kills) {
      add(`killed ${kind}`);
      add("scripts hit", scripts.length);
      add("shims hit", shims.length);
    }
    add("victims alive", rounds.victims.length);
    for (const fact of rounds.facts()) {
      if (fact.kind === "run-ended") add(`ended: ${fact.outcome.cause.kind}`);
      if (fact.kind === "members-made") add("sweeps");
      if (fact.kind === "run-retried") add("tried again");
      if (fact.kind === "run-claimed" && fact.spec.verb === "eval") add("evaluations");
      if (fact.kind === "run-claimed" && fact.spec.codeDir !== undefined) add("snapshots");
    }
    return told;
  } finally {
    await rounds.close();
  }
}

const without = noBox();

test("whatever is killed and when: one start, one true ending, no orphan, no stranger hurt", async (t) => {
  if (without !== undefined) {
    t.diagnostic(`not tried: no machine can be boxed here (${without})`);
    return;
  }
  t.diagnostic(`${KILLS} kills, NIGHTLAB_SEED=${SEED}`);
  const sum: Record<string, number> = {};
  for (let done = 0; done < KILLS; done += KILLS_PER_LAB) {
    const told = await play(SEED + done, Math.min(KILLS_PER_LAB, KILLS - done));
    for (const [what, count] of Object.entries(told)) sum[what] = (sum[what] ?? 0) + count;
    if (KILLS > KILLS_PER_LAB)
      t.diagnostic(`after ${done + KILLS_PER_LAB}: ${JSON.stringify(sum)}`);
  }
  t.diagnostic(JSON.stringify(sum));
});
