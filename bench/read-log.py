"""What a person would write to get the metrics of a log: regular expressions, line by line.

Prints CPU time in ms and the number of values of each metric as JSON.
"""

import json
import re
import sys
import time

NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|[Nn]a[Nn]|inf|Infinity))"
METRIC = re.compile(r"metric (\{.*\})")
FIELD = re.compile(r'"([^"]+)":\s*' + NUMBER)
PAIR = re.compile(r"([A-Za-z_][\w/]*)[:=]\s*" + NUMBER)

start = time.process_time()
series = {}
with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    for number, line in enumerate(log, 1):
        metric = METRIC.search(line)
        pairs = FIELD.findall(metric.group(1)) if metric else PAIR.findall(line)
        step = None
        for key, value in pairs:
            if key == "step":
                step = int(value)
            else:
                series.setdefault(key, []).append((step, float(value), number))
took = time.process_time() - start
print(json.dumps({"cpuMs": took * 1000, "metrics": {k: len(v) for k, v in series.items()}}))
