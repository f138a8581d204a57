// Rule: the time stamps of a log fall. A single fall by exactly one hour is the end of summer time.
import { spanText } from "../base/time.ts";
import { rule } from "./rule.ts";

const HOUR_MS = 3_600_000;

export const timeGoesBack = rule({
  name: "time-goes-back",
  tier: "B",
  says: "The time stamp of a line is more than 2 s before that of the line above it.",
  silent: "Falls of exactly one hour: the end of summer time.",
  numbers: {
    seconds: { value: 2, why: "Lines of several threads may change places by less." },
  },
  find: ({ reading }, { seconds }) =>
    (reading.lineFacts ?? []).flatMap(({ timeFalls: { first, count } }) => {
      if (first === undefined || first.byMs <= seconds * 1_000) return [];
      const summerTime = Math.abs(first.byMs - HOUR_MS) <= 2_000;
      if (summerTime && count === 1) return [];
      const { file, line, offset, byMs } = first;
      const message = `the clock of the log falls by ${spanText(byMs)}`;
      return [
        { message, evidence: { file, line, offset }, count, persists: true, blocking: false },
      ];
    }),
});
