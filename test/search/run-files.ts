// Runs the test files that are its arguments in this one process, in that order, and notes the
// processor time that they took, in ms, in the file that NIGHTLAB_TRIAL_CPU names.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const cpuFile = process.env["NIGHTLAB_TRIAL_CPU"];
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  if (cpuFile !== undefined) writeFileSync(cpuFile, String((user + system) / 1_000));
});
for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
