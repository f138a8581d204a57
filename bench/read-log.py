"""What a person would write to get the metrics of a log: regular expressions, line by line.

It keeps what nightlab keeps of each value: step, value, line and time stamp.

Prints CPU time in ms and the number of values of each metric as JSON.
"""

import json
import math
import re
import sys
import time
from array import array
from datetime import datetime

NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|[Nn]a[Nn]|inf|Infinity))"
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
METRIC = re.compile(r"metric (\{.*\})")
FIELD = re.compile(r'"([^"]+)":\s*' + NUMBER)
PAIR = re.compile(r"([A-Za-z_][\w/]*)[:=]\s*" + NUMBER)

start = time.process_time()
series = {}
with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    for number, line in enumerate(log, 1):
        stamp = STAMP.match(line)
        at = datetime.fromisoformat(stamp.group()).timestamp() if stamp else math.nan
        metric = METRIC.search(line)
        pairs = FIELD.findall(metric.group(1)) if metric else PAIR.findall(line)
        step = None
        for key, value in pairs:
            if key == "step":
                step = int(value)
            else:
                if key not in series:
                    series[key] = (array("d"), array("d"), array("L"), array("d"))
                steps, values, lines, stamps = series[key]
                steps.append(math.nan if step is None else step)
                values.append(float(value))
                lines.append(number)
                stamps.append(at)
took = time.process_time() - start
print(json.dumps({"cpuMs": took * 1000, "metrics": {k: len(v[1]) for k, v in series.items()}}))
