import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "./reading.ts";

/** `first line–last line's number: last line` of each traceback of a text. */
function found(text: string): readonly string[] {
  return readText({ "logs/console.log": text }).tracebacks.map(
    (one) => `${one.line}–${one.lastLineNumber}: ${one.lastLine}`,
  );
}

const PLAIN = `before
Traceback (most recent call last):
  File "/tmp/obs/b.py", line 4, in <module>
    1/0
    ~^~
ZeroDivisionError: division by zero
`;

test("a plain traceback is told by its last line", () => {
  assert.deepEqual(found(PLAIN), ["2–6: ZeroDivisionError: division by zero"]);
  assert.deepEqual(found(PLAIN.replaceAll("\n", "\r\n")), [
    "2–6: ZeroDivisionError: division by zero",
  ]);
});

test("chained exceptions are one traceback with the last one's last line", () => {
  const chained = `${PLAIN}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/tmp/obs/b.py", line 6, in <module>
    raise KeyError("k")
KeyError: 'k'
`;
  assert.deepEqual(found(chained), ["2–13: KeyError: 'k'"]);
});

test("two tracebacks that are not chained are two", () => {
  assert.equal(found(PLAIN + PLAIN).length, 2);
});

test("loguru's form with values is read to its end", () => {
  const loguru = `2026-11-23 01:45:42.114 | ERROR    | __main__:main:17 - caught it
Traceback (most recent call last):

  File "/tmp/obs/a.py", line 27, in <module>
    app()
    └ <typer.main.Typer object at 0x7f99c4de8090>

> File "/tmp/obs/a.py", line 15, in main
    inner(3)
    └ <function inner at 0x7f99c4dbd580>

  File "/tmp/obs/a.py", line 8, in inner
    raise ValueError("bad input λ")

ValueError: bad input λ
`;
  assert.deepEqual(found(loguru), ["2–15: ValueError: bad input λ"]);
});

test("rich's box, as Typer prints it, is read to the line below it, chains too", () => {
  const box = `╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /tmp/obs/a.py:25 in main                                                     │
│ ❱ 25 │   inner(4)                                                            │
╰──────────────────────────────────────────────────────────────────────────────╯
`;
  assert.deepEqual(found(`${box}ValueError: bad input λ\n`), ["1–5: ValueError: bad input λ"]);
  const cause = "\nThe above exception was the direct cause of the following exception:\n\n";
  assert.deepEqual(found(`${box}ValueError: bad\n${cause}${box}RuntimeError: outer\nsecond\n`), [
    "1–13: RuntimeError: outer",
  ]);
  const ascii = box
    .replaceAll(/[╭╮╰╯]/g, "+")
    .replaceAll("─", "-")
    .replaceAll("│", "|");
  assert.deepEqual(found(`${ascii}ValueError: bad\n`), ["1–5: ValueError: bad"]);
});

test("a syntax error has no header", () => {
  assert.deepEqual(
    found(
      '  File "/tmp/obs/s.py", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax\n',
    ),
    ["1–4: SyntaxError: invalid syntax"],
  );
});

test("an exception group is told by its own line", () => {
  const group = `  + Exception Group Traceback (most recent call last):
  |   File "/tmp/obs/g.py", line 4, in <module>
  |     f()
  | ExceptionGroup: grp (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
`;
  assert.deepEqual(found(group), ["1–4: ExceptionGroup: grp (2 sub-exceptions)"]);
});

test("a rank in front of every line is no part of it", () => {
  assert.deepEqual(
    found(
      PLAIN.split("\n")
        .map((line) => `[rank0]: ${line}`)
        .join("\n"),
    ),
    ["2–6: ZeroDivisionError: division by zero"],
  );
});

test("refused arguments are told by what was refused", () => {
  const rich = `Usage: a.py [OPTIONS] {name}
Try 'a.py --help' for help.
╭─ Error ──────────────────────────────────────────────────────────────────────╮
│ No such option: --epochs                                                     │
╰──────────────────────────────────────────────────────────────────────────────╯
`;
  assert.deepEqual(found(rich), ["1–4: No such option: --epochs"]);
  assert.deepEqual(
    found("Usage: a.py\nTry 'a.py --help' for help.\n\nError: No such option: --lr\n"),
    ["1–4: Error: No such option: --lr"],
  );
  assert.deepEqual(
    found("usage: b.py [-h] [--lr LR] name\nb.py: error: unrecognized arguments: --epochs 3\n"),
    ["1–2: b.py: error: unrecognized arguments: --epochs 3"],
  );
});

test("lines of another thread in between do not end a traceback", () => {
  const torn = PLAIN.replace("    1/0\n", "    1/0\n2025-02-02 14:30:00 | INFO | working\n");
  assert.deepEqual(found(torn), ["2–7: ZeroDivisionError: division by zero"]);
});

test("what Python ignores while it cleans up is no crash", () => {
  assert.deepEqual(found(`Exception ignored in: <function F at 0x1>\n${PLAIN.slice(7)}`), []);
});

test("a traceback without an end is none", () => {
  assert.deepEqual(found('Traceback (most recent call last):\n  File "a.py", line 1\n'), []);
});

test("prose about tracebacks is none", () => {
  assert.deepEqual(found("the Traceback (most recent call last) was long\nE: x\n"), []);
});

test("source code that a traceback quotes names no cause of death", () => {
  const quoting = PLAIN.replace("    1/0\n", "    except torch.cuda.OutOfMemoryError:\n");
  assert.deepEqual(readText({ "logs/console.log": quoting }).deathMarkers, []);
});
