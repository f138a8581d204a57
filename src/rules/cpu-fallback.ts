// Rule: the run had a GPU but computes on the CPU. On a machine without a GPU there is no finding.
import { rule, type RuleInput } from "./rule.ts";

export const cpuFallback = rule({
  name: "cpu-fallback",
  tier: "A",
  says: "The run was given a GPU, and none of its processes is on it, or its log says so.",
  silent: "Machines without a GPU, and GPUs that cannot be asked.",
  numbers: {
    seconds: { value: 60, why: "After the first metric a model is on its device." },
  },
  find(input, { seconds }) {
    const { reading, gpus = 0 } = input;
    if (gpus === 0) return [];
    const line = (reading.lineFacts ?? []).flatMap(({ cpu }) => cpu ?? [])[0];
    if (line !== undefined) {
      const { file, line: number, offset, text } = line;
      const evidence = { file, line: number, offset };
      return [
        { message: `computes on the CPU: ${text.trim()}`, evidence, count: 1, blocking: false },
      ];
    }
    if (!isOffGpu(input, seconds * 1_000)) return [];
    const message = `no process of the run was on the GPU ${seconds} s after its first metric`;
    return [{ message, count: 1, blocking: false }];
  },
});

function isOffGpu({ reading, system = [] }: RuleInput, afterMs: number): boolean {
  if (reading.series.length === 0) return false;
  const sampled = system.filter(({ gpuProcesses }) => gpuProcesses !== undefined);
  const firstMetricMs = sampled.find(({ metrics }) => metrics === true)?.atMs;
  if (firstMetricMs === undefined) return false;
  const late = sampled.filter(({ atMs }) => atMs >= firstMetricMs + afterMs);
  return late.length >= 3 && sampled.every(({ gpuProcesses }) => gpuProcesses === 0);
}
