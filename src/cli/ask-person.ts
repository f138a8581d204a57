// Questions at a terminal. Where nobody sits at one, nothing is asked and nothing is assumed.
import { createInterface } from "node:readline/promises";

/** Whether a person can be asked: input and output are a terminal. */
export const canAsk = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/**
 * Asks until one of the answers, or its first letter, is given. Returns the first answer for an
 * empty line, and undefined where nobody can be asked.
 */
export async function askPerson<T extends string>(
  question: string,
  answers: readonly [T, ...T[]],
): Promise<T | undefined> {
  if (!canAsk()) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (;;) {
      const said = (await lines.question(`${question} [${answers.join("/")}] `)).trim();
      if (said === "") return answers[0];
      const meant = answers.find((one) => one === said || one.startsWith(said.toLowerCase()));
      if (meant !== undefined) return meant;
    }
  } finally {
    lines.close();
  }
}
