# /// script
# requires-python = ">=3.10"
# dependencies = ["matplotlib>=3.8", "pandas>=2"]
# ///
"""The script that a person runs again and again to see how a training run stands.

Reads the log with a regular expression and json, draws each metric pale with its average over it,
and prints the last values: what nightlab does when one more line is on the disk.
"""

import json
import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

METRIC = re.compile(r"metric (\{.*\})")

log, folder = sys.argv[1:3]
with open(log, encoding="utf-8") as lines:
    rows = [json.loads(found.group(1)) for line in lines if (found := METRIC.search(line))]
frame = pd.DataFrame(rows).set_index("step")
for name in frame:
    series = frame[name].dropna()
    axes = series.plot(figsize=(7.2, 3.6), alpha=0.35, linewidth=1)
    series.ewm(alpha=0.001).mean().plot(ax=axes)
    axes.set_title(name)
    plt.savefig(f"{folder}/{name.replace('/', '-')}.png", dpi=200)
    plt.close()
print(frame.ffill().iloc[-1])
