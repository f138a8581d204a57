// `node bench/rules.ts [seed] [planted] [healthy]`: how often each rule is right, as the table of
// docs/rules.md. Ends with 1 where a bound is missed; the same seed gives the same table.
import { measure, scoreTable } from "../test/corpus/measure.ts";

const [seed = 1, planted = 500, healthy = 6_000] = process.argv.slice(2).map(Number);
const scores = measure(seed, planted, healthy);
const { rules, flagged, wrongly } = scores;
console.log(`seed ${seed}, ${planted} broken runs for each rule, ${healthy} healthy runs\n`);
console.log(scoreTable(scores));
console.log(`\n${flagged} of ${healthy} healthy runs have any flag (bound: 1 of 100)`);
for (const one of wrongly.slice(0, 20)) console.log(`  ${one}`);
const missed = rules.filter(({ tier, found }) => found / planted < (tier === "A" ? 0.95 : 0.9));
for (const { rule, found } of missed) console.log(`recall of ${rule} is ${found / planted}`);
process.exitCode = missed.length > 0 || flagged > healthy / 100 ? 1 : 0;
