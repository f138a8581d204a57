// What people do to a journal that has receipts: nothing starts that was not typed anew, and no
// command line is left without an answer. Every new line has a name of its own, so that a start
// tells which line it came from.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { experimentPath } from "../../src/base/ids.ts";
import { blockIndexes } from "../../src/journal/identity/block-index.ts";
import { EXPERIMENT, startNight, type Night } from "./night.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\nSome words to begin with.\n\n";
const DONE = [
  "run: a --epochs 3 --lr 0.1",
  "run: b --lr 0.2 gpus=0",
  "run: c",
  "script: d.py --x 1",
];
const COPY = experimentPath("/lab/copy");
const OTHER = experimentPath("/lab/other");

/** More of them with `NIGHTLAB_EDITS=5000`. */
const RUNS = Number(process.env["NIGHTLAB_EDITS"] ?? "30");

const KINDS = [
  "split-words",
  "split-commands",
  "join",
  "indent",
  "quote",
  "strike",
  "prose",
  "heading",
  "rewrap",
  "change-option",
  "drop-option",
  "delete-line",
  "delete-receipt",
  "delete-block",
  "delete-receipt-then-change",
  "move-to-end",
  "move-receipt-away",
  "paste-from-other",
  "paste-from-copy",
  "swap-with-other",
  "undo",
  "format",
  "type",
  "replace-by-new",
  "note-below",
] as const;

const deed = fc.record({
  kind: fc.constantFrom(...KINDS),
  at: fc.nat(20),
  waitMs: fc.constantFrom(0, 900, 4_000, 15_000, 90_000),
});
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

class Author {
  readonly night: Night;
  readonly typed = new Map<string, number>();
  readonly #undo: string[] = [];
  #count = 0;

  constructor(night: Night) {
    this.night = night;
  }

  act({ kind, at }: Deed): void {
    const { night } = this;
    const text = night.text();
    const lines = text.split("\n");
    // An edit of a command that is held and says so is a person's go.
    const commands = lines.flatMap((line, i) => {
      const [from = i] = receiptBelow(lines, i) ?? [];
      const isHeld = lines[from]?.startsWith("> **held**") === true;
      return /^(?:run|script): /.test(line) && !isHeld ? [i] : [];
    });
    const i = commands[at % Math.max(1, commands.length)] ?? -1;
    const line = lines[i] ?? "";
    const save = (changed: readonly string[] | string): void => {
      const now = typeof changed === "string" ? changed : changed.join("\n");
      if (now === night.text()) return;
      this.#undo.push(night.text());
      night.save(now);
    };
    const put = (...instead: readonly string[]): void => {
      if (i !== -1) save(lines.with(i, instead.join("\n")));
    };
    const words = line.split(" ");
    const receipt = receiptBelow(lines, i);
    const without = ([from, to]: readonly [number, number]): string[] => [
      ...lines.slice(0, from),
      ...lines.slice(to),
    ];
    switch (kind) {
      case "split-words":
        return put(words.slice(0, 2).join(" "), "", words.slice(2).join(" ") || "and on");
      case "split-commands":
        // Where the first half is the whole of it, the second is typed anew.
        if (words.length <= 2) return;
        return put(words.slice(0, 2).join(" "), "", `run: ${words.slice(1).join(" ")} --more 1`);
      case "join":
        return put(
          `${line} ${(lines[commands[(at + 1) % commands.length] ?? 0] ?? "").replace(/^\w+: /, "")}`,
        );
      case "indent":
        return put(`  ${line}`);
      case "quote":
        return put(`> ${line}`);
      case "strike":
        return put(`~~${line}~~ was no good`);
      case "prose":
        return put(`I think that ${line} was right`);
      case "heading":
        return put(`## ${line}`);
      case "rewrap":
        return put(words.slice(0, 2).join(" "), words.slice(2).join(" "));
      case "change-option":
        // Another name would share no word with it: that is a new command.
        return words.length > 2
          ? put(
              words
                .slice(0, -1)
                .concat(`${words.at(-1)}7`)
                .join(" "),
            )
          : undefined;
      case "drop-option":
        return words.length > 2 ? put(words.slice(0, -1).join(" ")) : undefined;
      case "delete-line":
        return i === -1 ? undefined : save(without([i, i + 1]));
      case "delete-receipt":
        return receipt && save(without(receipt));
      case "delete-block":
        if (i === -1) return;
        return save(without([i, receipt?.[1] ?? i + 1]));
      case "delete-receipt-then-change": {
        if (receipt === undefined) return;
        save(without(receipt));
        night.pass(700);
        return save(night.text().replace(line, `${line} --more 1`));
      }
      case "move-to-end":
        if (i === -1) return;
        return save([
          ...without([i, receipt?.[1] ?? i + 1]),
          "",
          ...lines.slice(i, receipt?.[1] ?? i + 1),
        ]);
      case "move-receipt-away":
        if (receipt === undefined) return;
        return save([...without(receipt), "", "And then:", "", ...lines.slice(...receipt)]);
      case "paste-from-other":
        return save(`${text}\n${lastBlock(night.text(OTHER))}\n`);
      case "paste-from-copy":
        return save(`${text}\n${lastBlock(night.text(COPY))}\n`);
      case "swap-with-other": {
        const other = night.text(OTHER);
        night.save(other);
        night.save(text, { experiment: OTHER });
        this.#undo.push(text);
        return;
      }
      case "undo":
        return save(this.#undo.pop() ?? text);
      case "format":
        return save(text.replaceAll(/\n{3,}/g, "\n\n").replaceAll(/[ \t]+$/gm, ""));
      case "type":
        return save(`${text.trimEnd()}\n\n${this.#new()}\n`);
      case "replace-by-new":
        return put(this.#new());
      case "note-below":
        return put(line, "a note right below");
    }
  }

  #new(): string {
    this.#count += 1;
    const name = `n${this.#count}`;
    this.typed.set(name, 0);
    return `run: ${name}`;
  }
}

function receiptBelow(lines: readonly string[], at: number): [number, number] | undefined {
  let from = at + 1;
  while (lines[from] === "") from += 1;
  let to = from;
  while (lines[to]?.startsWith(">") === true) to += 1;
  return at === -1 || to === from ? undefined : [from, to];
}

const lastBlock = (text: string): string => /(?:^|\n)(run: [^]*)$/.exec(text)?.[1] ?? "";

function live(deeds: readonly Deed[]): void {
  const night = startNight({
    text: HEAD,
    durationMs: () => 2_000,
    exitCode: () => 0,
    delayMs: () => 10,
  });
  night.pass(MINUTE);
  night.save(`${HEAD}${DONE.join("\n\n")}\n`);
  night.pass(3 * MINUTE);
  night.copyFolder(EXPERIMENT, COPY);
  night.save("# Other\n\nrun: o1\n\nrun: o2 --lr 0.1\n", { experiment: OTHER });
  night.pass(3 * MINUTE);
  const before = night.starts.length;
  assert.equal(before, DONE.length + 2, night.text());
  const author = new Author(night);
  for (const one of deeds) {
    author.act(one);
    night.pass(one.waitMs);
  }
  night.pass(10 * MINUTE);
  const begun = new Map<string, number>();
  for (const { name } of night.starts.slice(before)) begun.set(name, (begun.get(name) ?? 0) + 1);
  const unmeant = [...begun].filter(([name, count]) => !author.typed.has(name) || count > 1);
  assert.deepEqual(unmeant, [], `started unmeant\n${night.text()}\n${night.text(OTHER)}`);
  for (const experiment of [EXPERIMENT, OTHER, COPY]) answered(night, experiment);
}

/** Each command line has a receipt, a problem, a box of its own, or was hidden by the person. */
function answered(night: Night, experiment: typeof EXPERIMENT): void {
  const view = night.world().views.get(experiment);
  assert.ok(view !== undefined);
  for (const [at, { command, receiptId }] of blockIndexes(view.reading)) {
    const isAnswered =
      view.placed.has(at) ||
      receiptId !== undefined ||
      command.problems.length > 0 ||
      command.ticked === false;
    assert.ok(isAnswered, `no answer to ${command.source} in ${experiment}\n${view.text}`);
  }
}

test("whatever is done to a journal with receipts, only what was typed anew starts", () => {
  fc.assert(fc.property(fc.array(deed, { minLength: 1, maxLength: 6 }), live), { numRuns: RUNS });
});
