// Draws plots in a child process that is started when needed and ended when idle, because drawing
// takes memory that the daemon must not keep. The child's program is render-child.ts.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { extname, join } from "node:path";
import type { RenderReply, RenderRequest } from "./render-protocol.ts";

/** The drawing process ends after this long without work: it takes about 200 MB. */
const RENDER_IDLE_MS = 20_000;
/** Timeout of one picture: it takes 0.1 s, with a cold start on a busy machine 5 s. */
const RENDER_MS = 30_000;
/** Attempts at a picture whose drawing process dies: if it dies twice, the spec is the cause. */
const RENDER_ATTEMPTS = 2;
/**
 * Pictures of runs that go on take at most this share of a core: twenty of them would otherwise draw
 * without a pause. Those of runs that have ended do not wait.
 */
const LIVE_SHARE = 0.5;
/** Whoever has the turn asks for its picture within this time, or loses it. */
const TURN_MS = 200;
/** Limit of the drawing process's JavaScript heap, in MB: a picture needs under 100. */
const RENDER_HEAP_MB = 256;
/** Plots until the drawing process is replaced: each adds about 0.7 MB to its memory. */
export const RENDER_PLOTS = 100;

export interface Renderer {
  /**
   * The image of a Vega-Lite spec as lossless WebP, at two image pixels for each pixel of the spec.
   * Rejects with the reason if the spec cannot be drawn, takes too long, or kills the drawing
   * process each time; other specs are not affected. A spec that still waits when `unwanted` is
   * aborted is dropped, and rejects.
   */
  readonly render: (spec: object, unwanted?: AbortSignal) => Promise<{ readonly webp: Uint8Array }>;
  /**
   * Resolves when everything that was asked for earlier is drawn, so that what is drawn next with
   * the same `unwanted` shows what is known then; to be called back where nothing is. Never rejects.
   */
  readonly turn: (unwanted: AbortSignal) => Promise<() => void>;
  /** Ends the drawing process, and resolves when it has exited; pending specs reject. */
  readonly close: () => Promise<void>;
}

export interface RendererOptions {
  readonly idleMs?: number;
  /** Timeout of one image, including a start of the process. */
  readonly renderMs?: number;
  /** The program of the drawing process; tests replace it. */
  readonly program?: string;
}

interface Job {
  /** Absent: it is only a turn. */
  readonly spec?: object;
  readonly resolve: (result: { readonly webp: Uint8Array }) => void;
  readonly reject: (error: Error) => void;
  readonly unwanted?: AbortSignal;
  attemptsLeft: number;
}

// The compiled sources have another extension.
const PROGRAM = join(import.meta.dirname, `render-child${extname(import.meta.filename)}`);

/** Makes a renderer; no process is started before the first `render`. */
export function createRenderer(options: RendererOptions = {}): Renderer {
  const drawing = new DrawingProcess(options);
  return {
    render: (spec, unwanted) => drawing.render(spec, unwanted),
    turn: (unwanted) => drawing.turn(unwanted),
    close: () => drawing.close(),
  };
}

/**
 * The drawing process, present or not, and the jobs that wait for it.
 *
 *   none ──next()──► busy ──reply──► idle ──next()──► busy
 *    ▲                │ exit, timeout  │ idleMs
 *    └────────────────┴────────────────┘
 */
class DrawingProcess {
  readonly #idleMs: number;
  readonly #renderMs: number;
  readonly #program: string;
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  /** When the current picture was begun, and until when pictures of runs that go on wait, ms. */
  #begunAtMs = 0;
  #restUntilMs = 0;
  /** Whose turn it is: nothing else is begun for TURN_MS. */
  #turnOf: AbortSignal | undefined;
  /** Replies of the current process. */
  #drawn = 0;
  #closed = false;

  constructor({ idleMs, renderMs, program }: RendererOptions) {
    this.#idleMs = idleMs ?? RENDER_IDLE_MS;
    this.#renderMs = renderMs ?? RENDER_MS;
    this.#program = program ?? PROGRAM;
  }

  render(spec: object, unwanted?: AbortSignal): Promise<{ readonly webp: Uint8Array }> {
    if (this.#closed)
      return Promise.reject(new Error("Cannot draw a plot: the renderer is closed"));
    return new Promise((resolve, reject) => {
      const job: Job = { spec, resolve, reject, attemptsLeft: RENDER_ATTEMPTS };
      const hasTurn = unwanted !== undefined && unwanted === this.#turnOf;
      if (hasTurn) this.#turnOf = undefined;
      const whole = unwanted === undefined ? job : { ...job, unwanted };
      if (hasTurn) this.#waiting.unshift(whole);
      else this.#waiting.push(whole);
      this.#next();
    });
  }

  turn(unwanted: AbortSignal): Promise<() => void> {
    const end = (): void => this.#endTurn(unwanted);
    if (this.#closed) return Promise.resolve(end);
    return new Promise((resolve) => {
      const done = (): void => resolve(end);
      this.#waiting.push({ resolve: done, reject: done, unwanted, attemptsLeft: 0 });
      this.#next();
    });
  }

  /** Checked between two pictures: an abort listener per job would live as long as the run. */
  #dropUnwanted(): void {
    for (const job of this.#waiting.filter(({ unwanted }) => unwanted?.aborted === true)) {
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      job.reject(new Error("Cannot draw a plot: it is not wanted any more"));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiting = [this.#current, ...this.#waiting.splice(0)];
    this.#current = undefined;
    for (const job of waiting)
      job?.reject(new Error("Cannot draw a plot: the renderer was closed"));
    const child = this.#child;
    this.#end();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    await new Promise((resolve) => child.once("exit", resolve));
  }

  #next(): void {
    this.#dropUnwanted();
    if (this.#current !== undefined || this.#turnOf !== undefined || this.#closed) return;
    if (this.#waiting.length === 0) return this.#idle();
    const restMs = this.#restUntilMs - performance.now();
    // The rest is before a turn; who had it goes on at once.
    const at = this.#waiting.findIndex((one) => restMs <= 0 || one.unwanted === undefined);
    if (at < 0) {
      this.#wait(restMs, () => this.#next());
      return;
    }
    const [job] = this.#waiting.splice(at, 1);
    if (job === undefined) return;
    if (job.spec === undefined) {
      this.#giveTurn(job);
      return;
    }
    this.#current = job;
    this.#begunAtMs = performance.now();
    if (this.#drawn >= RENDER_PLOTS) this.#end();
    const child = (this.#child ??= this.#start());
    // A process that draws keeps the daemon alive until its reply; an idle one does not.
    child.ref();
    child.channel?.ref();
    this.#wait(this.#renderMs, () => {
      this.#end();
      this.#settle((late) => late.reject(new Error(tooSlow(this.#renderMs))));
    });
    this.#lastId += 1;
    const request: RenderRequest = { id: this.#lastId, spec: job.spec };
    child.send(request, (error) => {
      if (error !== null) this.#died(child, error.message);
    });
  }

  #giveTurn({ unwanted, resolve }: Job): void {
    this.#turnOf = unwanted;
    this.#wait(TURN_MS, () => this.#endTurn(unwanted));
    resolve({ webp: new Uint8Array() });
  }

  #endTurn(unwanted: AbortSignal | undefined): void {
    if (this.#turnOf !== unwanted) return;
    this.#turnOf = undefined;
    clearTimeout(this.#timer);
    this.#next();
  }

  #start(): ChildProcess {
    this.#drawn = 0;
    const child = fork(this.#program, [], {
      serialization: "advanced",
      // The child must not inherit this process's flags, such as --test.
      execArgv: [
        `--max-old-space-size=${RENDER_HEAP_MB}`,
        "--max-semi-space-size=8",
        "--no-warnings",
      ],
      // With glibc's default number of arenas the process takes a third more memory.
      env: { ...process.env, TZ: "UTC", MALLOC_ARENA_MAX: "2" },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.on("message", (reply: RenderReply) => {
      if (child === this.#child && reply.id === this.#lastId) this.#answered(reply);
    });
    child.on("error", (error) => this.#died(child, error.message));
    child.on("exit", (code, signal) => this.#died(child, `it ended with ${signal ?? code}`));
    return child;
  }

  #answered(reply: RenderReply): void {
    this.#drawn += 1;
    const now = performance.now();
    if (this.#current?.unwanted !== undefined) {
      this.#restUntilMs = now + (now - this.#begunAtMs) * (1 / LIVE_SHARE - 1);
    }
    this.#settle((job) => {
      if (reply.kind === "drawn") job.resolve({ webp: reply.webp });
      else job.reject(new Error(`Cannot draw a plot: ${reply.message}`));
    });
  }

  /** The process died by itself; the spec may or may not be the cause. */
  #died(child: ChildProcess, cause: string): void {
    if (child !== this.#child) return;
    this.#end();
    const job = this.#current;
    if (job === undefined) return;
    job.attemptsLeft -= 1;
    if (job.attemptsLeft > 0) {
      this.#current = undefined;
      this.#waiting.unshift(job);
      this.#next();
    } else {
      const times = `${RENDER_ATTEMPTS} times`;
      this.#settle(() =>
        job.reject(new Error(`Cannot draw a plot: the drawing process died ${times}, ${cause}`)),
      );
    }
  }

  /** Ends the current job with `settle`, and starts the next one. */
  #settle(settle: (job: Job) => void): void {
    const job = this.#current;
    this.#current = undefined;
    clearTimeout(this.#timer);
    if (job !== undefined) settle(job);
    this.#next();
  }

  /** Ends the process after a while without work. */
  #idle(): void {
    if (this.#child === undefined) return;
    this.#child.unref();
    this.#child.channel?.unref();
    this.#wait(this.#idleMs, () => this.#end()).unref();
  }

  #wait(afterMs: number, act: () => void): NodeJS.Timeout {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, afterMs);
    return this.#timer;
  }

  /** SIGKILL is safe: the process has no state that could be lost. */
  #end(): void {
    clearTimeout(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
    child?.unref();
    child?.channel?.unref();
  }
}

const tooSlow = (renderMs: number): string =>
  `Cannot draw a plot: it took longer than ${renderMs / 1000} s`;
