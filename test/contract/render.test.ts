import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import sharp from "sharp";
import { createRenderer, RENDER_PLOTS } from "../../src/effects/render/render.ts";
import { metricSpec } from "../../src/report/plots/plot-spec.ts";
import { madeSeries } from "../unit/judge/made-series.ts";

const PUPPET = join(import.meta.dirname, "drawing-puppet.ts");
const DRAW_ONCE = join(import.meta.dirname, "draw-once.ts");

const renderer = createRenderer();
after(() => renderer.close());

const specOf = (key: string, values: ArrayLike<number> = [3, 2.5, 2.2, 2.1]): object =>
  metricSpec({
    series: madeSeries(key, values),
    runTitle: "de-risk",
    findings: [],
    file: "logs/train.log",
  });

/** Waits until `holds`, or fails with what was waited for. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `Waited 20 s in vain: ${what}`);
    await delay(20);
  }
}

function alive(pid: number): boolean {
  // A zombie is dead: only nobody has asked for its exit code yet.
  const rows = execFileSync("ps", ["-A", "-o", "pid=,stat="], { encoding: "utf8" }).split("\n");
  return rows.some((row) => {
    const [id, state] = row.trim().split(/\s+/);
    return Number(id) === pid && state?.startsWith("Z") === false;
  });
}

function childrenOf(pid: number): readonly number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0);
}

/** Dark pixels of a stretch of the picture, in image pixels. */
async function ink(webp: Uint8Array, top: number, height: number): Promise<number> {
  const { data } = await sharp(webp)
    .extract({ left: 0, top, width: 1440, height })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data.filter((value) => value < 128).length;
}

test("a picture that still waits is left out when it is not wanted any more", async () => {
  const unwanted = new AbortController();
  const first = renderer.render(specOf("first"), unwanted.signal);
  const second = renderer.render(specOf("second"), unwanted.signal);
  const third = renderer.render(specOf("third"));
  unwanted.abort();
  await assert.rejects(second, /not wanted any more/);
  await assert.rejects(renderer.render(specOf("late"), unwanted.signal), /not wanted any more/);
  assert.ok((await first).webp.length > 0, "what is being drawn is drawn");
  assert.ok((await third).webp.length > 0);
});

test("a plot is a WebP of 1440 by 720 pixels without transparency, and lossless", async () => {
  const { webp } = await renderer.render(specOf("val/loss"));
  const { format, width, height, hasAlpha } = await sharp(webp).metadata();
  assert.deepEqual([format, width, height, hasAlpha], ["webp", 1440, 720, false]);
  // The chunk after the container's 12 bytes of header.
  assert.ok(Buffer.from(webp).subarray(0, 64).includes("VP8L"));
});

test("the same spec gives the same bytes: again, after others, and from a new process", async () => {
  const { webp } = await renderer.render(specOf("val/loss"));
  await renderer.render(specOf("other", [1, Number.NaN, 2]));
  assert.deepEqual((await renderer.render(specOf("val/loss"))).webp, webp);
  const other = createRenderer();
  const again = await other.render(specOf("val/loss"));
  await other.close();
  assert.deepEqual(again.webp, webp);
});

const title = async (key: string): Promise<number> =>
  ink((await renderer.render(specOf(key))).webp, 0, 60);

test("letters are really drawn: Latin, Greek, Cyrillic, and more ink for more letters", async () => {
  const short = await title("i");
  assert.ok(short > 500, `${short} dark pixels in the title`);
  for (const key of ["loss loss loss", "λθβδεζηλ", "потери на валидации"]) {
    const drawn = await title(key);
    assert.ok(drawn > short + 500, `${key}: ${drawn} dark pixels, against ${short} for "i"`);
  }
});

test("nothing is cut off at the edges, not even with long names and numbers", async () => {
  const long = "model/encoder/layers/11/attention/self/query/kernel/gradient_norm/before_clipping";
  const { webp } = await renderer.render(specOf(long, [1e6, 1e6 + 0.001, 1e6 + 0.002]));
  const { data, info } = await sharp(webp).greyscale().raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i += 1) {
    const x = i % info.width;
    const y = Math.floor(i / info.width);
    const edge = x < 4 || y < 4 || x >= info.width - 4 || y >= info.height - 4;
    if (edge) assert.equal(data[i], 255, `ink at ${x}, ${y}`);
  }
});

test("a spec that is none is refused with the reason, and the next one is drawn", async () => {
  await assert.rejects(renderer.render({ mark: "no such mark" }), /Cannot draw a plot: /);
  await assert.rejects(
    renderer.render({ data: { url: "file:///etc/hostname" }, mark: "point", encoding: {} }),
    /must hold its own data, and asks for file:/,
  );
  assert.ok((await renderer.render(specOf("val/loss"))).webp.length > 1_000);
});

test("a spec that ends the process is an error of that spec only", async () => {
  const puppets = createRenderer({ program: PUPPET });
  const [first, second, third] = await Promise.allSettled(
    ["answer", "die", "answer"].map((act) => puppets.render({ act })),
  );
  await puppets.close();
  assert.equal(first?.status, "fulfilled");
  assert.equal(third?.status, "fulfilled");
  assert.match(String(second?.status === "rejected" && second.reason), /died 2 times, .* 3$/);
});

test("a spec that takes too long is given up, its process ended, and the next one is drawn", async () => {
  const puppets = createRenderer({ program: PUPPET, renderMs: 2_000 });
  const before = await puppets.render({ act: "answer" });
  await assert.rejects(puppets.render({ act: "hang" }), /took longer than 2 s/);
  const next = await puppets.render({ act: "answer" });
  await puppets.close();
  const [hung, fresh] = [before, next].map(({ webp }) => Number(Buffer.from(webp)));
  assert.notEqual(fresh, hung);
  await until("the hung process is gone", () => !alive(hung ?? 0));
});

test("the process ends when idle, and a new one is there when needed", async () => {
  const puppets = createRenderer({ program: PUPPET, idleMs: 50 });
  const first = Number(Buffer.from((await puppets.render({ act: "answer" })).webp));
  await until("the idle process is gone", () => !alive(first));
  const second = Number(Buffer.from((await puppets.render({ act: "answer" })).webp));
  await puppets.close();
  assert.notEqual(second, first);
});

test("a process is replaced after many plots, since its memory grows", async () => {
  const puppets = createRenderer({ program: PUPPET });
  const pids = new Set<string>();
  for (let i = 0; i <= RENDER_PLOTS; i += 1) {
    pids.add(Buffer.from((await puppets.render({ act: "answer" })).webp).toString());
    if (i < RENDER_PLOTS) assert.equal(pids.size, 1);
  }
  await puppets.close();
  assert.equal(pids.size, 2);
});

test("after close nothing is left, what waits is rejected, and so is what comes later", async () => {
  const puppets = createRenderer({ program: PUPPET });
  const pid = Number(Buffer.from((await puppets.render({ act: "answer" })).webp));
  const waiting = assert.rejects(puppets.render({ act: "hang" }), /was closed/);
  await puppets.close();
  await waiting;
  assert.equal(alive(pid), false);
  await assert.rejects(puppets.render({ act: "answer" }), /is closed/);
});

function drawOnce(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [DRAW_ONCE, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

test("an idle drawing process does not keep its parent alive", async () => {
  const parent = drawOnce();
  try {
    const [code] = await once(parent, "exit", { signal: AbortSignal.timeout(30_000) });
    assert.equal(code, 0);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("the drawing process dies with its parent, even by SIGKILL", async () => {
  const parent = drawOnce("stay");
  assert.ok(parent.stdout !== null && parent.pid !== undefined);
  await once(parent.stdout, "data");
  const [child] = childrenOf(parent.pid);
  assert.ok(child !== undefined && alive(child));
  parent.kill("SIGKILL");
  await until("the orphan is gone", () => !alive(child));
});

test("who has the turn is drawn next, and pictures of runs that go on leave half of the time", async () => {
  const [own, other] = [new AbortController().signal, new AbortController().signal];
  const order: string[] = [];
  const drawn = async (key: string, unwanted?: AbortSignal): Promise<void> => {
    await renderer.render(specOf(key), unwanted);
    order.push(key);
  };
  const withTurn = async (): Promise<void> => {
    const end = await renderer.turn(own);
    order.push("turn");
    await drawn("own", own);
    end();
  };
  await Promise.all([
    drawn("first", other),
    withTurn(),
    drawn("later", other),
    // Of a run that has ended: it goes before those that rest after the first one.
    drawn("ended"),
  ]);
  assert.deepEqual(order, ["first", "ended", "turn", "own", "later"]);
});

test("a turn that nobody uses holds nothing up, given back or not", async () => {
  const [kept, returned] = [new AbortController().signal, new AbortController().signal];
  await renderer.turn(kept);
  const end = await renderer.turn(returned);
  end();
  assert.ok((await renderer.render(specOf("next"), kept)).webp.length > 0);
});
