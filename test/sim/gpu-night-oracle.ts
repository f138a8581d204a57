// Who could start when, and what must have become of each command: worked out from what was written
// and from what the machine saw, apart from the code under test.
import type { Books, Try, Unit } from "./gpu-night-books.ts";
import { CPU_SLOTS, MINUTE, openAt, SECOND, type Plan } from "./gpu-night-wishes.ts";
import type { Gpus } from "./gpus.ts";
import type { Night } from "./night.ts";

/** `maybe`: two things happened at nearly one time, and either may have come first. */
type Answer = "yes" | "no" | "maybe";
/** What stands in a command's way for good, or until something else has ended. */
type Gate = "open" | "wait" | "held" | "skipped" | "maybe";
type Standing = "goes on" | "done" | "bad" | "over";

/** Told within this time of a save or an end, whenever the daemon is there. */
const SOON_MS = 3 * SECOND;
/** After its return the daemon looks at journals, runs and GPUs before anything starts. */
const BACK_MS = 2 * SECOND;
/** A clock that jumped is known to all timers by then. */
const JUMP_MS = 35 * SECOND;
/** GPU time that the onlooker's books may be wrong by. */
const BUDGET_MS = 30 * SECOND;

export class Oracle {
  readonly #night: Night;
  readonly #gpus: Gpus;
  readonly #plan: Plan;
  readonly #books: Books;
  readonly #priority = new Map<string, number>();
  /** Since when each unit could start, and was ready but for a place, without a break. */
  #could = new Map<string, number>();
  #ready = new Map<string, number>();
  #own: { readonly atMs: number; readonly count: number }[] = [];
  #asked: { readonly atMs: number; readonly word: "pause" | "drain" | "resume" } | undefined;
  #setBack = false;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;

  constructor(night: Night, gpus: Gpus, plan: Plan, books: Books) {
    this.#night = night;
    this.#gpus = gpus;
    this.#plan = plan;
    this.#books = books;
  }

  /** Somebody gives a command another priority, which counts when the line has settled. */
  prefer(id: string, priority: number): void {
    this.#books.touch(id, "edited");
    this.#priority.set(id, priority);
  }

  ask(word: "pause" | "drain" | "resume"): void {
    this.#asked = { atMs: this.#night.machineMs(), word };
  }

  clockJumped(byMs: number): void {
    this.#setBack ||= byMs < 0;
    this.#jumpedAtMs = this.#night.machineMs();
  }

  /** Takes what happened since the last look, then looks at what could be. */
  look(): void {
    this.#books.read();
    for (const [unit, one] of this.#books.claims) this.#judgeClaim(unit, one);
    this.#books.claims = [];
    for (const unit of this.#books.units.values()) this.#lookAtUnit(unit);
    this.#lookAtQueue();
    this.#lookAtPause();
  }

  /** Whether the daemon has had the time to act on what happened at a moment. */
  #actedOn(atMs: number): boolean {
    const upSinceMs = this.#night.upSinceMs();
    if (upSinceMs === undefined) return false;
    return this.#night.machineMs() > Math.max(atMs, upSinceMs) + SOON_MS;
  }

  /** Somebody stopped or deleted it, and when. */
  #takenBack({ id }: Unit): number | undefined {
    return this.#books.touchesOf(id).find(({ how }) => how !== "edited")?.atMs;
  }

  /** Whether a try that has ended is to be followed by another one. */
  again(unit: Unit): Answer {
    const { wish, tries } = unit;
    const last = tries.at(-1);
    if (last === undefined || this.#takenBack(unit) !== undefined) return "no";
    const why = causeOf(last, this.#plan);
    const { retry } = wish;
    if (retry === undefined || why === undefined || !retry.on.includes(why)) return "no";
    if (tries.length > retry.times) return "no";
    return this.#endedWithWindow(unit, last) ? "maybe" : "yes";
  }

  /** A try that ended by itself at nearly the time at which its window would have ended it. */
  #endedWithWindow({ wish, takenAtMs }: Unit, { claimedAtMs, endedAtMs = 0 }: Try): boolean {
    if (wish.when?.kind !== "shift" || wish.when.stops === undefined) return false;
    const endMs = openAt(wish.when, claimedAtMs, takenAtMs)?.endMs ?? 0;
    return endedAtMs > endMs - SOON_MS;
  }

  #standing(unit: Unit): Standing {
    const last = unit.tries.at(-1);
    const backMs = this.#takenBack(unit);
    if (last === undefined) {
      if (backMs !== undefined) return this.#actedOn(backMs + 10 * SECOND) ? "bad" : "over";
      return this.gate(unit) === "skipped" ? "bad" : "goes on";
    }
    if (last.endMs === undefined) return "goes on";
    const again = this.again(unit);
    if (again === "yes") return "goes on";
    if (backMs !== undefined || again === "maybe" || this.#endedWithWindow(unit, last))
      return "over";
    return last.code === 0 ? "done" : "bad";
  }

  #standingOf(lab: number, name: string): Standing {
    const all = this.#books.named(lab, name).map((unit) => this.#standing(unit));
    for (const one of ["goes on", "over", "bad"] as const) if (all.includes(one)) return one;
    return all.length === 0 ? "goes on" : "done";
  }

  /** What the runs that a command comes after, and what one of them showed, make of it. */
  gate({ wish, member }: Unit): Gate {
    if (member > 0) return "open";
    const { lab, after, if: shown } = wish;
    const found: Gate[] = [];
    if (after !== undefined) {
      const standing = this.#standingOf(lab, after.name);
      if (standing === "goes on") found.push("wait");
      else if (!after.any && standing !== "done") found.push(standing === "bad" ? "held" : "maybe");
      // Nobody knows whether it is over or about to go on.
      else if (standing === "over") found.push("maybe");
    }
    if (shown !== undefined) {
      const standing = this.#standingOf(lab, shown.name);
      const holds = this.#plan.metricOf(shown.name) < shown.below;
      if (standing === "goes on") found.push("wait");
      else if (standing === "over") found.push("maybe");
      else if (standing === "bad") found.push("held");
      else if (!holds) found.push("skipped");
    }
    for (const one of ["maybe", "held", "skipped", "wait"] as const) {
      if (found.includes(one)) return one;
    }
    return "open";
  }

  /** Whether it needs nothing but a place; what has been so for less than `slackMs` may be unknown. */
  #readiness(unit: Unit, nowMs: number, slackMs: number): Answer {
    const { wish, tries, takenAtMs, id } = unit;
    const last = tries.at(-1);
    const backMs = this.#takenBack(unit);
    if (backMs !== undefined) return this.#actedOn(backMs) ? "no" : "maybe";
    if (last !== undefined && last.endMs === undefined) return "no";
    const answers: Answer[] = [];
    if (last !== undefined) {
      const again = this.again(unit);
      if (again === "no") return "no";
      answers.push(again, this.#delayIsOver(unit, last, nowMs));
    } else {
      const gate = this.gate(unit);
      if (gate !== "open") return gate === "maybe" ? "maybe" : "no";
    }
    if (this.#books.settling.has(id)) answers.push("maybe");
    // A moment is for the start of a sweep, a window for each of its runs.
    const when = unit.member > 0 && wish.when?.kind === "moment" ? undefined : wish.when;
    if (when !== undefined) {
      if (openAt(when, nowMs, takenAtMs) === undefined) return "no";
      const jumped = this.#night.machineMs() - this.#jumpedAtMs < JUMP_MS;
      if (jumped || openAt(when, nowMs - slackMs, takenAtMs) === undefined) answers.push("maybe");
      answers.push(this.#budget(unit, nowMs));
    }
    return answers.includes("no") ? "no" : answers.includes("maybe") ? "maybe" : "yes";
  }

  #delayIsOver({ wish, tries }: Unit, last: Try, nowMs: number): Answer {
    const tried = tries.length;
    const byItself = last.gone === undefined ? ([1, 5, 15][tried - 1] ?? 15) * MINUTE : 0;
    if (last.saidAtMs === undefined) return "maybe";
    const overMs = last.saidAtMs + (wish.retry?.delayMs ?? byItself);
    if (Math.abs(nowMs - overMs) < SECOND / 2) return "maybe";
    return nowMs > overMs ? "yes" : "no";
  }

  /** Whether the GPU hours of its window suffice for it. */
  #budget({ wish, takenAtMs }: Unit, nowMs: number): Answer {
    const { when } = wish;
    if (when?.kind !== "shift" || when.gpuMs === undefined || wish.gpus === 0) return "yes";
    const occurrence = openAt(when, nowMs, takenAtMs);
    if (occurrence === undefined) return "no";
    // Times of before and after cannot be added up.
    if (this.#setBack) return "maybe";
    const { startMs, endMs } = occurrence;
    const within = (from: number, to: number): number =>
      Math.max(0, Math.min(to, endMs) - Math.max(from, startMs));
    let least = 0;
    let most = 0;
    for (const unit of this.#books.units.values()) {
      if (unit.wish.lab !== wish.lab || unit.wish.gpus === 0) continue;
      const part = unit.wish.gpus / unit.wish.share;
      for (const one of unit.tries) {
        if (one.claimedAtMs >= nowMs) continue;
        const limit = within(nowMs, nowMs + unit.wish.limitMs) * part;
        least += within(one.claimedAtMs, one.endedAtMs ?? nowMs) * part;
        most += within(one.claimedAtMs, one.toldAtMs ?? nowMs) * part;
        if (one.toldAtMs === undefined) most += limit;
        if (one.endMs === undefined) least += Math.max(0, limit - (nowMs - one.claimedAtMs) * part);
      }
    }
    const wanted = (wish.gpus / wish.share) * Math.min(wish.limitMs, endMs - startMs);
    if (wanted <= when.gpuMs - most - BUDGET_MS) return "yes";
    return wanted > when.gpuMs - least + BUDGET_MS ? "no" : "maybe";
  }

  /** A claim that should not be: before its time, for want of a GPU that works, or out of turn. */
  #judgeClaim(unit: Unit, one: Try): void {
    const before = { ...unit, tries: unit.tries.filter((other) => other !== one) };
    if (this.#readiness(before, one.claimedAtMs, 0) === "no") {
      this.#books.wrong(`${told(unit)} was claimed before its time`);
    }
    const nowMs = this.#night.machineMs();
    if (one.place.kind === "gpus") {
      const { gpus, share } = one.place;
      if (share === 1 && gpus.length !== unit.wish.gpus) {
        this.#books.wrong(`${told(unit)} has ${gpus.length} GPUs`);
      }
      for (const { index } of gpus) {
        const why = share === 1 ? this.#gpus.troubleOf(index, nowMs, SOON_MS) : undefined;
        if (why !== undefined) this.#books.wrong(`${told(unit)} has GPU ${index}, ${why}`);
      }
    } else if (unit.wish.gpus !== 0) this.#books.wrong(`${told(unit)} is on the CPU`);
    const own = Math.min(...this.#own.map(({ count }) => count));
    for (const other of this.#books.units.values()) {
      const sinceMs = this.#ready.get(other.id) ?? nowMs;
      if (other === unit || nowMs - sinceMs < 1.5 * SECOND) continue;
      // It had its turn just before.
      if (other.tries.some(({ claimedSeenMs }) => claimedSeenMs === one.claimedSeenMs)) continue;
      const same = (other.wish.gpus === 0) === (unit.wish.gpus === 0);
      if (!same || other.wish.gpus > own || this.#before(other, unit) >= 0) continue;
      // What was claimed just before may have left it no GPU hours.
      if (this.#readiness(other, this.#night.now(), 0) !== "yes") continue;
      this.#books.wrong(`${told(unit)} was claimed, and it was the turn of ${told(other)}`);
    }
  }

  /** What the daemon should have done about a run by now. */
  #lookAtUnit(unit: Unit): void {
    const { wish, tries, takenAtMs } = unit;
    const last = tries.at(-1);
    if (last === undefined || last.toldAtMs !== undefined) return;
    const { startMs, endMs, claimedSeenMs, claimedAtMs } = last;
    if (startMs === undefined && endMs === undefined && this.#actedOn(claimedSeenMs)) {
      this.#once(`${last.attempt} was claimed and is not started`);
    }
    if (endMs !== undefined && this.#actedOn(endMs)) {
      this.#once(`${last.attempt} has ended, and nobody says so`);
    }
    if (endMs !== undefined || startMs === undefined) return;
    const backMs = this.#books.touchesOf(unit.id).find(({ how }) => how === "stopped")?.atMs;
    if (backMs !== undefined && this.#actedOn(Math.max(backMs, startMs))) {
      this.#once(`${last.attempt} was to be stopped and goes on`);
    }
    if (wish.when?.kind !== "shift" || wish.when.stops === undefined) return;
    const untilMs = openAt(wish.when, claimedAtMs, takenAtMs)?.endMs ?? 0;
    const overMs = this.#night.now() - untilMs;
    const jumped = this.#night.machineMs() - this.#jumpedAtMs < JUMP_MS;
    if (
      overMs > SOON_MS &&
      !jumped &&
      this.#actedOn(Math.max(startMs, this.#night.machineMs() - overMs))
    ) {
      this.#once(`${last.attempt} goes on after its window`);
    }
  }

  readonly #said = new Set<string>();
  #once(what: string): void {
    if (!this.#said.has(what)) this.#books.wrong(what);
    this.#said.add(what);
  }

  /** Gives out in mind what is free, in the order of the queue: who gets some and waits all the same? */
  #lookAtQueue(): void {
    const nowMs = this.#night.machineMs();
    const upSinceMs = this.#night.upSinceMs();
    const awake = upSinceMs !== undefined && nowMs - upSinceMs > BACK_MS && !this.#books.paused;
    const { ready, maybe } = this.#waiting();
    const could = awake ? this.#couldStart(ready, maybe) : [];
    const keep = (map: Map<string, number>, ids: readonly string[]): Map<string, number> =>
      new Map(ids.map((id) => [id, map.get(id) ?? nowMs]));
    this.#could = keep(this.#could, could);
    this.#ready = keep(this.#ready, awake ? [...ready].map(({ id }) => id) : []);
    const count = this.#gpus.states(nowMs).filter(({ ours }) => ours).length;
    this.#own = [...this.#own.filter(({ atMs }) => atMs > nowMs - SOON_MS), { atMs: nowMs, count }];
    for (const [id, sinceMs] of this.#could) {
      const unit = this.#books.units.get(id);
      if (nowMs - sinceMs <= SECOND || unit === undefined) continue;
      this.#books.wrong(`${told(unit)} could start since ${sinceMs / SECOND} s`);
      this.#could.delete(id);
    }
  }

  #waiting(): { readonly ready: ReadonlySet<Unit>; readonly maybe: ReadonlySet<Unit> } {
    const [ready, maybe] = [new Set<Unit>(), new Set<Unit>()];
    for (const unit of this.#books.units.values()) {
      const answer = this.#readiness(unit, this.#night.now(), SECOND / 2);
      if (answer === "yes") ready.add(unit);
      else if (answer === "maybe") maybe.add(unit);
    }
    return { ready, maybe };
  }

  #couldStart(ready: ReadonlySet<Unit>, maybe: ReadonlySet<Unit>): readonly string[] {
    const open = [...this.#books.units.values()].flatMap(({ tries }) =>
      tries.filter(({ endMs }) => endMs === undefined),
    );
    let slots = CPU_SLOTS - open.filter(({ place }) => place.kind === "cpu").length;
    const states = this.#gpus.states(this.#night.machineMs());
    const parts = new Map(states.map(({ index }) => [index, 0]));
    for (const { place } of open) {
      if (place.kind !== "gpus") continue;
      for (const { index } of place.gpus) {
        parts.set(index, (parts.get(index) ?? 0) + 1 / place.share);
      }
    }
    const works = (index: number): boolean => states[index]?.broken !== true;
    const free = states
      .filter(({ free: is, index }) => is && parts.get(index) === 0)
      .map((one) => one.index);
    const ours = states.filter(({ ours: is }) => is).length;
    const could: string[] = [];
    const inTurn = [...ready, ...maybe].toSorted((a, b) => this.#before(a, b));
    for (const [i, unit] of inTurn.entries()) {
      const { gpus, share, lab } = unit.wish;
      const next = inTurn[i + 1];
      // Taken up at one time in two labs: nobody promised either of them to be first.
      if (next !== undefined && next.wish.lab !== lab && this.#before(unit, next) === 0) break;
      let fits = false;
      if (gpus === 0) {
        slots -= 1;
        fits = slots >= 0;
      } else {
        const joined = [...parts].find(
          ([index, part]) => share > 1 && part > 0 && part + 1 / share <= 1 && works(index),
        )?.[0];
        const on = joined === undefined ? free.splice(0, free.length < gpus ? 0 : gpus) : [joined];
        for (const index of on) parts.set(index, (parts.get(index) ?? 0) + 1 / share);
        fits = on.length > 0;
        // What is free gathers for who needs more, and comes before the others.
        if (!fits && (ours >= gpus || maybe.has(unit))) break;
      }
      if (fits && ready.has(unit)) could.push(unit.id);
    }
    return could;
  }

  /** Whether the queue does what was last asked of it, and pauses where runs die young in a row. */
  #lookAtPause(): void {
    const { paused, pausedItself, row, units } = this.#books;
    const asked = this.#asked;
    if (asked !== undefined && this.#actedOn(asked.atMs)) {
      this.#asked = undefined;
      if ((asked.word === "resume") === paused && !pausedItself) {
        this.#books.wrong(
          `${asked.word} was asked, and the queue is ${paused ? "" : "not "}paused`,
        );
      }
    }
    const last = row.slice(-3);
    const [first] = last;
    const dies = ({ unit, young }: (typeof last)[number]): boolean =>
      young === true && unit.takenAtMs < (first?.endedAtMs ?? 0) - SECOND;
    if (paused || first === undefined || last.length < 3 || !last.every(dies)) return;
    const nowMs = this.#night.now();
    if ([...units.values()].some((unit) => this.#readiness(unit, nowMs, SECOND) === "yes")) {
      this.#once(`the queue goes on after ${last.map(({ unit }) => unit.id).join(", ")}`);
    }
  }

  /** What may have become of a command when all is over: the ledger's words for it. */
  expected(unit: Unit): readonly string[] {
    const last = unit.tries.at(-1);
    const back = this.#takenBack(unit) === undefined ? [] : ["cancelled", "stopped stopped"];
    if (last === undefined) {
      const gate = this.gate(unit);
      if (gate === "maybe") return [...back, "held", "skipped", "waiting"];
      return [...back, gate === "wait" ? "waiting" : gate];
    }
    const again = this.again(unit);
    if (again === "yes") return ["a further try"];
    const cut = last.code === 143 || this.#endedWithWindow(unit, last) ? ["stopped stopped"] : [];
    return [...back, ...cut, endingOf(last, this.#plan)];
  }

  /** The higher priority, then the older, then as written; 0 where nothing was promised of the two. */
  #before(a: Unit, b: Unit): number {
    const of = ({ id, wish }: Unit): number => this.#priority.get(id) ?? wish.priority;
    const order = of(b) - of(a) || a.takenAtMs - b.takenAtMs;
    if (order !== 0) return order;
    return a.wish.lab === b.wish.lab ? a.order - b.order || a.member - b.member : 0;
  }
}

/** `r007 seed 2 (k7f3.2)`. */
function told({ id, wish, member }: Unit): string {
  return `${wish.verb} ${wish.name}${member > 0 ? ` number ${member}` : ""} (${id})`;
}

function endingOf({ attempt, code, gone }: Try, plan: Plan): string {
  if (gone === "environment") return "failed environment";
  if (gone !== undefined) return `lost ${gone}`;
  if (code === 0) return "done success";
  const fate = plan.fateOf(attempt);
  return `failed ${code === fate.code ? (fate.cause?.kind ?? "exit-code") : "exit-code"}`;
}

function causeOf({ attempt, code, gone }: Try, plan: Plan): "oom" | "restart" | undefined {
  if (gone === "machine-restarted") return "restart";
  const fate = plan.fateOf(attempt);
  return code === fate.code && fate.cause?.kind === "gpu-out-of-memory" ? "oom" : undefined;
}
