// A command while it is being read: what its words and keys have set so far, and what is wrong.
// command-draft.ts fills a draft and turns it into a command.
import type { YamlFault, YamlValue } from "../../base/yaml-map.ts";
import type { CommandSpec, SweptOption, Verb } from "../../domain/command.ts";

/** A problem whose position is still an offset in the text that the command was read from. */
export type Fault = YamlFault;

/** A value that a key can be read from. */
export type WrittenValue = Exclude<YamlValue, { readonly kind: "empty" | "unreadable" }>;

/** The fields of a command that keys set. */
export type KeyField = Exclude<keyof CommandSpec, "verb" | "target" | "args" | "go">;

export interface Draft {
  readonly verb: Verb;
  target: string;
  readonly args: string[];
  go: boolean;
  /** What the keys have set, by field of the command. */
  readonly fields: { -readonly [K in KeyField]?: CommandSpec[K] };
  /** `seeds`: one more option of the sweep. */
  seeds?: SweptOption;
  readonly seen: Set<string>;
  /** What keeps the command from being understood. */
  readonly faults: Fault[];
  /** What was corrected: shown, but no reason not to start. */
  readonly notes: Fault[];
}

export function newDraft(verb: Verb): Draft {
  return {
    verb,
    target: "",
    args: [],
    go: false,
    fields: {},
    seen: new Set(),
    faults: [],
    notes: [],
  };
}
