import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/base/problem.ts";
import type { TimeWindow } from "../../../src/domain/window.ts";
import { checkWhen } from "../../../src/settings/clock-times.ts";
import { readLabSettings } from "../../../src/settings/lab.ts";

const read = (text: string): ReturnType<typeof readLabSettings> =>
  readLabSettings(text, "Europe/Berlin");
const windowsOf = (text: string): readonly TimeWindow[] => read(text).value.windows ?? [];
const saidOf = (text: string): readonly string[] => read(text).problems.map(problemText);

describe("windows in nightlab.yaml", () => {
  it("are a stretch between two times of day", () => {
    assert.deepEqual(windowsOf("windows:\n  tonight: 21:30-06:00\n"), [
      {
        name: "tonight",
        start: "30 21 * * *",
        end: { kind: "clock", minute: 360 },
        timeZone: "Europe/Berlin",
        atEnd: "finish",
      },
    ]);
  });

  it("have a start by cron or by the clock, an end or a length, a zone, an end for runs, a budget", () => {
    const text = `windows:
  weekend: { start: 0 20 * * fri, length: 58h, time-zone: America/New_York, at-end: stop }
  lunch:
    start: "0 12 * * 1-5"
    end: 13:00
    gpu-hours: 1.5
time-zone: Asia/Tokyo
`;
    assert.deepEqual(saidOf(text), []);
    assert.deepEqual(windowsOf(text), [
      {
        name: "weekend",
        start: "0 20 * * fri",
        end: { kind: "length", ms: 58 * 3_600_000 },
        timeZone: "America/New_York",
        atEnd: "stop",
      },
      {
        name: "lunch",
        start: "0 12 * * 1-5",
        end: { kind: "clock", minute: 780 },
        timeZone: "Asia/Tokyo",
        atEnd: "finish",
        gpuHours: 1.5,
      },
    ]);
  });

  it("may give the night a budget and leave its times", () => {
    const [night] = windowsOf("windows: { tonight: { gpu-hours: 8, end: 06:00 } }\n");
    assert.equal(night?.start, "0 22 * * *");
    assert.deepEqual(night.end, { kind: "clock", minute: 360 });
    assert.equal(night.gpuHours, 8);
  });

  const mistakes: readonly (readonly [text: string, said: string])[] = [
    [
      "windows: { tonight: 22:00-25:00 }",
      "the window `tonight` has no times in `22:00-25:00`; " +
        "write `weekend: { start: 0 20 * * 5, length: 58h }` or `tonight: 22:00-07:00`",
    ],
    [
      "windows: { a: { start: 0 25 * * *, length: 1h } }",
      "the window `a`: cron cannot read `0 25 * * *`: 25 is no hour; " +
        "its fields are minute, hour, day of the month, month and day of the week",
    ],
    [
      "windows: { a: { start: 0 2 30 2 *, length: 1h } }",
      "the window `a`: cron cannot read `0 2 30 2 *`: month 2 has no day 30; " +
        "its fields are minute, hour, day of the month, month and day of the week",
    ],
    [
      "windows: { a: { start: 0 22 * *, length: 1h } }",
      "the window `a`: `start` cannot be `0 22 * *`; " +
        "write a time (`22:00`) or five cron fields: `0 22 * * 1-5`",
    ],
    [
      "windows: { a: { start: 22:00, length: 8d } }",
      "the window `a`: `length` cannot be `8d`; write a week (`7d`) at most",
    ],
    [
      "windows: { a: { start: 0 22 * * 1-5, length: 25h } }",
      "the window `a` comes again before its end; write a shorter `length`",
    ],
    [
      "windows: { a: { start: 22:00, end: 7, at-end: finish } }",
      "the window `a`: `end` cannot be `7`; write `end: 07:00`, or a `length`",
    ],
    [
      "windows: { a: { start: 22:00, end: 07:00, at-end: stopp } }",
      "the window `a`: `at-end` cannot be `stopp`; did you mean `stop`?",
    ],
    [
      "windows: { a: { start: 22:00, end: 07:00, time-zone: Europe/Berln } }",
      "the window `a`: `time-zone` cannot be `Europe/Berln`; did you mean `Europe/Berlin`?",
    ],
    [
      "windows: { a: { start: 22:00, end: 07:00, gpu-hours: many } }",
      "the window `a`: `gpu-hours` cannot be `many`; " +
        "write a number of hours, such as `gpu-hours: 16`",
    ],
    [
      "windows: { a: { start: 22:00, end: 07:00, lenght: 2h } }",
      "`lenght` is no key of a window; did you mean `length`?",
    ],
    [
      "windows: { a: { start: 22:00, end: 07:00, length: 2h } }",
      "the window `a` has an `end` and a `length`; keep one of the two",
    ],
    [
      "windows: { a: { start: 22:00 } }",
      "the window `a` has no end; add `end: 07:00` or `length: 9h`",
    ],
    [
      "windows: { a: { end: 07:00 } }",
      "the window `a` has no `start`; " +
        "write `weekend: { start: 0 20 * * 5, length: 58h }` or `tonight: 22:00-07:00`",
    ],
    [
      'windows: { "2 nights": 22:00-07:00 }',
      "`2 nights` cannot name a window; write letters, digits, `_` and `-` only, a letter first",
    ],
    [
      "windows: tonight",
      "`windows` holds a name and its times for each window; " +
        "write `weekend: { start: 0 20 * * 5, length: 58h }` or `tonight: 22:00-07:00`",
    ],
    [
      "time-zone: berlin",
      "`berlin` is no time zone that this machine knows; did you mean `Europe/Berlin`?",
    ],
    ["disk-floor: much", "`much` is no size; write it as `500MB` or `2GiB`"],
  ];
  for (const [text, said] of mistakes) {
    it(`answer ${text} in one line that says how to mend it`, () => {
      assert.deepEqual(saidOf(`${text}\n`), [said]);
      assert.deepEqual(windowsOf(`${text}\n`), []);
    });
  }

  it("of which one is wrong leave the others as they are", () => {
    const text = "windows:\n  a: { start: 22:00 }\n  b: 01:00-02:00\n";
    assert.deepEqual(
      windowsOf(text).map(({ name }) => name),
      ["b"],
    );
    assert.equal(read(text).problems[0]?.place.line, 2);
  });
});

describe("`when`", () => {
  it("is a window, a stretch of the day or a moment", () => {
    const values = [
      "tonight",
      "22:00-07:00",
      "22:00 – 24:00",
      "3:00",
      "2026-11-24 03:00",
      "2026-11-24T03:00",
    ].map((text) => {
      const checked = checkWhen(text);
      return checked.ok ? checked.value : checked.fault;
    });
    assert.deepEqual(values, [
      { kind: "window", name: "tonight" },
      { kind: "daily", from: 1320, to: 420 },
      { kind: "daily", from: 1320, to: 0 },
      { kind: "moment", minute: 180 },
      { kind: "moment", minute: 180, date: "2026-11-24" },
      { kind: "moment", minute: 180, date: "2026-11-24" },
    ]);
  });

  const fix =
    "write `tonight` or a window of nightlab.yaml, `22:00-07:00`, `03:00` or `2026-11-24 03:00`";
  const mistakes: readonly (readonly [text: string, said: string])[] = [
    ["25:00", `\`25:00\` is no time that \`when\` knows; ${fix}`],
    ["22:00-22:00", `\`22:00-22:00\` ends when it begins; ${fix}`],
    ["2026-02-29 03:00", `there is no day 2026-02-29; ${fix}`],
    ["2026-11-24", "`when` says a day and no time; write `2026-11-24 22:00`"],
    ["in two hours", `\`in two hours\` is no time that \`when\` knows; ${fix}`],
    ["0 22 * * *", `\`0 22 * * *\` is no time that \`when\` knows; ${fix}`],
  ];
  for (const [text, said] of mistakes) {
    it(`answers ${text} in one line that says how to mend it`, () => {
      const checked = checkWhen(text);
      assert.equal(checked.ok, false);
      if (!checked.ok) assert.equal(`${checked.fault.message}; ${checked.fault.fix}`, said);
    });
  }
});
