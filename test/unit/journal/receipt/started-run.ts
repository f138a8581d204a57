// What a run of `run: de-risk` was started with, for the tests of its receipt.
import { attemptId, commandId } from "../../../../src/base/ids.ts";
import type { AttemptSpec, StartFacts } from "../../../../src/domain/run.ts";

export const SPEC: AttemptSpec = {
  attempt: attemptId("k7f3-1"),
  command: commandId("k7f3"),
  verb: "run",
  name: "de-risk",
  lab: "/lab",
  experiment: "/lab/exp",
  script: "train.py",
  args: ["de-risk"],
  env: {},
  limitMs: 120_000,
};

export const START: StartFacts = {
  codeHash: "",
  runner: "uv",
  said: "run: de-risk",
  queuedAtMs: 0,
  long: false,
  criteria: {},
};
