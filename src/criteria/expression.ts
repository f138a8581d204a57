// Reads the text of a criterion, `val/loss <= 0.98 * baseline.val/loss`, as a value or as problems.
// Computing its terms is judge/evaluate.ts; judging it is judge/verdict.ts.
import { positionAt, type Problem, type Read } from "../base/problem.ts";
import { parseDecimal } from "../base/decimal.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  type Comparison,
  type ComparisonOperator,
  type Criterion,
  type MetricTerm,
  type Term,
} from "./criterion.ts";
import { tokensOf, type ExpressionToken } from "./expression-tokens.ts";
import { defined } from "../base/defined.ts";

/** A criterion is one line that a person wrote; a longer text is a mistake. */
const CRITERION_CHARS = 2_000;
/** Deepest nesting of brackets; the limit keeps the recursion of the reader bounded. */
const CRITERION_DEPTH = 40;

/** The criterion in a text, or undefined with the problem that was found. Never throws. */
export function readCriterion(text: string): Read<Criterion | undefined> {
  if (text.length > CRITERION_CHARS) {
    return refused(text, { offset: CRITERION_CHARS, message: "The criterion is too long to read" });
  }
  try {
    const reader = new Reader(text, tokensOf(text));
    return { value: { text, comparisons: reader.criterion() }, problems: [] };
  } catch (error) {
    if (error instanceof Misread) return refused(text, error);
    throw error;
  }
}

interface Trouble {
  readonly offset: number;
  readonly message: string;
  readonly fix?: string;
}

/** Thrown at the first mistake; it is caught in this file. */
class Misread extends Error implements Trouble {
  readonly offset: number;
  readonly fix?: string;
  constructor(offset: number, message: string, fix?: string) {
    super(message);
    this.offset = offset;
    if (fix !== undefined) this.fix = fix;
  }
}

function refused(text: string, trouble: Trouble): Read<undefined> {
  const problem: Problem = {
    message: trouble.message,
    place: positionAt(text, trouble.offset),
    ...defined({ fix: trouble.fix }),
  };
  return { value: undefined, problems: [problem] };
}

const COMPARE: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "=="]);
const EXAMPLE = "write it like `val/loss <= 0.5` or `acc >= 1.02 * baseline.acc`";

/**
 * Recursive descent:
 *   criterion  = comparison *( "and" comparison )
 *   comparison = sum operator sum | "(" criterion ")"
 *   sum        = product *( ("+" | "-") product )
 *   product    = factor *( ("*" | "/") factor )
 *   factor     = number | value | "mean" "(" value ")" | "(" sum ")" | "-" factor
 *   value      = metric | word "(" metric ")"
 *   metric     = name | '"' any characters '"'
 */
class Reader {
  readonly #text: string;
  readonly #tokens: readonly ExpressionToken[];
  #at = 0;
  #depth = 0;

  constructor(text: string, tokens: readonly ExpressionToken[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  criterion(): readonly Comparison[] {
    const found = this.#conjunction();
    const rest = this.#peek();
    if (rest === undefined) return found;
    if (COMPARE.has(rest.text)) {
      throw new Misread(rest.offset, "Two comparisons in a row", "join them with `and`");
    }
    throw this.#unexpected(rest);
  }

  #conjunction(): readonly Comparison[] {
    const found = [...this.#comparison()];
    while (this.#take("and")) found.push(...this.#comparison());
    return found;
  }

  #comparison(): readonly Comparison[] {
    if (this.#groupHoldsComparison()) {
      return this.#deeper(() => {
        this.#at += 1;
        const inner = this.#conjunction();
        this.#close();
        return inner;
      });
    }
    const left = this.#sum();
    const operator = this.#peek();
    if (operator === undefined || !COMPARE.has(operator.text)) {
      if (operator !== undefined && operator.text !== "and" && operator.text !== ")") {
        throw this.#unexpected(operator);
      }
      throw new Misread(
        operator?.offset ?? this.#text.length,
        "The criterion compares nothing",
        EXAMPLE,
      );
    }
    this.#at += 1;
    const right = this.#sum();
    return [{ operator: operator.text as ComparisonOperator, left, right }];
  }

  #sum(): Term {
    let left = this.#product();
    for (;;) {
      const operator = this.#takeOne("+", "-");
      if (operator === undefined) return left;
      left = { kind: "arithmetic", operator, left, right: this.#product() };
    }
  }

  #product(): Term {
    let left = this.#factor();
    for (;;) {
      const operator = this.#takeOne("*", "/");
      if (operator === undefined) return left;
      left = { kind: "arithmetic", operator, left, right: this.#factor() };
    }
  }

  #factor(): Term {
    const token = this.#peek();
    if (token === undefined) {
      throw new Misread(this.#text.length, "The criterion ends too early", EXAMPLE);
    }
    this.#at += 1;
    if (token.kind === "number") {
      if (parseDecimal(token.text) !== undefined) return { kind: "number", token: token.text };
      throw new Misread(token.offset, `\`${token.text}\` is too large or too small a number`);
    }
    if (token.kind === "name") return this.#named(token);
    if (token.text === "-") return { kind: "negated", term: this.#deeper(() => this.#factor()) };
    if (token.text === "(") {
      return this.#deeper(() => {
        const inner = this.#sum();
        this.#close();
        return inner;
      });
    }
    throw this.#unexpected(token);
  }

  #named(token: ExpressionToken): Term {
    if (token.quoted === true || !this.#take("(")) return metric(token, "last");
    if (token.text === "mean") return this.#mean();
    const word = AGGREGATIONS.find((known) => known === token.text);
    if (word === undefined) {
      const known = [...AGGREGATIONS, "mean"].map((one) => `${one}()`).join(", ");
      throw new Misread(token.offset, `\`${token.text}(…)\` is not known`, `there are ${known}`);
    }
    const inner = this.#peek();
    if (inner?.kind !== "name") {
      const offset = inner?.offset ?? this.#text.length;
      throw new Misread(offset, `\`${word}(…)\` wants one metric`, `like \`${word}(val/loss)\``);
    }
    this.#at += 1;
    this.#close();
    return metric(inner, word);
  }

  /** `mean(val/loss)` or `mean(best(val/loss))`: over the seeds, never over the steps. */
  #mean(): Term {
    const inner = this.#peek();
    if (inner?.kind !== "name" || inner.text === "mean") {
      const offset = inner?.offset ?? this.#text.length;
      throw new Misread(offset, "`mean(…)` wants one metric", "like `mean(val/loss)`");
    }
    this.#at += 1;
    const term = this.#named(inner);
    this.#close();
    return term.kind === "metric" ? { ...term, overSeeds: true } : term;
  }

  /** Whether the brackets that open here hold a comparison, and not a term. */
  #groupHoldsComparison(): boolean {
    if (this.#peek()?.text !== "(") return false;
    let open = 0;
    for (let i = this.#at; i < this.#tokens.length; i += 1) {
      const text = this.#tokens[i]?.text ?? "";
      if (text === "(") open += 1;
      if (text === ")") open -= 1;
      if (open === 0) return false;
      if (COMPARE.has(text)) return true;
    }
    return false;
  }

  /** Reads something nested, one level deeper. */
  #deeper<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > CRITERION_DEPTH) {
      throw new Misread(this.#peek()?.offset ?? 0, "The criterion is nested too deeply");
    }
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #close(): void {
    if (this.#take(")")) return;
    const offset = this.#peek()?.offset ?? this.#text.length;
    throw new Misread(offset, "A closing `)` is missing");
  }

  #peek(): ExpressionToken | undefined {
    return this.#tokens[this.#at];
  }

  #take(text: string): boolean {
    const token = this.#peek();
    if (token?.text !== text || token.kind === "number") return false;
    this.#at += 1;
    return true;
  }

  #takeOne<T extends string>(...texts: readonly T[]): T | undefined {
    return texts.find((text) => this.#take(text));
  }

  #unexpected(token: ExpressionToken): Misread {
    if (token.text === "=") {
      return new Misread(
        token.offset,
        "`=` compares nothing",
        "write `==`, or better `<=` or `>=`",
      );
    }
    if (token.text === "%") {
      return new Misread(token.offset, "`%` is not known", "write the fraction: `0.02` for 2 %");
    }
    return new Misread(token.offset, `\`${token.text}\` is not expected here`, EXAMPLE);
  }
}

function metric(token: ExpressionToken, aggregation: Aggregation): MetricTerm {
  const baseline = token.text.startsWith("baseline.");
  const name = baseline ? token.text.slice("baseline.".length) : token.text;
  if (name === "" || (name === "and" && token.quoted !== true)) {
    throw new Misread(token.offset, `\`${token.text}\` names no metric`, EXAMPLE);
  }
  return { kind: "metric", name, baseline, aggregation, offset: token.offset };
}
