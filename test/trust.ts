// Labs of tests are made by hand, as no lab of a person's is: this says that they may run.
import { labPath } from "../src/base/ids.ts";
import type { LabTrust } from "../src/domain/lab-settings.ts";
import { changeTrust } from "../src/effects/state/lab-identity.ts";

/** As if `nightlab init --arrivals start` had made the lab, an existing folder. */
export function trustForTest(
  stateDir: string | undefined,
  lab: string,
  trust: LabTrust = { trusted: true, arrivals: "start" },
): void {
  if (stateDir === undefined) throw new Error("a test's lab needs a state folder of its own");
  changeTrust(stateDir, labPath(lab), () => false, trust);
}
