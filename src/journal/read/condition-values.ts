// Values of `when` and `if`: the time a command waits for, and what an earlier run must have shown.
// scheduler/conditions.ts evaluates them.
import type { When } from "../../domain/window.ts";
import { metricTerms } from "../../criteria/criterion.ts";
import { readCriterion } from "../../criteria/expression.ts";
import { checkWhen } from "../../settings/clock-times.ts";
import type { Checked } from "../../settings/written-values.ts";
import type { YamlValue } from "../../base/yaml-map.ts";
import type { Fault } from "./draft.ts";

export function readWhen(value: YamlValue, faults: Fault[]): When | undefined {
  return readOne("when", value, checkWhen, faults);
}

/** The expression as written, folded to one line; it is parsed again whenever it is judged. */
export function readIf(value: YamlValue, faults: Fault[]): string | undefined {
  return readOne("if", value, checkIf, faults);
}

function readOne<T>(
  key: string,
  value: YamlValue,
  check: (text: string) => Checked<T>,
  faults: Fault[],
): T | undefined {
  if (value.kind !== "text") {
    const message = `\`${key}\` takes one value`;
    faults.push({ message, fix: "write a single one", offset: value.offset });
    return undefined;
  }
  const checked = check(value.text);
  if (checked.ok) return checked.value;
  faults.push({ ...checked.fault, offset: value.offset });
  return undefined;
}

const EXAMPLE = "write it like `if: full.val/loss < 0.4`";

const bad = (message: string, fix: string = EXAMPLE): Checked<never> => ({
  ok: false,
  fault: { message: `\`if\`: ${message}`, fix },
});

function checkIf(text: string): Checked<string> {
  const written = text.replaceAll(/\s+/g, " ").trim();
  const { value, problems } = readCriterion(written);
  if (value === undefined) {
    const [{ message, fix } = { message: "it cannot be read" }] = problems;
    return bad(message.charAt(0).toLowerCase() + message.slice(1), fix);
  }
  const terms = metricTerms(value);
  if (terms.length === 0) return bad("no metric of a run is in it");
  if (terms.some(({ baseline }) => baseline)) {
    return bad("`baseline.` means no run here", "name the run: `full.val/loss < 0.4`");
  }
  if (terms.some(({ overSeeds }) => overSeeds)) {
    return bad("`mean(…)` is over several runs", "name one: `full.val/loss < 0.4`");
  }
  return { ok: true, value: written };
}

/** Whether a word is the time of day that belongs to the date before it. */
export const isTimeOfDay = (date: string, word: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(date) && /^\d{1,2}:\d{2}$/.test(word);
