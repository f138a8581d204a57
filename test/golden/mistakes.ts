// Mistakes that people make in a journal, the one line that answers each, and how it is mended.
// That the answer comes, stands at its place and goes again is shown in mistakes.test.ts.

export interface Mistake {
  readonly wrong: string;
  readonly right: string;
  readonly says: string;
  /** The line that the answer stands below, where that is not the last one. */
  readonly below?: string;
  /** What is mended, and how, where the answer stands within `wrong`. */
  readonly mend?: readonly [string, string];
}

/** The answers are the golden texts: whoever changes one reads it as a person would. */
export const MISTAKES: readonly Mistake[] = [
  {
    wrong: "run: de-risk timout=2m",
    right: "run: de-risk timeout=2m",
    says: "`timout` is no key of a command; did you mean `timeout`?",
  },
  {
    wrong: "run: a gpu=1",
    right: "run: a",
    says: "`gpu` is no key of a command; did you mean `gpus`?",
  },
  {
    wrong: "run: a lr=1e-4",
    right: "run: a --lr 1e-4",
    says: "`lr` is no key of a command; to hand it to the script write `--lr` with its value",
  },
  {
    wrong: "run: de-risk timeout=2x",
    right: "run: de-risk timeout=2m",
    says: "the timeout `2x` is no span of time; write it as `90s`, `45m`, `2h` or `1h30m`",
  },
  {
    wrong: "run: de-risk timeout=",
    right: "run: de-risk",
    says: "`timeout` has no value; write one or take the key away",
  },
  {
    wrong: "run: de-risk timeout=0",
    right: "run: de-risk",
    says: "the timeout `0` is no span of time; write the unit: `0m` or `0s`",
  },
  {
    wrong: "run: a timeout=1m timeout=2m",
    right: "run: a timeout=2m",
    says: "`timeout` is written twice; keep one of the two",
  },
  {
    wrong: "run: a --lr 1e-4 timeout 2m",
    right: "run: a --lr 1e-4 timeout=2m",
    says: "`timeout` belongs to no option of `run:`; write `timeout=VALUE`, without a space",
  },
  {
    wrong: "run: a seeds=three",
    right: "run: a seeds=3",
    says: "`seeds` cannot be `three`; write how many, as in `seeds: 3`, or which, as in `seeds: [0, 1, 2]`",
  },
  {
    wrong: "run: a --seed 1 seeds=3",
    right: "run: a seeds=3",
    says: "`--seed` is an argument and swept as well; keep one of the two",
  },
  {
    wrong: "run: a sweep=1e-4,3e-4",
    right: 'run: a sweep="lr=1e-4,3e-4"',
    says: '`sweep` finds no values in `1e-4,3e-4`; write `sweep="lr=1e-4,3e-4 seed=0,1,2"`',
  },
  {
    wrong: "```yaml\nrun: a\nsweep:\n  lr: 1e-4, 3e-4\n```",
    right: "```yaml\nrun: a\nsweep:\n  lr: [1e-4, 3e-4]\n```",
    says: "`lr` in `sweep` is one value with commas; write `lr: [1e-4, 3e-4]`",
  },
  {
    wrong: "run: a retry=oom",
    right: "run: a retry=1",
    says: "`retry` cannot be `oom`; write a number from 1 to 10",
  },
  {
    wrong: "```yaml\nrun: a\nretry: { on: oom, set: { batch-size: /2 } }\n```",
    right: "```yaml\nrun: a --batch-size 64\nretry: { on: oom, set: { batch-size: /2 } }\n```",
    says: "`retry` has `/2` for `--batch-size`, which is no number here; write `--batch-size` with a number among the arguments",
  },
  {
    wrong: "run: a when=25:00",
    right: "run: a when=tonight",
    says: "`25:00` is no time that `when` knows; write `tonight` or a window of nightlab.yaml, `22:00-07:00`, `03:00` or `2026-11-24 03:00`",
  },
  {
    wrong: "run: a when=2026-11-31 03:00",
    right: "run: a when=2026-11-30 03:00",
    says: "there is no day 2026-11-31; write `tonight` or a window of nightlab.yaml, `22:00-07:00`, `03:00` or `2026-11-24 03:00`",
  },
  {
    wrong: 'run: a if="full.val/loss 0.4"',
    right: 'run: a if="full.val/loss < 0.4"',
    says: "`if`: `0.4` is not expected here; write it like `val/loss <= 0.5` or `acc >= 1.02 * baseline.acc`",
  },
  {
    wrong: "run: a if=",
    right: "run: a",
    says: "`if` has no value; write one or take the key away",
  },
  {
    wrong: "queue: drian",
    right: "queue: drain",
    says: "the queue cannot `drian`; write `queue: drain`",
  },
  { wrong: "run:", right: "run: a", says: "`run:` needs a name; write `run: de-risk`" },
  {
    wrong: "run: ../train",
    right: "run: train",
    says: "`../train` is a path; a run's name becomes a folder below runs/; write letters, digits, `_`, `.` and `-` only: `train`",
  },
  {
    wrong: "run: runs/2025-02-02T14-30-00-a",
    right: "run: a",
    says: "`runs/2025-02-02T14-30-00-a` is a path; a run's name becomes a folder below runs/; write letters, digits, `_`, `.` and `-` only: `2025-02-02T14-30-00-a`",
  },
  {
    wrong: "run: .hidden",
    right: "run: hidden",
    says: "`.hidden` cannot be a run's name; write letters, digits, `_`, `.` and `-` only: `hidden`",
  },
  {
    wrong: "run: two words",
    right: "run: two-words",
    says: "`words` belongs to no option of `run:`; write options as `--name value`, or leave a blank line before text that is no command",
  },
  {
    wrong: 'run: "two words"',
    right: "run: two-words",
    says: "`two words` cannot be a run's name; write letters, digits, `_`, `.` and `-` only: `two-words`",
  },
  {
    wrong: "rnu: de-risk",
    right: "run: de-risk",
    says: "`rnu:` is not how a command begins; write `run: de-risk`",
  },
  {
    wrong: "Run: de-risk",
    right: "run: de-risk",
    says: "`Run:` is not how a command begins; write `run: de-risk`",
  },
  {
    wrong: "run:de-risk",
    right: "run: de-risk",
    says: "`run:` needs a space after it; write `run: de-risk`",
  },
  {
    wrong: "run : de-risk",
    right: "run: de-risk",
    says: "`run :` is not how a command begins; write `run: de-risk`",
  },
  {
    wrong: "run：de-risk",
    right: "run: de-risk",
    says: "`run：` is not how a command begins; write `run: de-risk`",
  },
  {
    wrong: "\u3000run: de-risk",
    right: "run: de-risk",
    says: "a wide space before a command makes it text; write `run: de-risk`",
  },
  {
    wrong: "run: a executor=slurm",
    right: "run: a --executor slurm",
    says: "`executor` is no key of a command; to hand it to the script write `--executor` with its value",
  },
  {
    wrong: 'run: a sweep="layers=[64,64],[128"',
    right: 'run: a sweep="layers=[64,64],[128]"',
    says: "nothing closes a bracket in `[128`; close it, or put the value in quotes in a fenced block",
  },
  {
    wrong: "[] run: a",
    right: "- [x] run: a",
    says: "`[] run:` is not how a command begins; write `- [ ] run: a`",
  },
  {
    wrong: "eval:",
    right: "eval: k7f3",
    says: "`eval:` needs a run; write its id or name after `eval:`",
  },
  {
    wrong: "stop:",
    right: "stop: k7f3",
    says: "`stop:` needs a run; write its id or name after `stop:`",
  },
  {
    wrong: "queue: paus",
    right: "queue: pause",
    says: "the queue cannot `paus`; write `queue: pause`",
  },
  {
    wrong: "queue: stop",
    right: "queue: resume",
    says: "the queue cannot `stop`; write `queue: pause`, `queue: drain` or `queue: resume`",
  },
  {
    wrong: 'run: a because="it fell',
    right: 'run: a because="it fell"',
    says: "nothing closes the quote; close it after its last word",
  },
  {
    wrong: "run: a --name `x",
    right: "run: a --name `x`",
    says: "nothing closes the backtick; close it after its last word",
  },
  {
    wrong: "run: a ! --lr 1e-4",
    right: "run: a --lr 1e-4 !",
    says: "`!` must be the last word; move it there",
  },
  {
    wrong: "run: a after=",
    right: "run: a",
    says: "`after` has no value; write one or take the key away",
  },
  {
    wrong: "run: a runner=conda",
    right: "run: a runner=uv",
    says: "`conda` is no runner; write `uv` or `pixi`",
  },
  {
    wrong: "script: /etc/passwd",
    right: "script: plot.py",
    says: "the script `/etc/passwd` is outside the experiment's folder; name a Python file of the experiment's folder, such as `train.py`",
  },
  {
    wrong: "run: a && rm -rf /",
    right: "run: a",
    says: "`&&` belongs to no option of `run:`; write options as `--name value`, or leave a blank line before text that is no command",
  },
  {
    wrong: "run: a\n---",
    right: "run: a\n\n---",
    says: "the line of dashes below makes this command a heading; leave a blank line above it",
  },
  {
    wrong: "A thought, then\nrun: a",
    right: "A thought, then\n\nrun: a",
    says: "a command inside a paragraph is read as text; leave a blank line above and below it",
  },
  {
    wrong: "run: a\nand a thought below",
    right: "run: a\n\nand a thought below",
    says: "the line that begins with `and` runs into the command above; leave a blank line between the command and the text below it",
  },
  {
    wrong: "run: a\ntimeout: 90s\nbecause: it went well",
    right: "```yaml\nrun: a\ntimeout: 90s\nbecause: it went well\n```",
    says: "options on lines of their own, such as `timeout:`, belong in a fenced block; write a line of three backticks and `yaml` above `run: a`, and a line of three backticks below the options",
  },
  {
    wrong: "run: a !\n  timeout: 90s",
    right: "```yaml\nrun: a\ntimeout: 90s\ngo: true\n```",
    says: "options on lines of their own, such as `timeout:`, belong in a fenced block; write a line of three backticks and `yaml` above `run: a`, a line of three backticks below the options, and `go: true` instead of `!`",
  },
  {
    wrong: "run: a !\nand a thought below",
    right: "run: a !\n\nand a thought below",
    says: "the line that begins with `and` runs into the command above; leave a blank line between the command and the text below it",
  },
  {
    wrong: "\trun: a",
    right: "run: a",
    says: "a line indented this far is code, and no command; take the spaces or tabs before it away",
  },
  {
    wrong: "- run: a timout=2m",
    right: "- run: a timeout=2m",
    says: "`timout` is no key of a command; did you mean `timeout`?",
  },
  {
    wrong: "```yaml\nrun: a\ntimout: 2m\n```",
    right: "```yaml\nrun: a\ntimeout: 2m\n```",
    says: "`timout` is no key of a command; did you mean `timeout`?",
  },
  {
    wrong: "```yaml\nrun: a\nargs: [1, 2\n```",
    right: "```yaml\nrun: a\nargs: [1, 2]\n```",
    says: "this YAML cannot be read: Flow sequence in block collection must be sufficiently indented and end with a \\]",
  },
  {
    wrong: "```yaml\nrun: a\nbecause: if A: b\n```",
    right: '```yaml\nrun: a\nbecause: "if A: b"\n```',
    says: 'YAML cannot read the value of `because` without quotes; write `because: "if A: b"`',
  },
  {
    wrong: "```yaml\nrun: a\neval: b\n```",
    right: "```yaml\nrun: a\n```",
    says: "a second command, `eval:`, in one fence; write one fence for each command",
  },
  {
    wrong: "```run\ntimeout: 2m\n```",
    right: "```run\nrun: a\ntimeout: 2m\n```",
    says: "a `run` fence cannot begin with `timeout:`; begin it with `run:`",
  },
  {
    wrong: "```python\nx = 1\n\n# more\n\nrun: a",
    right: "```python\nx = 1\n```\n\n# more\n\nrun: a",
    says: "nothing closes the fence that begins here, so everything below it is code; close it with a line of the same marks",
    below: "```python",
    mend: ["x = 1\n", "x = 1\n```\n"],
  },
  {
    wrong: "---\nhypotesis: It falls.\n---",
    right: "---\nhypothesis: It falls.\n---",
    says: "`hypotesis` is no key of the plan; did you mean `hypothesis`?",
  },
  {
    wrong: "---\nhypothesis: If A: b\n---",
    right: '---\nhypothesis: "If A: b"\n---',
    says: 'YAML cannot read the value of `hypothesis` without quotes; write `hypothesis: "If A: b"`',
  },
  {
    wrong: "---\nhypothesis: [a, b]\n---",
    right: "---\nhypothesis: a\n---",
    says: "one experiment, one claim: `hypothesis` holds several; keep one, and make an experiment for each of the others",
  },
  {
    wrong: "---\nhypothesis: a\nsuccess: acc >\n---",
    right: "---\nhypothesis: a\nsuccess: acc > 0.9\n---",
    says: "`success: acc >` cannot be judged: the criterion ends too early; write it like `val/loss <= 0.5` or `acc >= 1.02 * baseline.acc`",
  },
  {
    wrong: "---\nhypothesis: a\nfailure: the loss goes up\n---",
    right: "---\nhypothesis: a\nfailure: val/loss > 0.6\n---",
    says: "`failure: the loss goes up` cannot be judged: `loss` is not expected here; write it like `val/loss <= 0.5` or `acc >= 1.02 * baseline.acc`",
  },
  {
    wrong: "---\nhypothesis: a\nsuccess: acc = 90%\n---",
    right: "---\nhypothesis: a\nsuccess: acc >= 0.9\n---",
    says: "`success: acc = 90%` cannot be judged: `=` compares nothing; write `==`, or better `<=` or `>=`",
  },
  {
    wrong: "---\nhypothesis: a\nhypothesis: b\n---",
    right: "---\nhypothesis: a\n---",
    says: "`hypothesis` is written twice; keep one of the two",
  },
  {
    wrong: "---\nhypothesis: a\nmetrics: { acc: up }\n---",
    right: "---\nhypothesis: a\nmetrics: { acc: max }\n---",
    says: "`acc` has a direction that is neither max nor min; write `acc: max` or `acc: min`",
  },
  {
    wrong: "---\nhypothesis: a\n\ttimeout: 2m\n---",
    right: "---\nhypothesis: a\ntimeout: 2m\n---",
    says: "YAML takes no tab as indentation; use spaces",
  },
  {
    wrong: "---\nhypothesis: a\nrunner: conda\n---",
    right: "---\nhypothesis: a\nrunner: pixi\n---",
    says: "`conda` is no runner; write `uv` or `pixi`",
  },
  {
    wrong: "---\nhypothesis: a\nscript: train.py",
    right: "---\nhypothesis: a\nscript: train.py\n---",
    says: "nothing closes the frontmatter, so no plan is read; put a line of `---` below its last key",
  },
];
