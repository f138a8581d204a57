// Values of the plan that are lists or maps: metrics with their directions, evidence, rules.
// Which key holds which, and where problems are shown, is in plan.ts.
import { RULES } from "../model/finding.ts";
import type { PromisedMetric } from "../model/journal.ts";
import { nearest } from "./nearest.ts";
import { brief, checkRunName } from "./written-values.ts";
import type { YamlFault, YamlValue } from "./yaml-map.ts";

/** `[a, b]`, `a, b`, `{ a: max }`, or a list that mixes names and `a: min`. */
export function readMetrics(value: YamlValue, faults: YamlFault[]): readonly PromisedMetric[] {
  const found = metricsIn(value, faults);
  const first = new Map(found.map((metric) => [metric.key, metric]));
  return [...first.values()];
}

function metricsIn(value: YamlValue, faults: YamlFault[]): readonly PromisedMetric[] {
  switch (value.kind) {
    case "text":
      return value.text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .map((key) => ({ key }));
    case "list":
      return value.items.flatMap((item) =>
        item.kind === "text" ? [{ key: item.text.trim() }] : metricsIn(item, faults),
      );
    case "map":
      return value.entries.map(({ key, value: way }) => {
        const direction = way.kind === "text" ? DIRECTIONS[way.text.toLowerCase()] : undefined;
        if (direction === undefined && way.kind !== "empty") {
          const fix = `write \`${brief(key)}: max\` or \`${brief(key)}: min\``;
          const message = `\`${brief(key)}\` has a direction that is neither max nor min`;
          faults.push({ message, fix, offset: way.offset });
        }
        return { key, ...(direction === undefined ? {} : { direction }) };
      });
    case "empty":
    case "unreadable":
      return [];
  }
}

const DIRECTIONS: Readonly<Record<string, "min" | "max" | undefined>> = {
  max: "max",
  maximise: "max",
  maximize: "max",
  higher: "max",
  min: "min",
  minimise: "min",
  minimize: "min",
  lower: "min",
};

/** Names of runs, as a list or parted by commas or spaces. */
export function readEvidence(value: YamlValue, faults: YamlFault[]): readonly string[] {
  const texts = value.kind === "list" ? value.items : [value];
  return texts.flatMap((item) => {
    if (item.kind !== "text") {
      const fix = "write `evidence: [full, lr-sweep]`";
      faults.push({ message: "`evidence` takes names of runs", fix, offset: item.offset });
      return [];
    }
    const names = item.text.split(/[,\s]+/).filter((name) => name !== "");
    return names.flatMap((name) => {
      const result = checkRunName(name);
      if (result.ok) return [result.value];
      faults.push({ ...result.fault, offset: item.offset });
      return [];
    });
  });
}

/** The rules that are off: `{ no-metrics: off }`. */
export function readRules(value: YamlValue, faults: YamlFault[]): readonly string[] {
  if (value.kind !== "map") {
    const fix = "write `rules: { no-metrics: off }`";
    faults.push({ message: "`rules` takes rules and `off`", fix, offset: value.offset });
    return [];
  }
  return value.entries.flatMap(({ key, offset, value: way }) => {
    const rule = RULES.find((one) => one === key);
    if (rule === undefined) {
      const near = nearest(key, RULES);
      const fix =
        near === undefined ? `the rules are ${RULES.join(", ")}` : `did you mean \`${near}\`?`;
      faults.push({ message: `\`${brief(key)}\` is no rule`, fix, offset });
      return [];
    }
    const word = way.kind === "text" ? way.text.toLowerCase() : "";
    if (["off", "false", "no"].includes(word)) return [rule];
    if (!["on", "true", "yes"].includes(word)) {
      const message = `the rule \`${rule}\` can only be \`off\` or \`on\``;
      faults.push({ message, fix: `write \`${rule}: off\``, offset: way.offset });
    }
    return [];
  });
}
