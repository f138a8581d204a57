// The values of `sweep` and `seeds`: options, each combination of whose values is a run.
// domain/grid.ts makes the runs' names and arguments.
import type { SweptOption, SweptValue } from "../../domain/command.ts";
import { membersIn } from "../../domain/grid.ts";
import { brief, checkCount } from "../../settings/written-values.ts";
import type { YamlEntry, YamlValue } from "../../base/yaml-map.ts";
import type { Draft, Fault } from "./draft.ts";
import { tokenize } from "./tokens.ts";

/** Most runs of a sweep: more is a search, and no table could show it. */
const SWEEP_MEMBERS_MOST = 1_000;

const FORM = "write `sweep: { lr: [1e-4, 3e-4], seed: [0, 1, 2] }` in a fence";

/** A map of options to their values; on a line `sweep="lr=1e-4,3e-4 seed=0,1,2"`. */
export function readSweep(value: YamlValue, faults: Fault[]): readonly SweptOption[] {
  switch (value.kind) {
    case "map":
      return value.entries.flatMap((entry) => readOption(entry, faults));
    case "text":
      return tokenize(value.text).flatMap(({ text }) => {
        const equals = text.indexOf("=");
        const items = listItems(text.slice(equals + 1));
        const torn = items.find((one) => !isBalanced(one));
        if (torn !== undefined) {
          const message = `nothing closes a bracket in \`${brief(torn)}\``;
          const fix = "close it, or put the value in quotes in a fenced block";
          faults.push({ message, fix, offset: value.offset });
          return [];
        }
        const texts = items.map((one) => plainText(one.trim(), value.offset));
        const list: YamlValue = { kind: "list", items: texts, offset: value.offset };
        if (equals > 0)
          return readOption({ ...value, key: text.slice(0, equals), value: list }, faults);
        const message = `\`sweep\` finds no values in \`${brief(text)}\``;
        faults.push({
          message,
          fix: 'write `sweep="lr=1e-4,3e-4 seed=0,1,2"`',
          offset: value.offset,
        });
        return [];
      });
    case "list":
      faults.push({
        message: "`sweep` takes options, each with its values",
        fix: FORM,
        offset: value.offset,
      });
      return [];
    case "empty":
    case "unreadable":
      return [];
  }
}

/** Cuts a list at its commas; those inside brackets belong to the item: `[64,64],[128]` are two. */
function listItems(text: string): readonly string[] {
  const items = [""];
  let depth = 0;
  for (const char of text) {
    depth += depthChange(char);
    if (char === "," && depth <= 0) items.push("");
    else items.push(`${items.pop() ?? ""}${char}`);
  }
  return items;
}

const depthChange = (char: string): number =>
  "[({".includes(char) ? 1 : "])}".includes(char) ? -1 : 0;

const isBalanced = (text: string): boolean =>
  Array.from(text).reduce((depth, char) => depth + depthChange(char), 0) === 0;

function readOption({ key, offset, value }: YamlEntry, faults: Fault[]): readonly SweptOption[] {
  const option = optionName(key);
  if (option === undefined) {
    const fix = "write the option's letters, as in `lr`";
    faults.push({ message: `\`${brief(key)}\` in \`sweep\` names no option`, fix, offset });
    return [];
  }
  const items = value.kind === "list" ? value.items : [value];
  const values = items.flatMap((item) => readValue(key, option, item, faults));
  if (value.kind === "list" && items.length === 0) {
    const fix = `write its values: \`${brief(key)}: [1, 2]\``;
    faults.push({ message: `\`${brief(key)}\` in \`sweep\` has no values`, fix, offset });
  }
  if (value.kind === "text" && !value.quoted && value.text.includes(",")) {
    const fix = `write \`${brief(key)}: [${brief(value.text)}]\``;
    faults.push({
      message: `\`${brief(key)}\` in \`sweep\` is one value with commas`,
      fix,
      offset,
    });
  }
  faultTwice(key, values, value.offset, faults);
  return values.length === 0 ? [] : [{ key: option.replace(/^-+/, ""), values }];
}

/** `lr` → `--lr`; undefined for what cannot name an option. */
export function optionName(key: string): string | undefined {
  if (!/^-{0,2}[A-Za-z][\w.-]*$/.test(key) || key.length > 100) return undefined;
  return key.startsWith("-") ? key : `--${key}`;
}

function readValue(
  key: string,
  option: string,
  value: YamlValue,
  faults: Fault[],
): readonly SweptValue[] {
  if (value.kind === "unreadable") return [];
  if (value.kind !== "text" || value.text === "") {
    const message = `a value of \`${brief(key)}\` in \`sweep\` is no single one`;
    faults.push({ message, fix: "write numbers or words", offset: value.offset });
    return [];
  }
  const { text, quoted } = value;
  if (!quoted && text === "true") return [{ text, args: [option] }];
  if (!quoted && text === "false" && option.startsWith("--")) {
    return [{ text, args: [`--no-${option.slice(2)}`] }];
  }
  return [{ text, args: [option, text] }];
}

/** `3` means seeds 0, 1 and 2; `[0, 7]`, or `0,7` on a line, lists them. */
export function readSeeds(value: YamlValue, faults: Fault[]): SweptOption | undefined {
  const { offset } = value;
  if (value.kind === "unreadable" || value.kind === "empty") return undefined;
  const alone = value.kind === "text" && /^\d+$/.test(value.text);
  const count = alone ? checkCount("seeds", value.text, 1, SWEEP_MEMBERS_MOST) : undefined;
  if (count?.ok === false) {
    faults.push({ ...count.fault, offset });
    return undefined;
  }
  const texts =
    count === undefined ? seedTexts(value) : Array.from({ length: count.value }, (_, i) => `${i}`);
  if (texts.length === 0 || texts.some((text) => !/^\d{1,18}$/.test(text))) {
    const message =
      value.kind === "text"
        ? `\`seeds\` cannot be \`${brief(value.text)}\``
        : "`seeds` takes whole numbers";
    const fix = "write how many, as in `seeds: 3`, or which, as in `seeds: [0, 1, 2]`";
    faults.push({ message, fix, offset });
    return undefined;
  }
  const values = texts.map((text) => ({ text, args: ["--seed", text] }));
  faultTwice("seeds", values, offset, faults);
  return { key: "seed", values };
}

function seedTexts(value: YamlValue): readonly string[] {
  if (value.kind === "list") {
    return value.items.map((item) => (item.kind === "text" ? item.text : ""));
  }
  return value.kind === "text" ? value.text.split(",").map((one) => one.trim()) : [];
}

function faultTwice(
  key: string,
  values: readonly SweptValue[],
  offset: number,
  faults: Fault[],
): void {
  const texts = values.map(({ text }) => text);
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice === undefined) return;
  const message = `\`${brief(key)}\` has \`${brief(twice)}\` twice`;
  faults.push({ message, fix: "keep one of the two", offset });
}

const plainText = (text: string, offset: number): YamlValue => ({
  kind: "text",
  text,
  quoted: false,
  offset,
});

/** The whole sweep of a command, if it has one; adds faults for what cannot be. */
export function sweepOfDraft(draft: Draft, offset: number): readonly SweptOption[] | undefined {
  const { faults } = draft;
  const sweep = [
    ...(draft.fields.sweep ?? []),
    ...(draft.seeds === undefined ? [] : [draft.seeds]),
  ];
  const [first] = sweep;
  if (first === undefined) return undefined;
  if (draft.verb !== "run") {
    const fix = "leave the key out, or write `run:`";
    faults.push({ message: `only \`run:\` takes \`sweep\` and \`seeds\``, fix, offset });
  }
  const keys = sweep.map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) {
    const message = `\`${brief(twice)}\` is swept twice`;
    faults.push({
      message,
      fix: twice === "seed" ? "keep `seeds`, or `seed` in `sweep`" : "keep one of the two",
      offset,
    });
  }
  const given = keys.find((key) => draft.args.some((arg) => optionKey(arg) === key));
  if (given !== undefined) {
    const message = `\`--${brief(given)}\` is an argument and swept as well`;
    faults.push({ message, fix: "keep one of the two", offset });
  }
  const count = membersIn(sweep);
  if (count > SWEEP_MEMBERS_MOST) {
    const message = `this sweep has ${count} runs; ${SWEEP_MEMBERS_MOST} are the most`;
    faults.push({ message, fix: "write fewer values, or two sweeps", offset });
  }
  return sweep;
}

/** `--lr=1` → `lr`; undefined for what is not an option. */
const optionKey = (arg: string): string | undefined =>
  /^--?([A-Za-z][\w.-]*)(?:=|$)/s.exec(arg)?.[1];
