// A reporter that ends the process at the first test that fails: one is enough to kill a mutant.
import type { TestEvent } from "node:test/reporters";

export default async function* firstFailure(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== "test:fail") continue;
    const { cause } = data.details.error;
    const told = cause instanceof Error ? cause.message : String(cause);
    process.stdout.write(`${data.name}\n${told}\n`, () => process.exit(1));
    yield "";
  }
}
