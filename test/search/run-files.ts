// Runs the test files that are its further arguments in this one process, in that order, and notes
// the processor time that they took, in ms, in the file that is the first.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , cpuFile = "", ...files] = process.argv;
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(cpuFile, String((user + system) / 1_000));
});
for (const file of files) await import(pathToFileURL(file).href);
