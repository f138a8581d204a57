// Rule: the run ended well before the last step or epoch that its own log announced.
import type { RunReading } from "../domain/sample.ts";
import { rule } from "./rule.ts";

export const endedEarly = rule({
  name: "ended-early",
  tier: "C",
  says: "A run that ended by itself had told of more steps or epochs than it did.",
  silent: "Runs that failed or were stopped, and logs that announce no end.",
  numbers: {
    by: { value: 0.02, why: "The last step is often not logged." },
  },
  find({ reading, outcome }, { by }) {
    if (outcome?.ending !== "done") return [];
    const announced = (reading.lineFacts ?? []).flatMap(({ progress, file }) =>
      progress === undefined ? [] : [{ ...progress, file }],
    );
    const furthest = announced.toSorted((a, b) => b.done / b.total - a.done / a.total)[0];
    if (furthest === undefined) return [];
    const { unit, total } = furthest;
    const done = Math.max(furthest.done, lastOf(reading, unit));
    // Counted from 0, the last step is total - 1.
    if (done + 1 >= total || done >= (1 - by) * total) return [];
    const message = `ended at ${unit} ${done} of ${total}: stopped early on purpose?`;
    return [{ message, count: 1, blocking: false }];
  },
});

function lastOf({ series }: RunReading, unit: "step" | "epoch"): number {
  const fitting = series.filter(({ stepKey }) =>
    unit === "epoch" ? stepKey === "epoch" : stepKey === "step" || stepKey === "iteration",
  );
  return Math.max(0, ...fitting.map(({ steps }) => steps.at(-1) ?? 0));
}
