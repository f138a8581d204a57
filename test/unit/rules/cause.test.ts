import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exit } from "../../../src/domain/run.ts";
import { type DeathFacts, causeOfDeath } from "../../../src/rules/cause.ts";
import { metric, readText } from "../logs/reading.ts";

const exit = (code: number, overLimit = false): Exit => ({ code, endedAtMs: 1_000, overLimit });
const killed = (signal: number): Exit => ({ ...exit(128 + signal), signalled: true });

/** The death of a run whose console says `text`, with what the test changes. */
function death(text: string, changes: Partial<DeathFacts>): ReturnType<typeof causeOfDeath> {
  const reading = readText({ "logs/console.log": text });
  return causeOfDeath({ reading, limitMs: 120_000, hostOomKill: false, verb: "run", ...changes });
}

const traceback = (lastLine: string): string =>
  `Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    go()\n${lastLine}\n`;
const METRIC = `${metric('{"step": 1, "loss": 0.5}')}\n`;

test("exit 0 without a traceback is success", () => {
  assert.deepEqual(death(METRIC, { exit: exit(0) }), {
    ending: "done",
    cause: { kind: "success" },
    exitCode: 0,
  });
});

test("a non-zero code is told with the last line of its traceback", () => {
  assert.deepEqual(death(METRIC + traceback("ValueError: bad"), { exit: exit(1) }), {
    ending: "failed",
    cause: { kind: "exit-code", code: 1 },
    exitCode: 1,
    lastLine: { text: "ValueError: bad", file: "logs/console.log", line: 5 },
  });
});

test("a traceback at the end behind exit 0 is a hidden crash, one that was survived is not", () => {
  const late = death(METRIC.repeat(20) + traceback("ValueError: bad"), { exit: exit(0) });
  assert.deepEqual([late.ending, late.cause.kind], ["failed", "hidden-crash"]);
  const early = death(METRIC + traceback("ValueError: bad") + METRIC, { exit: exit(0) });
  assert.equal(early.cause.kind, "success");
  const prose = death(traceback("ValueError: bad") + "still working\n".repeat(100), {
    exit: exit(0),
  });
  assert.equal(prose.cause.kind, "success");
});

test("a traceback that breaks off before its exception is a crash all the same", () => {
  const torn = `Traceback (most recent call last):\n  File "a.py", line 3, in go\n    raise Gone("x")\n`;
  const { cause, lastLine } = death(METRIC.repeat(20) + torn, { exit: exit(0) });
  assert.deepEqual([cause.kind, lastLine?.text], ["hidden-crash", 'raise Gone("x")']);
  assert.equal(death(torn + METRIC.repeat(20), { exit: exit(0) }).cause.kind, "success");
});

test("what a launcher says of its children does not hide what they died of", () => {
  const console =
    METRIC.repeat(20) +
    "[rank6]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.51 GiB.\n" +
    traceback("torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ");
  const { cause, lastLine } = death(console, { exit: exit(1) });
  assert.equal(cause.kind, "gpu-out-of-memory");
  assert.match(lastLine?.text ?? "", /^\[rank6\]: torch\.OutOfMemoryError/);
});

test("a traceback that many lines followed does not explain an exit code of the script's own", () => {
  const early = traceback("ValueError: caught") + "still working\n".repeat(100);
  assert.equal(death(early, { exit: exit(3) }).lastLine, undefined);
  const late = "working\n".repeat(3) + traceback("ValueError: bad") + "saving\nbye\n";
  assert.equal(death(late, { exit: exit(3) }).lastLine?.text, "ValueError: bad");
});

test("an exit code over 128 is a signal only where the shell saw one", () => {
  for (const [signal, name] of [
    [2, "SIGINT"],
    [6, "SIGABRT"],
    [9, "SIGKILL"],
    [11, "SIGSEGV"],
    [15, "SIGTERM"],
  ] as const) {
    assert.deepEqual(death(METRIC, { exit: killed(signal) }).cause, {
      kind: "signal",
      signal: name,
    });
    const code = 128 + signal;
    assert.deepEqual(death(METRIC, { exit: exit(code) }).cause, { kind: "exit-code", code });
  }
  assert.deepEqual(death(METRIC, { exit: exit(255) }).cause, { kind: "exit-code", code: 255 });
});

test("SIGKILL alone is no proof of missing memory", () => {
  assert.deepEqual(death(METRIC, { exit: killed(9) }).cause, { kind: "signal", signal: "SIGKILL" });
  assert.deepEqual(death(METRIC, { exit: exit(137), hostOomKill: true }).cause, {
    kind: "host-out-of-memory",
  });
});

test("a killed data loader worker and MemoryError are missing memory", () => {
  const worker = "RuntimeError: DataLoader worker (pid 812) is killed by signal: Killed. ";
  assert.equal(
    death(METRIC + traceback(worker), { exit: exit(1) }).cause.kind,
    "host-out-of-memory",
  );
  assert.equal(death(traceback("MemoryError"), { exit: exit(1) }).cause.kind, "host-out-of-memory");
});

test("the GPU's memory is the cause only where it ended the run", () => {
  const full = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.";
  assert.equal(death(METRIC + traceback(full), { exit: exit(1) }).cause.kind, "gpu-out-of-memory");
  const survived = traceback(full) + METRIC + traceback("ValueError: bad");
  assert.equal(death(survived, { exit: exit(1) }).cause.kind, "exit-code");
  const retried = traceback(full) + "trying 16\n" + traceback("ValueError: bad");
  assert.equal(death(retried, { exit: exit(1) }).cause.kind, "exit-code");
  assert.equal(death(traceback(full) + METRIC, { exit: exit(0) }).cause.kind, "success");
});

test("the only line of a console names the cause, however short that console is", () => {
  const full = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n";
  const told = death(full, { exit: exit(1) });
  assert.equal(told.cause.kind, "gpu-out-of-memory");
  assert.equal(told.lastLine?.text, full.trimEnd());
  const survived = `${full}${"trying a smaller batch\n".repeat(4)}config is wrong\n`;
  assert.equal(death(survived, { exit: exit(1) }).cause.kind, "exit-code");
});

test("XLA and cuBLAS say it in their own words, without a traceback too", () => {
  const xla = "F0202 14:30 RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.\n";
  assert.equal(death(METRIC.repeat(9) + xla, { exit: exit(134) }).cause.kind, "gpu-out-of-memory");
  const survived = METRIC.repeat(9) + xla + METRIC;
  assert.equal(death(survived, { exit: killed(6) }).cause.kind, "signal");
  const source = "# handles CUBLAS_STATUS_ALLOC_FAILED\n" + "line of code\n".repeat(50);
  assert.deepEqual(death(source, { exit: killed(9) }).cause, { kind: "signal", signal: "SIGKILL" });
});

test("a full disk and a missing module are told as such", () => {
  const disk = traceback("OSError: [Errno 28] No space left on device: 'ckpt.pt'");
  assert.equal(death(METRIC + disk, { exit: exit(1) }).cause.kind, "disk-full");
  const module = traceback("ModuleNotFoundError: No module named 'numpyy'");
  assert.deepEqual(death(module, { exit: exit(1) }).cause, {
    kind: "import-error",
    module: "numpyy",
  });
});

test("what a person asked for comes before what the logs say", () => {
  const stopped = death(traceback("KeyboardInterrupt"), {
    exit: exit(130),
    stopRequested: { by: "journal" },
  });
  assert.deepEqual(stopped, {
    ending: "stopped",
    cause: { kind: "stopped", by: "journal" },
    exitCode: 130,
  });
});

test("the limit is the cause where the shim ended the run for it", () => {
  assert.deepEqual(death(METRIC, { exit: exit(143, true) }), {
    ending: "failed",
    cause: { kind: "over-limit", limitMs: 120_000 },
    exitCode: 143,
  });
});

test("without an exit a run is lost, never failed", () => {
  assert.deepEqual(death(traceback("ValueError: bad"), {}), {
    ending: "lost",
    cause: { kind: "lost" },
  });
  assert.deepEqual(death("", { lost: "machine-restarted" }), {
    ending: "lost",
    cause: { kind: "machine-restarted" },
  });
});

test("uv's refusal is told in uv's words", () => {
  const uv = `error: No solution found when resolving script dependencies
  cause: Because nope was not found in the package registry and you require nope, we can conclude that your requirements are unsatisfiable.
`;
  const { cause } = death(uv, { exit: exit(1) });
  assert.equal(cause.kind, "environment");
  assert.match(
    cause.kind === "environment" ? cause.message : "",
    /^No solution found .* Because nope/,
  );
  assert.equal(death("error: my own words\n", { exit: exit(1) }).cause.kind, "exit-code");
});

test("a script that is not there is told by its name", () => {
  const uv =
    "error: Failed to spawn: `train.py`\n  cause: No such file or directory (os error 2)\n";
  assert.deepEqual(death(uv, { exit: exit(2) }).cause, {
    kind: "script-missing",
    script: "train.py",
  });
  const python = "python: can't open file '/x/train.py': [Errno 2] No such file or directory\n";
  assert.deepEqual(death(python, { exit: exit(2) }).cause, {
    kind: "script-missing",
    script: "/x/train.py",
  });
});

test("a launcher's own traceback does not hide its child's", () => {
  const child = traceback("ValueError: bad");
  const launcher = traceback("torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ");
  const { lastLine } = death("started\n".repeat(300) + child + launcher, { exit: exit(1) });
  assert.equal(lastLine?.text, "ValueError: bad");
});

test("an abort's own words name its cause, however short the log is, and are linked", () => {
  const log =
    "loading the model and its weights from the disk\n".repeat(2) +
    "  what():  CUDA error: out of memory\n" +
    "a frame of the backtrace, and another one after it\n".repeat(2);
  const told = death(log, { exit: exit(134) });
  assert.deepEqual(told.cause, { kind: "gpu-out-of-memory" });
  assert.equal(told.lastLine?.line, 3);
  assert.deepEqual(death(log, { exit: exit(3) }).cause, { kind: "exit-code", code: 3 });
});

test("what the kernel killed of somebody else's is not this run's cause", () => {
  assert.deepEqual(death(METRIC, { exit: exit(3), hostOomKill: true }).cause, {
    kind: "exit-code",
    code: 3,
  });
});
