// Excerpts of logs as frameworks and tutorials print them, with what is read of each: metrics by
// x axis, first and last token, and how many where there are more than two. UPDATE=1 writes it anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createRunReader } from "../../src/logs/run-reader.ts";
import { verifyFindings } from "../oracle/verify-page.ts";
import { standsIn } from "../../src/report/audit/token-in-line.ts";
import { valueRefusals } from "../../src/report/audit/verify-values.ts";
import { renderReport, reportTree } from "../../src/report/page/page.ts";
import { input, run } from "../unit/judge/given.ts";

const FILE = join(import.meta.dirname, "log-lines.txt");
const text = readFileSync(FILE, "utf8");
const cases = text
  .split(/^## /m)
  .slice(1)
  .map((part) => {
    const [name = "", ...lines] = part.split("\n");
    const end = lines.findIndex((line) => line.startsWith("-> "));
    const log = lines.slice(0, end).join("\n");
    return { name, log: `${log}\n`, expected: lines.slice(end).join("\n").trim() };
  });

/** What is read of a log that comes in pieces of so many bytes. */
function read(log: string, piece: number): string {
  const reader = createRunReader();
  const bytes = Buffer.from(log);
  for (let at = 0; at < bytes.length; at += piece) {
    reader.feed("logs/train.log", bytes.subarray(at, at + piece));
  }
  reader.finish();
  const reading = reader.reading();
  const groups = new Map<string, string[]>();
  for (const { summary, stepKey } of reading.series) {
    const { first, last, count, key } = summary;
    const range = (a: number | string, b: number | string): string =>
      count === 1 ? `${a}` : `${a}..${b}${count > 2 ? ` (${count})` : ""}`;
    const axis =
      stepKey === "sample"
        ? "counted"
        : `${stepKey} ${range(first.step ?? "none", last.step ?? "none")}`;
    const line = log.split("\n")[last.line - 1] ?? "";
    assert.ok(line.includes(last.token), `${key}: ${last.token} is not in line ${last.line}`);
    groups.set(axis, [...(groups.get(axis) ?? []), `${key}=${range(first.token, last.token)}`]);
  }
  const unread = reading.unread.count === 0 ? [] : [`-> not understood: ${reading.unread.count}`];
  const lines = [...groups].map(([axis, metrics]) => `-> ${axis}: ${metrics.join(" · ")}`);
  return [...lines, ...unread].join("\n") || "-> nothing";
}

for (const { name, log, expected } of cases) {
  test(`log lines: ${name}`, () => {
    const found = read(log, log.length * 3);
    assert.equal(read(log, 1), found, "byte by byte");
    assert.equal(read(log.replaceAll("\n", "\r\n"), 7), found, "with Windows line ends");
    if (process.env["UPDATE"] !== "1") assert.equal(found, expected);
  });
}

test("log lines: the report of each of them may be saved, and says what they do", () => {
  for (const { name, log } of cases) {
    const reader = createRunReader();
    reader.feed("logs/train.log", Buffer.from(log));
    reader.finish();
    const given = input({}, [{ ...run("full", []), reading: reader.reading() }]);
    const lines = log.split("\n");
    const refusals = valueRefusals(reportTree(given), given, ({ line, token }) =>
      standsIn(lines[line - 1] ?? "", token) ? undefined : `line ${line} does not say ${token}`,
    );
    assert.deepEqual(refusals, [], name);
    const found = verifyFindings(renderReport(given), (_, line) => lines[line - 1]);
    assert.deepEqual(
      found.map(({ message }) => message),
      [],
      name,
    );
  }
});

test("log lines: the file of excerpts", () => {
  assert.ok(cases.length > 100);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  if (process.env["UPDATE"] !== "1") return;
  const written = cases.map(
    ({ name, log }) => `## ${name}\n${log}${read(log, log.length * 3)}\n\n`,
  );
  writeFileSync(FILE, `${written.join("").trimEnd()}\n`);
});
