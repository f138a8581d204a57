// Values of the plan that are lists or maps: metrics with their directions, evidence.
// Which key holds which, and where problems are shown, is in plan.ts.
import type { PromisedMetric } from "../domain/journal.ts";
import { brief, checkRunName } from "./written-values.ts";
import type { YamlFault, YamlValue } from "../base/yaml-map.ts";

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
