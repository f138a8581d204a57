// What a mutant is: one small change of a source file that a test should notice. Each keeps its
// file readable as TypeScript; what cannot matter (words of messages, types) is left alone.
import { parseSync } from "oxc-parser";

export interface Mutant {
  /** Relative to the project. */
  readonly file: string;
  /** The first is 1. */
  readonly line: number;
  readonly column: number;
  /** Offsets in the file's text, UTF-16. */
  readonly start: number;
  readonly end: number;
  /** What takes the place of `start` to `end`. */
  readonly becomes: string;
}

/** A node of the tree: oxc-parser writes ESTree with offsets. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

type Change = Pick<Mutant, "start" | "end" | "becomes">;

/** An operator, and what may stand in its place. */
const OPERATORS: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  ">>": "<<",
  "&&": "||",
  "||": "&&",
};

const METHODS: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  min: "max",
  max: "min",
  ceil: "floor",
  floor: "ceil",
  find: "findLast",
  findLast: "find",
};

/** Every mutant of a file, in the order of the text. */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message ?? ""}`);
  const changes: Change[] = [];
  walk(program as unknown as Node, text, changes);
  const lines = lineStarts(text);
  return changes
    .toSorted((a, b) => a.start - b.start || a.end - b.end)
    .map(({ start, end, becomes }) => {
      const line = lines.findLastIndex((at) => at <= start);
      return { file, line: line + 1, column: start - (lines[line] ?? 0) + 1, start, end, becomes };
    });
}

/** `src/rules/spike.ts:12:5:<=`: what `--mutant` takes. */
export const nameOf = ({ file, line, column, becomes }: Mutant): string =>
  `${file}:${line}:${column}:${becomes.replaceAll(/\s+/g, " ")}`;

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function walk(node: Node, text: string, into: Change[]): void {
  // Types are gone when the code runs.
  if (node.type.startsWith("TS") && node.type !== "TSAsExpression") return;
  if (node.type === "ImportDeclaration") return;
  into.push(...changesOf(node, text));
  for (const value of Object.values(node)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (isNode(one)) walk(one, text, into);
    }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

function changesOf(node: Node, text: string): readonly Change[] {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return operator(node, text);
    case "UnaryExpression": {
      const { argument, operator: sign } = node as Node & { argument: Node; operator: string };
      return sign === "!" || sign === "-" ? [instead(node, textOf(argument, text))] : [];
    }
    case "IfStatement":
    case "ConditionalExpression": {
      const { test } = node as Node & { test: Node };
      return [instead(test, "true"), instead(test, "false")];
    }
    case "Literal":
      return literal(node);
    case "CallExpression":
      return call(node);
    case "ExpressionStatement": {
      const { expression } = node as Node & { expression: Node };
      const acts = /^(Call|Assignment|Update|Await|Unary)Expression$/.test(expression.type);
      return acts ? [instead(node, ";")] : [];
    }
    case "ContinueStatement":
    case "BreakStatement":
      return [instead(node, ";")];
    case "FunctionDeclaration":
    case "ArrowFunctionExpression":
      return returns(node, text);
    default:
      return [];
  }
}

const instead = ({ start, end }: Node, becomes: string): Change => ({ start, end, becomes });
const textOf = ({ start, end }: Node, text: string): string => text.slice(start, end);

function operator(node: Node, text: string): readonly Change[] {
  const {
    left,
    right,
    operator: is,
  } = node as Node & {
    left: Node;
    right: Node;
    operator: string;
  };
  if (is === "??") return [instead(node, `(${textOf(right, text)})`)];
  // Glued words.
  if (is === "+" && [left, right].some(isText)) return [];
  const becomes = OPERATORS[is];
  if (becomes === undefined) return [];
  const start = left.end + text.slice(left.end, right.start).indexOf(is);
  const changed = { start, end: start + is.length, becomes };
  if (is !== "-") return [changed];
  // The order of a comparator.
  const turned = `${textOf(right, text)} - ${textOf(left, text)}`;
  return [changed, instead(node, turned)];
}

const isText = (node: Node): boolean =>
  node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node["value"] === "string");

function literal(node: Node): readonly Change[] {
  const { value } = node as Node & { value: unknown };
  if (typeof value === "boolean") return [instead(node, String(!value))];
  // Small whole numbers count and index: one more. Others are bounds: twice as much.
  if (typeof value !== "number") return [];
  const isCount = Number.isInteger(value) && value <= 3;
  return [instead(node, String(isCount ? value + 1 : 2 * value))];
}

function call(node: Node): readonly Change[] {
  const { callee } = node as Node & { callee: Node };
  if (callee.type !== "MemberExpression" || callee["computed"] === true) return [];
  const { object, property } = callee as Node & { object: Node; property: Node };
  const name = String(property["name"]);
  const other = METHODS[name];
  if (other !== undefined) return [instead(property, other)];
  // Everything passes, or the order stays what it was.
  const drops = /^(filter|toSorted|toReversed)$/.test(name);
  return drops ? [{ start: object.end, end: node.end, becomes: "" }] : [];
}

/** A function that answers at once; only where its type, as written, has such an answer. */
function returns(node: Node, text: string): readonly Change[] {
  const {
    body,
    returnType,
    async: waits,
    generator,
  } = node as Node & {
    body: Node | null;
    returnType: Node | null;
    async: boolean;
    generator: boolean;
  };
  if (body === null || returnType === null || waits || generator) return [];
  const type = textOf(returnType, text).replace(/^:\s*/, "");
  return answersOf(type).map((answer) =>
    body.type === "BlockStatement"
      ? { start: body.start + 1, end: body.start + 1, becomes: ` return ${answer};` }
      : instead(body, answer),
  );
}

function answersOf(type: string): readonly string[] {
  if (type === "boolean") return ["true", "false"];
  if (/(^|\| )undefined$/.test(type)) return ["undefined"];
  if (/^(readonly )?[\w.<>, ]+\[\]$/.test(type)) return ["[]"];
  return [];
}
