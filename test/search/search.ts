// `npm run test:search`: what a fixed seed and a fixed set of cases cannot find. Property tests run
// with seeds that nobody has tried, then small changes of the code that decides are made one at a
// time, and each that no test notices is printed. Nothing on disk is changed.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomOf, type Random } from "../corpus/random.ts";
import { mutantsOf, nameOf, type Mutant } from "./mutants.ts";
import { reaching, reachOfTests, type Reach } from "./reach.ts";
import { endTrialsOnSignals, inTurn, ROOT, runTests } from "./trial.ts";

const HELP = `node test/search/search.ts
  --minutes N     how long it goes on (NIGHTLAB_SEARCH_MINUTES, 20): a third for new seeds, the rest
                  for mutants
  --seed N        repeats a search (NIGHTLAB_SEED); default: a new one
  --in PATH       only mutants of files whose path holds this; may be given several times
  --mutants N     at most so many of them, and no property tests
  --within N      tests of so many seconds of processor time are run for each, quickest first (60)
  --mutant NAME   this one alone, with all of them: FILE:LINE:COLUMN:TEXT as a search prints it
  --jobs N        at one time; default: the cores but one`;

/** Where decisions are made: a change there that no test sees is a gap. */
const DECIDING = "src/{rules,judge,scheduler}/*.ts";
/** A mutant may take this many times the processor time of its tests without it, and START_MS. */
const PATIENCE = 3;
const START_MS = 10_000;
/** A property test of a new seed may take so much processor time. */
const PROPERTY_MS = 120_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: process.env["NIGHTLAB_SEARCH_MINUTES"] ?? "20" },
    seed: { type: "string", default: process.env["NIGHTLAB_SEED"] ?? "" },
    in: { type: "string", multiple: true, default: [] },
    mutants: { type: "string" },
    mutant: { type: "string" },
    within: { type: "string", default: "60" },
    jobs: { type: "string", default: String(Math.max(1, availableParallelism() - 1)) },
    help: { type: "boolean", default: false },
  },
});
const jobs = Number(values.jobs);
const minutes = Number(values.minutes);
const seed = values.seed === "" ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const withinMs = 1_000 * Number(values.within);
for (const number of [jobs, minutes, seed, withinMs, Number(values.mutants ?? 1)]) {
  assert.ok(Number.isFinite(number) && number >= 0, `A number is wanted.\n${HELP}`);
}
const startedAt = performance.now();
const leftMs = (share: number): number =>
  share * minutes * 60_000 - (performance.now() - startedAt);
const say = (line: string): void => console.log(line);

endTrialsOnSignals();
if (values.help) say(HELP);
else if (values.mutant !== undefined) process.exitCode = await tryOne(values.mutant);
else {
  say(`Search ${seed}; NIGHTLAB_SEED=${seed} npm run test:search draws the same again.`);
  const random = randomOf(seed);
  const broken = values.mutants === undefined ? await newSeeds(random) : 0;
  await search(random);
  process.exitCode = broken > 0 ? 1 : 0;
}

/** Runs the tests with properties, each time with another seed; how many of them failed. */
async function newSeeds(random: Random): Promise<number> {
  const files = globSync("test/{unit,golden,property,sim}/**/*.test.ts", { cwd: ROOT }).filter(
    (file) => /properties\.ts"|NIGHTLAB_SEED/.test(readFileSync(join(ROOT, file), "utf8")),
  );
  say(
    `${files.length} test files with properties, new seeds for ${(minutes / 3).toFixed(1)} minutes.`,
  );
  let runs = 0;
  let broken = 0;
  while (leftMs(1 / 3) > 0) {
    await inTurn(shuffled(files, random), jobs, async (file) => {
      const drawn = String(random.whole(1, 2 ** 31 - 1));
      const { ended, output } = await runTests([file], PROPERTY_MS, { seed: drawn });
      runs += 1;
      if (ended !== "passed") {
        broken += 1;
        say(`BROKEN ${file}: ${ended}\n${output}\n  NIGHTLAB_SEED=${drawn} node --test ${file}\n`);
      }
      return leftMs(1 / 3) > 0;
    });
  }
  say(`${runs} runs of property tests, ${broken} broken.\n`);
  return broken;
}

/** Puts mutants to the tests, drawn in an order of the seed, until the time is over. */
async function search(random: Random): Promise<void> {
  const sources = globSync(DECIDING, { cwd: ROOT }).toSorted();
  const wanted = sources.filter(
    (file) => values.in.length === 0 || values.in.some((part) => file.includes(part)),
  );
  const all = wanted.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")));
  const reach = await reachOfTests(sources, jobs, say);
  const drawn = shuffled(all, random).slice(0, Number(values.mutants ?? all.length));
  const counts = { killed: 0, "took too long": 0, survived: 0, "is run by no test": 0 };
  await inTurn(drawn, jobs, async (mutant) => {
    if (leftMs(1) < 0 && values.mutants === undefined) return false;
    const outcome = await judge(mutant, reach);
    counts[outcome] += 1;
    if (outcome !== "killed") say(`${outcome.toUpperCase()}  ${toldOf(mutant)}`);
    return true;
  });
  const told = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  say(
    `\nOf ${all.length} mutants: ${told.join(", ")}. One again: npm run test:search -- --mutant NAME`,
  );
}

type Outcome = "killed" | "took too long" | "survived" | "is run by no test";

async function judge(mutant: Mutant, reach: readonly Reach[]): Promise<Outcome> {
  const tests = reaching(reach, mutant.file, mutant.start);
  if (tests.length === 0) return "is run by no test";
  let usualMs = 0;
  const files: string[] = [];
  for (const { test, cpuMs } of tests) {
    usualMs += cpuMs;
    if (usualMs > withinMs && files.length > 0) break;
    files.push(test);
  }
  const { ended } = await runTests(files, START_MS + PATIENCE * usualMs, { mutant });
  return ended === "passed" ? "survived" : ended === "failed" ? "killed" : ended;
}

/** One mutant by its name, with what the test said that killed it; 1 where none did. */
async function tryOne(name: string): Promise<number> {
  const [, file = "", place = ""] = /^([^:]+):(\d+:\d+):/.exec(name) ?? [];
  assert.ok(globSync(file, { cwd: ROOT }).length === 1, `There is no ${file}.\n${HELP}`);
  const all = mutantsOf(file, readFileSync(join(ROOT, file), "utf8"));
  const mutant = all.find((one) => nameOf(one) === name);
  const there = all.map(nameOf).filter((one) => one.startsWith(`${file}:${place}:`));
  assert.ok(mutant !== undefined, `No such mutant; at ${file}:${place} are\n${there.join("\n")}`);
  const reach = await reachOfTests(globSync(DECIDING, { cwd: ROOT }).toSorted(), jobs, say);
  say(toldOf(mutant));
  const tests = reaching(reach, mutant.file, mutant.start).map(({ test }) => test);
  say(`Put to ${tests.length} test files:\n  ${tests.join("\n  ")}`);
  const { ended, output } = await runTests(tests, PROPERTY_MS, { mutant });
  say(ended === "passed" ? "It survives." : `It ${ended}, so it is killed:\n${output}`);
  return ended === "passed" ? 1 : 0;
}

/** Its name, and what stands there now. */
function toldOf(mutant: Mutant): string {
  const text = readFileSync(join(ROOT, mutant.file), "utf8");
  const was = text.slice(mutant.start, mutant.end).replaceAll(/\s+/g, " ");
  const short = was.length > 80 ? `${was.slice(0, 77)}...` : was;
  return `${nameOf(mutant)}${was === "" ? "" : `   (was ${short})`}`;
}

function shuffled<T>(all: readonly T[], random: Random): readonly T[] {
  const keyed = all.map((one) => ({ one, at: random.next() }));
  return keyed.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
}
