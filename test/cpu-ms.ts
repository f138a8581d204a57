// How much work something is. The clock would count what else the machine has to do.

/** Milliseconds of processor time that `work` took of this process. */
export function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
