// Commands as release 0.1 read them: ledgers hold what it made of them, so a command that is written
// the same must have the same fields and the same identity for ever. Cases are added, never changed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { problemText } from "../../src/base/problem.ts";
import type { CommandSpec } from "../../src/domain/command.ts";
import { readJournal } from "../../src/journal/read/read.ts";

interface Case {
  readonly text: string;
  readonly commands: readonly {
    readonly spec?: CommandSpec;
    readonly canonical: string;
    readonly problems: readonly string[];
  }[];
}

const CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, "commands.json"), "utf8"),
) as readonly Case[];

for (const { text, commands } of CASES) {
  test(`as release 0.1 read it: ${text.replaceAll("\n", " ⏎ ")}`, () => {
    const read = readJournal(`${text}\n`).blocks.flatMap((block) => block.commands);
    assert.deepEqual(
      read.map(({ spec, canonical, problems }) => ({
        ...(spec === undefined ? {} : { spec }),
        canonical,
        problems: problems.map(problemText),
      })),
      commands,
    );
  });
}
