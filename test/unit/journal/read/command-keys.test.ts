// The table of command keys: each row is read, enters the identity or says why not, and has its row
// in the documentation.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { FoundCommand } from "../../../../src/domain/journal.ts";
import { COMMAND_KEYS, type CommandKey } from "../../../../src/journal/read/command-keys.ts";
import { readJournal } from "../../../../src/journal/read/read.ts";

const PAGE = new URL("../../../../docs/journal.md", import.meta.url);

function only(text: string): FoundCommand {
  const [command, ...more] = readJournal(text).blocks.flatMap((block) => block.commands);
  assert.ok(command !== undefined && more.length === 0, text);
  return command;
}

/** The example of a key as a person would write it, on a line or in a fence. */
function written({ example }: CommandKey): string {
  return example.includes("=")
    ? `run: full ${example}\n`
    : `\`\`\`yaml\nrun: full\n${example}\n\`\`\`\n`;
}

describe("each key of a command", () => {
  const plain = only("run: full\n");
  for (const key of COMMAND_KEYS) {
    const { name, identity } = key;
    test(`${name}: its example is understood, and is another command unless it is consent`, () => {
      const { spec, canonical, problems } = only(written(key));
      assert.deepEqual(problems, []);
      assert.notDeepEqual(spec, plain.spec);
      assert.equal(canonical === plain.canonical, identity === "consent");
    });

    test(`${name}: without a value it is told`, () => {
      const { problems } = only(`\`\`\`yaml\nrun: full\n${name}:\n\`\`\`\n`);
      assert.equal(problems[0]?.message, `\`${name}\` has no value`);
    });
  }

  test("docs/journal.md has the table of them; UPDATE=1 writes it", () => {
    const rows = COMMAND_KEYS.map(({ example, does }) => `| \`${example}\` | ${does} |\n`).join("");
    const heading = "| in the command | what it does |\n|---|---|\n";
    const [above = "", below = ""] = readFileSync(PAGE, "utf8").split(heading);
    const rest = below.slice(below.indexOf("\n\n") + 1);
    const page = above + heading + rows + rest;
    if (process.env["UPDATE"] === "1") writeFileSync(PAGE, page);
    assert.equal(readFileSync(PAGE, "utf8"), page);
  });
});

test("`stop:` and `queue:` take nothing but their target, whatever the key", () => {
  for (const key of COMMAND_KEYS) {
    const text = written(key).replace("run: full", "stop: k7f3");
    const refused = only(text).problems.some(({ message }) =>
      message.includes("`stop:` takes nothing but its target"),
    );
    assert.equal(refused, key.identity !== "consent", key.name);
  }
});
