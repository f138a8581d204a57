// Sweeps of any options and values: every combination once, in order, each with a name of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../src/journal/read/read.ts";
import { NAME_CHARS } from "../../src/base/limits.ts";
import type { CommandSpec } from "../../src/domain/command.ts";
import { commandId, COMMAND_ID, RUN_NAME } from "../../src/base/ids.ts";
import { membersOfSweep } from "../../src/domain/grid.ts";
import * as fc from "../properties.ts";

const value = fc.oneof(
  fc.constantFrom(
    "1e-4",
    "3e-4",
    "0",
    "00",
    "-1",
    "1",
    ".5",
    "5",
    "+5",
    "1e+4",
    "1e4",
    "Adam",
    "adam",
    "[64,64]",
    "a_b",
    "a b",
    "$(x)",
    "`",
    "true",
    "ä",
    "a|b",
    "#",
  ),
  fc.string({ minLength: 1, maxLength: 120 }).filter((text) => !text.includes("\0")),
);
const grid = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom("lr", "seed", "batch-size", "--opt.name", "wd"),
    values: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }),
  }),
  { selector: ({ key }) => key, minLength: 1, maxLength: 4 },
);

/** The sweep as a person writes it, every value in quotes. */
function written(
  options: readonly { readonly key: string; readonly values: readonly string[] }[],
): CommandSpec {
  const sweep = options.map(
    ({ key, values }) => `  ${key}: [${values.map((one) => JSON.stringify(one)).join(", ")}]`,
  );
  const text = `\`\`\`yaml\nrun: sweep\nargs: --deep\nsweep:\n${sweep.join("\n")}\n\`\`\`\n`;
  const command = readJournal(text).blocks[0]?.commands[0];
  assert.ok(command?.spec !== undefined, `${command?.problems[0]?.message} in\n${text}`);
  return command.spec;
}

test("every combination is one run, in the order that was written, with its values untouched", () => {
  fc.assert(
    fc.property(grid, (options) => {
      const members = membersOfSweep(commandId("k7f3"), written(options));
      let wanted: string[][] = [["--deep"]];
      for (const { key, values } of options) {
        const option = key.startsWith("-") ? key : `--${key}`;
        wanted = wanted.flatMap((args) => values.map((one) => [...args, option, one]));
      }
      assert.deepEqual(
        members.map(({ spec }) => spec.args),
        wanted,
      );
      const names = members.map(({ spec }) => spec.target);
      const folded = names.map((name) => name.toLowerCase());
      assert.equal(new Set(folded).size, names.length, names.join("\n"));
      for (const name of names) {
        assert.match(name, RUN_NAME);
        assert.ok(name.length <= NAME_CHARS, name);
      }
      members.forEach(({ id, spec, swept }, i) => {
        // What its name shows is what it has: all of it as written, or the number of the member.
        const shown = ["sweep", ...swept.flatMap(({ key, value: own }) => [key, own])].join("-");
        if (spec.target !== shown) assert.match(spec.target, new RegExp(`-${i + 1}$`));
        assert.equal(id, `k7f3.${i + 1}`);
        assert.match(id, COMMAND_ID);
        assert.equal(spec.sweep, undefined);
        assert.deepEqual(
          swept.map((one) => one.key),
          options.map(({ key }) => key.replace("--", "")),
        );
      });
    }),
  );
});
