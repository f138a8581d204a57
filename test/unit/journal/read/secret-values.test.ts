// Secrets in a journal: the command does not start, and its problem says where they belong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../../src/base/problem.ts";
import type { FoundCommand } from "../../../../src/domain/journal.ts";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { named, token } from "../../../made-secrets.ts";
import * as fc from "../../../properties.ts";

function only(text: string): FoundCommand {
  const [command, ...more] = readJournal(text).blocks.flatMap((block) => block.commands);
  assert.ok(command !== undefined && more.length === 0, text);
  return command;
}

const fence = (...lines: readonly string[]): string => `\`\`\`yaml\n${lines.join("\n")}\n\`\`\`\n`;

/** A command with a token in it, one for each place. */
const WITH_TOKEN: Readonly<Record<string, (secret: string) => string>> = {
  "an option": (secret) => `run: full --hub ${secret}\n`,
  "an option with =": (secret) => `run: full --hub=${secret}\n`,
  "an argument of a script": (secret) => `script: push.py ${secret}\n`,
  "what is handed on": (secret) => `run: full -- ${secret}\n`,
  "a fence's args": (secret) => fence("run: full", `args: { hub: "${secret}" }`),
  "a variable": (secret) => `run: full env=A=${secret}\n`,
  "a fence's variables": (secret) => fence("run: full", `env: { A: "${secret}" }`),
  "a sweep": (secret) => fence("run: full", `sweep: { hub: ["${secret}", "b"] }`),
  because: (secret) => `run: full because="with ${secret}"\n`,
  "a name": (secret) => `run: ${secret}\n`,
};

describe("a secret in a command", () => {
  for (const [place, written] of Object.entries(WITH_TOKEN)) {
    it(`as ${place} keeps it from starting, and the problem does not repeat it`, () => {
      fc.assert(
        fc.property(token, (secret) => {
          const { spec, problems } = only(written(secret));
          assert.equal(spec, undefined, written(secret));
          const told = problems.map(problemText).join("\n");
          assert.ok(!told.includes(secret), told);
          assert.match(told, /\.config\/nightlab\/env|cannot be a run's name/);
        }),
      );
    });
  }

  it("that is given to a name keeps it from starting", () => {
    fc.assert(
      fc.property(named, ([name, secret]) => {
        const option = `--${name.toLowerCase().replaceAll("_", "-")}`;
        for (const text of [
          `run: full ${option} ${secret}\n`,
          `run: full ${option}=${secret}\n`,
          `run: full env=${name}=${secret}\n`,
          fence("run: full", `args: ["${option}", "${secret}"]`),
        ]) {
          const { spec, problems } = only(text);
          assert.equal(spec, undefined, text);
          assert.match(problems.map(problemText).join(), /what looks like a secret; put it into/);
        }
      }),
    );
  });

  it("is not seen where there is none", () => {
    for (const text of [
      "run: full --max-tokens 4096 --tokenizer bert-base-uncased --key-dim 64 --seed 20250202",
      "run: full --pad-token '<pad>' --mask-token [MASK] --hub-token true",
      "run: full --commit 1f0c9a3b5d7e9f1a2b3c4d5e6f708192a3b4c5d6",
      "run: full --resume runs/2025-02-02T14-30-00-full/checkpoints/step-12000.pt",
      "run: full env=WANDB_MODE=offline env=HF_TOKEN_PATH=/run/secrets/hf",
      "run: full env=[WANDB_API_KEY,HF_TOKEN]",
    ]) {
      assert.deepEqual(only(`${text}\n`).problems, [], text);
    }
  });
});

describe("variables of the private file", () => {
  it("are named in a list, on a line and in a fence, beside others", () => {
    const line = only("run: full env=[HF_TOKEN,A=1,WANDB_API_KEY] env=B=2\n");
    assert.deepEqual(line.spec?.privateEnv, ["HF_TOKEN", "WANDB_API_KEY"]);
    assert.deepEqual(line.spec?.env, { A: "1", B: "2" });
    const block = only(fence("run: full", "env: [WANDB_API_KEY, A=1, B=2, HF_TOKEN]"));
    assert.deepEqual(block.spec, line.spec);
    assert.equal(block.canonical, line.canonical);
    assert.notEqual(only("run: full env=[HF_TOKEN]\n").canonical, line.canonical);
  });

  it("have names that a variable can have", () => {
    for (const name of ["a b", "1A", "NIGHTLAB_X", "CUDA_VISIBLE_DEVICES", ""]) {
      assert.equal(only(`run: full env="[${name}]"\n`).problems.length, 1, name);
    }
  });
});

it("a secret in the frontmatter is told, without it", () => {
  fc.assert(
    fc.property(token, (secret) => {
      const { blocks } = readJournal(`---\nhypothesis: it works with ${secret}\n---\n\nrun: a\n`);
      const [problem] = blocks.flatMap(({ problems = [] }) => problems);
      assert.match(problemText(problem ?? { message: "" }), /the frontmatter holds what looks/);
      assert.equal(problem?.place.line, 2);
    }),
  );
});
