// What an onlooker of a night notes: which command was taken up when, which try of it got which
// place, and how the machine saw each one start and end. What is wrong with the ledger by itself, or
// against the machine, is found here; who could have started is worked out in gpu-night-oracle.ts.
import type { Fact } from "../../src/domain/fact.ts";
import type { Slot } from "../../src/domain/slot.ts";
import type { Plan, Wish } from "./gpu-night-wishes.ts";
import type { End, Start } from "./machine.ts";
import type { Night } from "./night.ts";

/** One try at one run. */
export interface Try {
  readonly attempt: string;
  readonly place: Slot;
  /** By the daemon's clock; all other times by the machine's, where it is not said. */
  readonly claimedAtMs: number;
  readonly claimedSeenMs: number;
  startMs?: number;
  endMs?: number;
  /** When it ended, and when the ledger says so, by the daemon's clock. */
  endedAtMs?: number;
  toldAtMs?: number;
  code?: number;
  gone?: End["gone"];
  saidAtMs?: number;
  /** Its ending as the ledger has it: `failed exit-code`. */
  said?: string;
}

/** One command that may hold a place: a wish, or one run of its sweep. */
export interface Unit {
  readonly id: string;
  readonly wish: Wish;
  /** Which run of a sweep, from 1; 0 for the command itself. */
  readonly member: number;
  readonly takenAtMs: number;
  /** Its place among all that were taken up. */
  readonly order: number;
  readonly tries: Try[];
}

/** Somebody's hand on a command. */
export interface Touch {
  readonly atMs: number;
  readonly how: "stopped" | "deleted" | "edited";
}

/** A run that left: whether it failed within seconds, or that nothing can be said of it. */
export interface Left {
  readonly unit: Unit;
  readonly young: boolean | undefined;
  readonly endedAtMs: number;
}

const YOUNG_MS = 10_000;

export class Books {
  /** What should never be, in words. */
  readonly wrongs: string[] = [];
  readonly units = new Map<string, Unit>();
  /** Those that were made since somebody took them from here. */
  claims: (readonly [Unit, Try])[] = [];
  /** Runs that left since the queue was last paused or let go, the oldest first. */
  row: Left[] = [];
  /** Commands that were edited and are not taken up again yet. */
  readonly settling = new Set<string>();
  paused = false;
  pausedItself = false;
  readonly #night: Night;
  readonly #plan: Plan;
  readonly #members = new Map<string, readonly string[]>();
  readonly #byName = new Map<string, string>();
  readonly #touched = new Map<string, Touch[]>();
  #facts = 0;
  #starts = 0;
  #ends = 0;

  constructor(night: Night, plan: Plan) {
    this.#night = night;
    this.#plan = plan;
  }

  wrong(what: string): void {
    this.wrongs.push(`${Math.round(this.#night.machineMs() / 100) / 10} s: ${what}`);
  }

  touch(id: string, how: Touch["how"]): void {
    const touch = { atMs: this.#night.machineMs(), how };
    this.#touched.set(id, [...this.touchesOf(id), touch]);
    if (how === "edited") this.settling.add(id);
  }

  touchesOf(id: string): readonly Touch[] {
    return this.#touched.get(id) ?? [];
  }

  /** What the name of a run means: of a sweep that has begun all of its runs. */
  named(lab: number, name: string): readonly Unit[] {
    const id = this.#byName.get(`${lab} run ${name}`);
    if (id === undefined) return [];
    return (this.#members.get(id) ?? [id]).flatMap((one) => this.units.get(one) ?? []);
  }

  /** Takes what happened since the last time. */
  read(): void {
    for (const fact of this.#night.facts(this.#facts)) {
      this.#facts += 1;
      this.#take(fact);
    }
    this.#readMachine();
    const { starts } = this.#night;
    for (; this.#starts < starts.length; this.#starts += 1) {
      this.wrong(`${starts[this.#starts]?.attempt} was started and never claimed`);
    }
  }

  /** What the machine saw, up to where it is ahead of the facts that were read. */
  #readMachine(): void {
    const { starts, machine } = this.#night;
    for (const start of starts.slice(this.#starts)) {
      if (!this.#started(start)) break;
      this.#starts += 1;
    }
    for (const end of machine.ends.slice(this.#ends)) {
      if (!this.#left(end)) break;
      this.#ends += 1;
    }
  }

  #take(fact: Fact): void {
    if (fact.kind === "command-accepted") this.#accepted(fact);
    else if (fact.kind === "command-edited") this.settling.delete(fact.id);
    else if (fact.kind === "members-made") this.#membersMade(fact);
    else if (fact.kind === "queue-paused") this.#pausedOrNot(fact);
    else if (fact.kind === "run-claimed") this.#claimed(fact);
    else if (fact.kind === "run-exited") this.#told(fact);
    else if (fact.kind === "run-ended") {
      const one = this.units.get(fact.id)?.tries.at(-1);
      if (one === undefined) return;
      if (one.said !== undefined) this.wrong(`${one.attempt} has two endings`);
      one.saidAtMs = fact.atMs;
      one.said = `${fact.outcome.ending} ${fact.outcome.cause.kind}`;
    }
  }

  #accepted({ id, spec, experiment, atMs }: Extract<Fact, { kind: "command-accepted" }>): void {
    if (spec.verb !== "run" && spec.verb !== "eval") return;
    const lab = experiment.startsWith("/lab/") ? 0 : 1;
    const key = `${lab} ${spec.verb} ${spec.target}`;
    const wish = this.#plan.wishes.find((one) => `${one.lab} ${one.verb} ${one.name}` === key);
    if (wish === undefined) {
      this.wrong(`${key} was never written`);
      return;
    }
    if (this.#byName.has(key)) this.wrong(`${key} was taken up twice`);
    this.#byName.set(key, id);
    const order = this.#byName.size;
    this.units.set(id, { id, wish, member: 0, takenAtMs: atMs, order, tries: [] });
  }

  #membersMade({ id, members }: Extract<Fact, { kind: "members-made" }>): void {
    const head = this.units.get(id);
    if (head === undefined) return;
    this.units.delete(id);
    if (members.length !== head.wish.seeds) this.wrong(`${id} has ${members.length} runs`);
    const ids = members.map((member) => member.id);
    ids.forEach((member, i) => {
      this.units.set(member, { ...head, id: member, member: i + 1, tries: [] });
      for (const { how } of this.touchesOf(id)) this.touch(member, how);
    });
    this.#members.set(id, ids);
  }

  #claimed({ id, spec, atMs }: Extract<Fact, { kind: "run-claimed" }>): void {
    const unit = this.units.get(id);
    const { attempt, place } = spec;
    if (unit === undefined || place === undefined) {
      this.wrong(`${attempt} was claimed for nobody`);
      return;
    }
    if (this.paused) this.wrong(`${attempt} was claimed in a paused queue`);
    if (attempt !== `${id}-${unit.tries.length + 1}`) this.wrong(`${attempt} is out of its order`);
    const one = { attempt, place, claimedAtMs: atMs, claimedSeenMs: this.#night.machineMs() };
    unit.tries.push(one);
    this.claims.push([unit, one]);
  }

  #told({ id, exit, known, atMs }: Extract<Fact, { kind: "run-exited" }>): void {
    const unit = this.units.get(id);
    const one = unit?.tries.at(-1);
    if (unit === undefined || one === undefined) return;
    this.#readMachine();
    if (one.toldAtMs !== undefined) this.wrong(`${one.attempt} was told to have ended twice`);
    one.toldAtMs = atMs;
    if (one.startMs !== undefined && one.endMs === undefined) {
      this.wrong(`${one.attempt} was told to have ended and has not`);
    }
    if (one.endMs === undefined) {
      // Stopped before anything started.
      one.endMs = this.#night.machineMs();
      one.endedAtMs = atMs;
      one.code = 143;
    }
    if (exit === undefined && known?.ending === "lost") return;
    const left = { unit, young: this.#diedYoung(one), endedAtMs: one.endedAtMs ?? atMs };
    // The same one once more tells nothing new.
    this.row = [...this.row.filter((other) => other.unit !== unit), left];
  }

  #diedYoung({ attempt, startMs, endMs = 0, claimedSeenMs, code, gone }: Try): boolean | undefined {
    const stopped = this.touchesOf(attempt.replace(/-\d+$/, "")).some(
      ({ how }) => how === "stopped",
    );
    if (stopped || code === 143) return undefined;
    const ranMs = endMs - (startMs ?? claimedSeenMs);
    // A second this way or that cannot be told from here.
    if (Math.abs(ranMs - YOUNG_MS) < 1_000) return undefined;
    return (code !== 0 || gone === "environment") && ranMs < YOUNG_MS;
  }

  #pausedOrNot({ paused, why, died = [] }: Extract<Fact, { kind: "queue-paused" }>): void {
    this.paused = paused;
    this.pausedItself = paused && why !== undefined;
    if (this.pausedItself && !this.#isRow(died)) {
      this.wrong(`the queue paused itself over ${died.join(", ")}`);
    }
    this.row = [];
  }

  /** Whether these died young, one after the other, and all had been written before that began. */
  #isRow(ids: readonly string[]): boolean {
    const last = this.row.slice(-ids.length);
    const [first] = last;
    return (
      ids.length === 3 &&
      last.length === 3 &&
      last.every(
        ({ unit, young }, i) =>
          unit.id === ids[i] &&
          young !== false &&
          unit.takenAtMs <= (first?.endedAtMs ?? 0) + 1_000,
      )
    );
  }

  #tryOf(attempt: string): readonly [Unit, Try] | undefined {
    const unit = this.units.get(attempt.replace(/-\d+$/, ""));
    const one = unit?.tries.find((other) => other.attempt === attempt);
    return unit === undefined || one === undefined ? undefined : [unit, one];
  }

  #started({ attempt, atMs, args }: Start): boolean {
    const [unit, one] = this.#tryOf(attempt) ?? [];
    if (unit === undefined || one === undefined) return false;
    if (one.startMs !== undefined) this.wrong(`${attempt} was started twice`);
    one.startMs = atMs;
    if (unit.wish.retry?.halves !== true) return true;
    const size = String(64 / 2 ** (unit.tries.length - 1));
    if (args[args.indexOf("--batch-size") + 1] !== size) {
      this.wrong(`${attempt} was started with ${args.join(" ")}, not with ${size}`);
    }
    return true;
  }

  #left({ attempt, atMs, code, gone }: End): boolean {
    const [, one] = this.#tryOf(attempt) ?? [];
    if (one === undefined) return false;
    one.endMs = atMs;
    one.endedAtMs = this.#night.now() - (this.#night.machineMs() - atMs);
    if (code !== undefined) one.code = code;
    if (gone !== undefined) one.gone = gone;
    return true;
  }
}
