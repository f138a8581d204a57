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
  readonly spec: object;
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
      this.#waiting.push(unwanted === undefined ? job : { ...job, unwanted });
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
    if (this.#current !== undefined || this.#closed) return;
    const job = this.#waiting.shift();
    if (job === undefined) return this.#idle();
    this.#current = job;
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
