// The number of classes of a run, where its log or its arguments give it. Without it,
// chance-level.ts needs a loss and an accuracy that agree on one.
import type { RuleInput } from "./rule.ts";

const NAMES = /^(?:num|n|nb)?_?(?:classes|labels)$|^vocab(?:ulary)?_?size$/i;

/** The number of classes, from a metric of such a name or an argument; undefined without either. */
export function classesOf({ reading, args = [] }: RuleInput): number | undefined {
  const logged = reading.series.find(({ summary }) => NAMES.test(bare(summary.key)));
  const value = logged?.summary.last.value ?? written(args);
  return value !== undefined && Number.isInteger(value) && value > 1 ? value : undefined;
}

function written(args: readonly string[]): number | undefined {
  const at = args.findIndex((arg) => NAMES.test(bare(arg.split("=")[0] ?? "")));
  const arg = args[at];
  if (arg === undefined) return undefined;
  const text = arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : args[at + 1];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

const bare = (name: string): string => name.replace(/^-+/, "").replaceAll("-", "_");
