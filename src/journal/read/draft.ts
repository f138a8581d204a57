// A command while it is being read: what its keys have said so far, and what is wrong with it.
// Reading the keys is left to command-draft.ts and the files of values.
import type { YamlFault } from "../../base/yaml-map.ts";
import type { Verb, After, Runner, SweptOption, Retry } from "../../domain/command.ts";
import type { RuleName } from "../../domain/finding.ts";
import type { When } from "../../domain/window.ts";

/** A problem of a command whose place is still an offset in the text it was read from. */
export type Fault = YamlFault;

export interface Draft {
  readonly verb: Verb;
  target: string;
  readonly args: string[];
  go: boolean;
  snapshot: boolean;
  timeoutMs?: number;
  because?: string;
  readonly after: After[];
  script?: string;
  runner?: Runner;
  stopOn?: readonly RuleName[];
  gpus?: number;
  share?: number;
  priority?: number;
  memory?: number;
  sweep?: readonly SweptOption[];
  seeds?: SweptOption | undefined;
  retry?: Retry | undefined;
  when?: When | undefined;
  if?: string | undefined;
  readonly env: Map<string, string>;
  /** Values of the keys that are for later, as canonical text. */
  readonly later: Map<string, string>;
  readonly seen: Set<string>;
  /** What keeps the command from being understood. */
  readonly faults: Fault[];
  /** What was corrected, and is said without keeping it from starting. */
  readonly notes: Fault[];
}

export function newDraft(verb: Verb): Draft {
  return {
    verb,
    target: "",
    args: [],
    go: false,
    snapshot: false,
    after: [],
    env: new Map(),
    later: new Map(),
    seen: new Set(),
    faults: [],
    notes: [],
  };
}
