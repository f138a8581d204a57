// Rule: one warning fills the log; the numbers in it may differ from line to line.
import { rule } from "./rule.ts";

export const warningFlood = rule({
  name: "warning-flood",
  tier: "C",
  says: "One warning came 100 times or more, or is over half of the lines of a log.",
  silent: "Warnings that come now and then, and logs of a few lines.",
  numbers: {
    times: { value: 100, why: "Nobody reads the hundredth." },
    share: { value: 0.5, why: "Of the lines of a log that has 20 or more." },
  },
  find: ({ reading }, { times, share }) =>
    (reading.lineFacts ?? []).flatMap(({ file, warnings }) => {
      const lines = reading.files.find((one) => one.file === file)?.lines ?? 0;
      const floods = warnings.filter(
        ({ count }) => count >= times || (lines >= 20 && count > share * lines),
      );
      return floods.slice(0, 3).map(({ text, count, first }) => {
        const warning = text.trim().slice(0, 120);
        const evidence = { file: first.file, line: first.line, offset: first.offset };
        return {
          message: `one warning came ${count} times: ${warning}`,
          evidence,
          count,
          blocking: false,
        };
      });
    }),
});
