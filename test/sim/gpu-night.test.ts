// Nights of many runs on several GPUs, with all that a command may ask for at once: windows and GPU
// hours, sweeps, tries again, priorities, `after` and `if`, two labs, pauses; and with GPUs that fall
// off the bus, scripts, shims and daemons that die, reboots, full disks and clocks that jump.
// `NIGHTLAB_NIGHTS` is how many seeds are played on each number of GPUs, 200 runs each from two on.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { commandId, experimentPath } from "../../src/base/ids.ts";
import { Books } from "./gpu-night-books.ts";
import { Oracle } from "./gpu-night-oracle.ts";
import { dice, drawPlan, MINUTE, SECOND, type Plan } from "./gpu-night-wishes.ts";
import { Gpus } from "./gpus.ts";
import { EXPERIMENT, startNight, type Night } from "./night.ts";

const NIGHTS = Number(process.env["NIGHTLAB_NIGHTS"] ?? 1);
const WISHES = NIGHTS > 1 ? 180 : 24;
/** In which somebody writes and things go wrong. */
const EVENING_MS = (NIGHTS > 1 ? 50 : 12) * MINUTE;
const LOOK_MS = 250;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const LABS = [EXPERIMENT, experimentPath("/other-lab/exp")] as const;

class Evening {
  readonly night: Night;
  readonly gpus: Gpus;
  readonly books: Books;
  readonly oracle: Oracle;
  readonly #plan: Plan;
  readonly #random: () => number;
  readonly #below: (most: number) => number;
  readonly #due: { readonly atMs: number; readonly happen: () => void }[] = [];
  #fullInLife = -1;
  #resumeAtMs = Number.POSITIVE_INFINITY;

  constructor(seed: number, count: number) {
    this.#random = dice(seed + 7);
    this.#below = (most) => Math.floor(this.#random() * most);
    this.#plan = drawPlan(seed, count, WISHES);
    this.gpus = this.#drawGpus(count);
    const { fateOf, metricOf, settings, wishes } = this.#plan;
    const delays = dice(seed + 8);
    this.night = startNight({
      text: HEAD,
      settings,
      gpus: this.gpus,
      durationMs: (_, attempt) => fateOf(attempt).ms,
      exitCode: (_, attempt) => fateOf(attempt).code,
      cause: ({ attempt }) => {
        const end = this.night.machine.ends.find((one) => one.attempt === attempt);
        return end?.code === fateOf(attempt).code ? fateOf(attempt).cause : undefined;
      },
      metrics: (name) => ({ "val/loss": String(metricOf(name)) }),
      pollMs: 20 * SECOND,
      delayMs: () => 1 + Math.floor(delays() * 20),
    });
    for (const { name, brokenEnvironment } of wishes) {
      if (brokenEnvironment) this.night.machine.broken.set(name, "no such package");
    }
    this.books = new Books(this.night, this.#plan);
    this.oracle = new Oracle(this.night, this.gpus, this.#plan, this.books);
    this.#drawSaves();
    for (let i = 0; i < WISHES / 4; i += 1) this.#drawHappening();
    this.#due.sort((a, b) => a.atMs - b.atMs);
  }

  play(): void {
    this.night.pass(SECOND);
    const lastMs = EVENING_MS + 3 * 60 * MINUTE;
    while (this.night.machineMs() < lastMs) {
      for (; (this.#due[0]?.atMs ?? Infinity) <= this.night.machineMs(); this.#due.shift()) {
        this.#due[0]?.happen();
      }
      this.#letGoOn();
      this.night.pass(LOOK_MS);
      this.oracle.look();
      if (this.books.wrongs.length > 0 || (this.#due.length === 0 && this.#isOver())) break;
    }
    this.night.crashAtEffect(Infinity, 0);
    // What waits for a time of day that had passed when it was taken up.
    for (let i = 0; i < 26 * 60 && !this.#isOver() && this.books.wrongs.length === 0; i += 1) {
      this.night.pass(MINUTE);
      this.books.read();
      this.books.claims = [];
      this.#letGoOn();
    }
    this.night.pass(2 * MINUTE);
    this.books.read();
  }

  /** What has come out otherwise than it should have. */
  unlike(): readonly string[] {
    const commands = this.night.world().commands;
    const found = [...this.books.units.values()].flatMap((unit) => {
      const { state = "unknown", run, parent } = commands.get(commandId(unit.id)) ?? {};
      const is = run?.outcome === undefined ? state : `${state} ${run.outcome.cause.kind}`;
      const may = this.oracle.expected(unit);
      const shown = this.night.text(LABS[unit.wish.lab] ?? EXPERIMENT);
      const gone = this.books.touchesOf(unit.id).some(({ how }) => how === "deleted");
      const told = gone || parent !== undefined || shown.includes(`> **${state}** \`${unit.id}\``);
      const name = `${unit.wish.name} (${unit.id})`;
      return [
        ...(may.includes(is) ? [] : [`${name} is ${is}, not ${may.join(" or ")}`]),
        ...(told ? [] : [`${name} is ${state}, and its receipt says something else`]),
      ];
    });
    const known = new Set([...this.books.units.values()].map(({ wish }) => wish));
    const never = this.#plan.wishes.filter((wish) => !known.has(wish));
    return [...found, ...never.map(({ text }) => `${text} was never taken up`)];
  }

  #isOver(): boolean {
    const { commands } = this.night.world();
    const { units } = this.books;
    const known = new Set([...units.values()].map(({ wish }) => wish));
    if (known.size < this.#plan.wishes.length) return false;
    return [...units.values()].every((unit) => {
      const { state = "queued" } = commands.get(commandId(unit.id)) ?? {};
      if (state === "waiting") return unit.tries.length === 0 && this.oracle.gate(unit) === "wait";
      return !["queued", "preparing", "running"].includes(state);
    });
  }

  #drawGpus(count: number): Gpus {
    const spells = Array.from({ length: 5 }, () => ({
      // A GPU that nobody has seen yet is not missed.
      from: MINUTE + this.#below(EVENING_MS),
      forMs: 10 * SECOND + this.#below(120) * SECOND,
      index: this.#below(count),
      kind: this.#below(4),
      kills: this.#below(3) > 0,
    }));
    const during = (kind: number, index: number | undefined, nowMs: number): boolean =>
      spells.some(
        (one) =>
          one.kind === kind &&
          (index === undefined || one.index === index) &&
          nowMs >= one.from &&
          nowMs < one.from + one.forMs,
      );
    for (const { kind, kills, index, from } of spells) {
      // Off the bus: what ran on it dies of that.
      if ((kind !== 1 && kind !== 2) || !kills) continue;
      const happen = (): void => {
        for (const attempt of this.gpus.on(index)) this.night.machine.end(attempt, 9);
      };
      this.#due.push({ atMs: from, happen });
    }
    return new Gpus(count, {
      releaseMs: () => (this.#random() < 0.5 ? 0 : this.#below(6_000)),
      stranger: (index, nowMs) => during(0, index, nowMs),
      broken: (index, nowMs) => during(1, index, nowMs),
      unlisted: (index, nowMs) => during(2, index, nowMs),
      silent: (nowMs) => during(3, undefined, nowMs),
    });
  }

  /** All that is wished for, in some saves of either journal. */
  #drawSaves(): void {
    let atMs = SECOND;
    for (let from = 0; from < WISHES;) {
      const to = from + 1 + this.#below(WISHES / 4);
      const some = this.#plan.wishes.slice(from, to);
      for (const [lab] of LABS.entries()) {
        const texts = some.filter((wish) => wish.lab === lab).map(({ text }) => text);
        if (texts.length === 0) continue;
        this.#due.push({
          atMs: atMs + lab * SECOND,
          happen: () => this.#write(lab, texts.join("\n\n")),
        });
      }
      from = to;
      atMs += this.#below(EVENING_MS / 6);
    }
  }

  #write(lab: number, text: string): void {
    const experiment = LABS[lab] ?? EXPERIMENT;
    const before = this.night.text(experiment) || HEAD;
    this.night.save(`${before.trimEnd()}\n\n${text}\n`, { experiment });
  }

  #drawHappening(): void {
    const night = (): Night => this.night;
    const n = this.#below(20);
    const downMs = SECOND + this.#below(30) * SECOND;
    const pick = this.#random();
    const happenings = [
      () => night().crashAtEffect(n, downMs),
      () => night().crashAtEffect(n, downMs),
      () => night().crashAtEffect(0, 3 * downMs),
      () => night().reboot(downMs),
      () => this.#fillDisk(downMs),
      () => night().failWrites(1 + (n % 3)),
      () => this.#lose(pick),
      () => this.#jump((n - 10) * 20 * SECOND),
      () => this.#stop(pick),
      () => this.#stop(pick),
      () => this.#delete(pick),
      () => this.#prefer(pick, n % 7),
      () => this.#prefer(pick, n % 7),
      () => this.#ask(n % 3 === 0 ? "drain" : "pause"),
    ];
    const happen = happenings[this.#below(happenings.length)] ?? ((): void => undefined);
    this.#due.push({ atMs: this.#below(EVENING_MS), happen });
  }

  #fillDisk(downMs: number): void {
    this.#fullInLife = this.night.machine.life;
    this.night.fillDisk(downMs);
  }

  /** Nobody there to ask, or nothing can be made durable: a command line would say so. */
  #isDeaf(): boolean {
    return this.night.upSinceMs() === undefined || this.#fullInLife === this.night.machine.life;
  }

  #lose(pick: number): void {
    const running = this.night.machine.running();
    const one = running[Math.floor(pick * running.length)];
    if (one !== undefined) this.night.machine.lose(one);
  }

  #jump(byMs: number): void {
    this.night.setClock(byMs);
    this.oracle.clockJumped(byMs);
  }

  /** Something that runs, waits or is about to be tried again. */
  #stop(pick: number): void {
    const open = [...this.books.units.values()].filter((unit) => {
      const last = unit.tries.at(-1);
      return last?.endMs === undefined || this.oracle.again(unit) === "yes";
    });
    const unit = open[Math.floor(pick * open.length)];
    const inJournal = this.#isDeaf() || pick < 0.5;
    if (unit === undefined) return;
    this.books.touch(unit.id, "stopped");
    if (inJournal) this.#write(unit.wish.lab, `stop: ${unit.id}`);
    else this.night.post({ kind: "stop-asked", id: commandId(unit.id) });
  }

  /** Something on a line of its own that has not begun, where its receipt does not matter. */
  #untouched(pick: number) {
    const lines = [...this.books.units.values()].filter(
      ({ id, wish, tries, member }) =>
        tries.length === 0 &&
        member === 0 &&
        wish.verb === "run" &&
        wish.text.startsWith("run:") &&
        // Else its evaluation would be taken for the same line with another verb.
        !this.#plan.wishes.some((other) => other.verb === "eval" && other.name === wish.name) &&
        this.books.touchesOf(id).length === 0 &&
        this.night.text(LABS[wish.lab] ?? EXPERIMENT).includes(`\n${wish.text}\n`),
    );
    return lines[Math.floor(pick * lines.length)];
  }

  #delete(pick: number): void {
    const unit = this.#untouched(pick);
    if (unit === undefined) return;
    const experiment = LABS[unit.wish.lab] ?? EXPERIMENT;
    this.books.touch(unit.id, "deleted");
    const text = this.night.text(experiment).replace(`\n${unit.wish.text}\n`, "\n");
    this.night.save(text, { experiment });
  }

  #prefer(pick: number, priority: number): void {
    const unit = this.#untouched(pick);
    if (unit === undefined || unit.wish.priority > 0) return;
    const experiment = LABS[unit.wish.lab] ?? EXPERIMENT;
    const { name, text: line } = unit.wish;
    const edited = line.replace(`run: ${name}`, `run: ${name} priority=${priority}`);
    this.oracle.prefer(unit.id, priority);
    this.night.save(this.night.text(experiment).replace(`\n${line}\n`, `\n${edited}\n`), {
      experiment,
    });
  }

  #ask(word: "pause" | "drain" | "resume"): void {
    const byHand = this.#isDeaf() || this.#below(2) === 0;
    this.oracle.ask(word);
    if (byHand) this.#write(this.#below(2), `queue: ${word}`);
    else this.night.post({ kind: "queue-asked", word });
  }

  /** Somebody sees after a while that the queue is paused. */
  #letGoOn(): void {
    const nowMs = this.night.machineMs();
    if (!this.books.paused) this.#resumeAtMs = nowMs + 5 * SECOND + this.#below(30) * SECOND;
    else if (nowMs >= this.#resumeAtMs) {
      this.#ask("resume");
      this.#resumeAtMs = nowMs + 20 * SECOND;
    }
  }
}

for (const count of [1, 4, 8]) {
  test(`on ${count} GPUs none is promised twice or left idle, and each command ends as it should`, (t) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
        const evening = new Evening(seed, count);
        evening.play();
        const { books, gpus, night } = evening;
        assert.deepEqual(gpus.wrongs.slice(0, 10), [], `seed ${seed}`);
        assert.deepEqual(books.wrongs.slice(0, 10), [], `seed ${seed}`);
        assert.deepEqual(evening.unlike(), [], `seed ${seed}`);
        t.diagnostic(
          `seed ${seed}: ${night.starts.length} starts in ${night.machineMs() / MINUTE} min`,
        );
      }),
      { numRuns: NIGHTS, endOnFailure: true },
    );
  });
}
