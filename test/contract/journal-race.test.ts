// Saves of another process against writes as fast as they go: no save may be lost, none torn.
// Each round has one save, written to a text of its own, so that no later save can hide its loss.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { test } from "node:test";
import { readSettled } from "../../src/effects/os/stable-read.ts";
import { ALL_WAYS, makePlace, until, wayName, type WriteStep } from "./journal-place.ts";
import type { Place, Ways } from "./journal-place.ts";
import { startSaver } from "./saver-process.ts";

const ROUNDS = 40;
const HOWS = ["in-place", "rename-over", "backup"] as const;

interface Tally {
  saves: number;
  written: number;
  busy: number;
  changed: number;
  late: number;
  torn: number;
  lost: number;
}

const start = (round: number): string => `begin ${round}\n`;
const end = (round: number): string => `end ${round}\n`;
const body = (round: number): string =>
  start(round) + "the person's words\n".repeat(400 + (round % 7)) + end(round);

/** Whether a text is one whole save, with the receipts that were written below it. */
function isWhole(text: string): boolean {
  const round = Number(/^begin (\d+)\n/.exec(text)?.[1] ?? "-1");
  return text.startsWith(body(round));
}

/** The scheduler takes the processor away at the worst moments, so that the saves find them. */
function delayed(effect: WriteStep): void {
  const worst = ["exchange", "rename-aside", "link-temp", "unlink-temp", "sync-folder"];
  if (!worst.includes(effect)) return;
  const deadline = performance.now() + 1;
  while (performance.now() < deadline);
}

/** Write a receipt over and over until told to stop, as no daemon would. */
async function writeUntil(place: Place, ways: Ways, tally: Tally, stop: () => boolean) {
  for (let i = 0; !stop(); i += 1) {
    const read = await readSettled(place.journal, { leases: ways.leases, equalReadsMs: 1 });
    if (read.kind !== "text") continue;
    if (!isWhole(read.text)) tally.torn += 1;
    const person = read.text.slice(0, read.text.indexOf("\n> ") + 1) || read.text;
    const receipt = `\n> **done** \`k7f3\`${" ·".repeat(1 + (i % 2))}\n`;
    const text = `${person}${receipt}`;
    const result = await place.replace(read.text, text, { before: delayed });
    if (result.kind === "written") tally.written += 1;
    if (result.kind === "busy") tally.busy += 1;
    if (result.kind === "changed") tally.changed += 1;
  }
}

async function race(ways: Ways): Promise<Tally> {
  const place = makePlace(body(0), ways);
  const saver = await startSaver(place.journal);
  const tally: Tally = { saves: 0, written: 0, busy: 0, changed: 0, late: 0, torn: 0, lost: 0 };
  for (let round = 1; round <= ROUNDS * HOWS.length; round += 1) {
    let over = false;
    const writing = writeUntil(place, ways, tally, () => over);
    const how = HOWS[round % HOWS.length] ?? "in-place";
    const answer = await saver.order(how, body(round), (round * 7) % 11);
    over = true;
    await writing;
    if (answer !== "saved") continue;
    tally.saves += 1;
    await place.displaced.lookNow();
    const read = await readSettled(place.journal, { leases: ways.leases, equalReadsMs: 1 });
    const there = read.kind === "text" && read.text.startsWith(body(round));
    const late = place.late.find((save) => save.text === body(round));
    if (there) continue;
    if (late === undefined) tally.lost += 1;
    tally.late += 1;
    // What merging would do: the person's newest text goes back to its place.
    writeFileSync(place.journal, body(round));
  }
  assert.deepEqual(place.troubles, []);
  await saver.end();
  await place.remove();
  return tally;
}

for (const ways of ALL_WAYS) {
  test(`${wayName(ways)}: no save of another process is lost`, async (t) => {
    const tally = await race(ways);
    const type = statfsSync(tmpdir()).type.toString(16);
    t.diagnostic(`${JSON.stringify(tally)} on file system 0x${type}`);
    assert.equal(tally.lost, 0);
    // Without a lease a read may see half a save; that is why one that shrank has to wait.
    if (ways.leases) assert.equal(tally.torn, 0);
    assert.ok(tally.saves > ROUNDS, "most saves succeed");
    assert.ok(tally.written > 0, "writes go on meanwhile");
  });
}

test("no save of a real Vim is lost", async (t) => {
  const place = makePlace("# Journal\n");
  const log = `${place.keptDir}.log`;
  const script = `${place.keptDir}.vim`;
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, "");
  writeFileSync(script, vimScript(log));
  const argv = ["-u", "NONE", "-i", "NONE", "-es", "-S", script, place.journal];
  // Without a terminal to ask at, a Vim with a question ends.
  const vim = spawn("vim", argv, { stdio: "ignore", timeout: VIM_MS });
  const state = { ended: "" };
  vim.once("error", (error: NodeJS.ErrnoException) => (state.ended = error.code ?? "error"));
  vim.once("exit", (code) => (state.ended = `exit ${code}`));
  const seen = new Set<string>();
  const look = (text: string): void => {
    for (const [line] of text.matchAll(/^save \d+$/gm)) seen.add(line);
  };
  let written = 0;
  while (state.ended === "") {
    const read = await readSettled(place.journal);
    if (read.kind !== "text") continue;
    look(read.text);
    const person = read.text.replace(/^> .*\n/gm, "");
    const result = await place.replace(read.text, `${person}> receipt${".".repeat(written % 2)}\n`);
    if (result.kind === "written") written += 1;
  }
  if (state.ended === "ENOENT") {
    await place.remove();
    t.skip("no vim on this machine");
    return;
  }
  await place.displaced.lookNow();
  await until("Vim's last save is settled", async () => {
    const read = await readSettled(place.journal);
    if (read.kind === "text") look(read.text);
    return read.kind === "text";
  });
  for (const { text } of place.late) look(text);
  const saves = readFileSync(log, "utf8").split("\n").filter(Boolean);
  const { length: late } = place.late;
  t.diagnostic(
    `${saves.length} saves of Vim, ${written} writes, ${late} late; Vim: ${state.ended}`,
  );
  assert.ok(saves.length > 0);
  assert.deepEqual(
    saves.filter((save) => !seen.has(save)),
    [],
  );
  await place.remove();
});

const VIM_MS = 3_000;

/** Sixty saves, each logged once Vim has said that it was written. */
function vimScript(log: string): string {
  return [
    "set nocompatible noswapfile autoread backupcopy=auto",
    "for i in range(1, 60)",
    "  try",
    "    silent edit!",
    "    call append(line('$'), 'save ' . i)",
    "    silent write!",
    `    call writefile(['save ' . i], '${log}', 'a')`,
    "  catch",
    "  endtry",
    "  sleep 3m",
    "endfor",
    "quitall!",
    "",
  ].join("\n");
}
