// Draws plots in a process of its own, which is started when needed and ended when idle: drawing
// takes memory that the daemon must not keep. How a spec becomes an image is in render-child.ts.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { extname, join } from "node:path";
import type { RenderReply, RenderRequest } from "./render-protocol.ts";

/** The drawing process ends after this long without work: it holds some 200 MB. */
const RENDER_IDLE_MS = 20_000;
/** Longest time for one picture: a warm one takes 0.1 s, a cold start on a busy machine 5 s. */
const RENDER_MS = 30_000;
/** Tries of one picture whose drawing process died: the second shows whether it is to blame. */
const RENDER_TRIES = 2;
/** Memory of the drawing process for JavaScript values, in MB: a picture needs under 100. */
const RENDER_HEAP_MB = 256;
/** Plots that one drawing process makes: its memory grows by some 0.7 MB with each. */
export const RENDER_PLOTS = 100;

export interface Renderer {
  /**
   * The image of a Vega-Lite spec, lossless WebP at two pixels for each of the spec's. Rejects
   * with the reason when the spec cannot be drawn, takes too long, or ends the drawing process
   * each time; other specs are not touched by that. One that still waits is left out, and
   * rejects, once `unwanted` is aborted.
   */
  readonly render: (spec: object, unwanted?: AbortSignal) => Promise<{ readonly webp: Uint8Array }>;
  /** Ends the drawing process; what waits is rejected. */
  readonly close: () => Promise<void>;
}

export interface RendererOptions {
  readonly idleMs?: number;
  /** Longest time for one image, a start of the process included. */
  readonly renderMs?: number;
  /** The program of the drawing process; another one in tests only. */
  readonly program?: string;
}

interface Job {
  readonly spec: object;
  readonly resolve: (result: { readonly webp: Uint8Array }) => void;
  readonly reject: (error: Error) => void;
  readonly unwanted?: AbortSignal;
  triesLeft: number;
}

// Under another ending when the sources were compiled.
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
  /** Pictures that the current process has drawn. */
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
      const job: Job = { spec, resolve, reject, triesLeft: RENDER_TRIES };
      this.#waiting.push(unwanted === undefined ? job : { ...job, unwanted });
      this.#next();
    });
  }

  /** Asked between two pictures: a listener for each would stay as long as its run. */
  #leaveOut(): void {
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
    this.#leaveOut();
    if (this.#current !== undefined || this.#closed) return;
    const job = this.#waiting.shift();
    if (job === undefined) return this.#rest();
    this.#current = job;
    if (this.#drawn >= RENDER_PLOTS) this.#end();
    const child = (this.#child ??= this.#start());
    // A process that draws keeps the parent alive until its answer; one that is idle does not.
    child.ref();
    child.channel?.ref();
    this.#wait(this.#renderMs, () => {
      this.#end();
      this.#settle((late) => late.reject(new Error(tooSlow(this.#renderMs))));
    });
    this.#lastId += 1;
    const request: RenderRequest = { id: this.#lastId, spec: job.spec };
    child.send(request, (error) => {
      if (error !== null) this.#ended(child, error.message);
    });
  }

  #start(): ChildProcess {
    this.#drawn = 0;
    const child = fork(this.#program, [], {
      serialization: "advanced",
      // Flags of this process, such as --test, are none of the child's.
      execArgv: [
        `--max-old-space-size=${RENDER_HEAP_MB}`,
        "--max-semi-space-size=8",
        "--no-warnings",
      ],
      // glibc's many arenas would keep a third more memory.
      env: { ...process.env, TZ: "UTC", MALLOC_ARENA_MAX: "2" },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.on("message", (reply: RenderReply) => {
      if (child === this.#child && reply.id === this.#lastId) this.#answered(reply);
    });
    child.on("error", (error) => this.#ended(child, error.message));
    child.on("exit", (code, signal) => this.#ended(child, `it ended with ${signal ?? code}`));
    return child;
  }

  #answered(reply: RenderReply): void {
    this.#drawn += 1;
    this.#settle((job) => {
      if (reply.kind === "drawn") job.resolve({ webp: reply.webp });
      else job.reject(new Error(`Cannot draw a plot: ${reply.message}`));
    });
  }

  /** The process is gone though it was not told to: the spec may be to blame, or may not. */
  #ended(child: ChildProcess, cause: string): void {
    if (child !== this.#child) return;
    this.#end();
    const job = this.#current;
    if (job === undefined) return;
    job.triesLeft -= 1;
    if (job.triesLeft > 0) {
      this.#current = undefined;
      this.#waiting.unshift(job);
      this.#next();
    } else {
      const tried = `${RENDER_TRIES} times`;
      this.#settle(() =>
        job.reject(new Error(`Cannot draw a plot: the drawing process died ${tried}, ${cause}`)),
      );
    }
  }

  #settle(tell: (job: Job) => void): void {
    const job = this.#current;
    this.#current = undefined;
    clearTimeout(this.#timer);
    if (job !== undefined) tell(job);
    this.#next();
  }

  #rest(): void {
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

  /** It holds nothing that could be lost, so it is ended without asking. */
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
