// Journals of any length, as months of work leave them: prose, lists, tables, code, commands with
// their receipts. The same length gives the same text, so that timings can be compared.

const HEAD = `---
hypothesis: If the learning rate is warmed up for 500 steps, val/loss drops by at least 2 %.
success: val/loss <= 0.98 * baseline.val/loss
failure: val/loss > baseline.val/loss
metrics: [train/loss, val/loss, acc]
script: train.py
---

# Learning-rate warm-up

`;

export interface LongJournal {
  readonly text: string;
  readonly commands: number;
}

/** Days with commands: a journal has 5,000 commands at most, three a day. */
const DAYS_WITH_COMMANDS = 1_500;

/** A journal of at least so many characters; it ends in a blank line. Its last years are prose. */
export function longJournal(chars: number): LongJournal {
  const parts = [HEAD];
  let length = HEAD.length;
  let day = 0;
  while (length < chars) {
    const part = day < DAYS_WITH_COMMANDS ? dayText(day) : asProse(dayText(day));
    parts.push(part);
    length += part.length;
    day += 1;
  }
  return { text: parts.join(""), commands: Math.min(day, DAYS_WITH_COMMANDS) * 3 };
}

/** The same text with each command and receipt made a remark. */
const asProse = (text: string): string => text.replaceAll(/^(run: |> )/gm, "then $1");

/** One day of some 2 KB: three commands, two of them with receipts, which name no id of a ledger. */
function dayText(day: number): string {
  const date = new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10);
  const run = `runs/${date}T14-30-00-de-risk-${day}`;
  return `## ${date}

09:12 [HUNCH] the spike of day ${day} is the *first* batch after warm-up, not the data; see
[the log](${run}/logs/train.log) and \`train.py:${day}\`, where the clipping starts.

- looked at 20 samples by hand, 3 of them are empty
- the tokenizer drops \`\\u200b\`, which is what we want
  - checked against the old one
- [x] ask about the split

run: de-risk-${day} --lr 3e-4 --seed ${day}

> **done** · ${date} 14:30:00, 41 s · val/loss 0.312 · acc 0.871 · [de-risk-${day}](${run})
>
> - 14:30:31 [WEIRD] train/loss ×4.1 at step 412 ([train.log:418](${run}/logs/train.log))
>
> ![train/loss](${run}/plots/train-loss.webp)

14:33 [TODO] check the clipping value: the gradient norm stays at 1.0 for a quarter of the steps,
and the loss moves least there. It may be the warm-up, it may be the optimizer's second moment.

| step | train/loss | val/loss |
| ---: | ---------: | -------: |
|  100 |      2.301 |    2.412 |
|  200 |      1.904 |    2.031 |

\`\`\`python
def warm_up(step: int, steps: int = 500) -> float:
    return min(1.0, step / steps)
\`\`\`

run: full-${day} --epochs 20 timeout=2h because="de-risk fell as expected"

> **stopped** · ${date} 15:02:11, 12 min · [full-${day}](${run}-full)

\`\`\`yaml
run: lr-sweep-${day}
gpus: 1
timeout: 90m
sweep: { lr: [1e-4, 3e-4, 1e-3], seed: [0, 1, 2] }
\`\`\`

The loss falls as on the other days, and the two seeds differ by less than the noise between two
epochs. What is left to explain is the plateau: neither the data order nor the schedule moves it.

`;
}
