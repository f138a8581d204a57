# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "scipy", "statsmodels"]
# ///
"""The same quantities as src/report/, by scipy and statsmodels: JSON in, JSON out."""

import gc
import json
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

# multipletests collects garbage at each call, which takes most of the time and changes nothing.
gc.collect = lambda *_: 0


class Resampled:
    """What scipy's bootstrap takes as an earlier result: our resamples, so that ends are equal."""

    def __init__(self, means):
        self.bootstrap_distribution = np.asarray(means)
        self.confidence_interval = None
        self.standard_error = None


def one(case):
    a, b = np.asarray(case["a"]), np.asarray(case["b"])
    described = DescrStatsW(a)
    low, high = described.tconfint_mean(0.05)
    out = {"mean": a.mean(), "deviation": a.std(ddof=1), "low": low, "high": high}
    out["below"] = described.tconfint_mean(0.05, alternative="smaller")[1]
    out["above"] = described.tconfint_mean(0.05, alternative="larger")[0]
    compared = CompareMeans(described, DescrStatsW(b))
    welch = compared.tconfint_diff(0.05, usevar="unequal")
    _, p, degrees = compared.ttest_ind(usevar="unequal")
    out["welch"] = {"low": welch[0], "high": welch[1], "p": p, "degrees": degrees}
    assert np.isclose(p, stats.ttest_ind(a, b, equal_var=False).pvalue, rtol=1e-9, atol=0)
    shared = min(len(a), len(b))
    paired = stats.ttest_rel(a[:shared], b[:shared])
    ends = paired.confidence_interval(0.95)
    out["paired"] = {"low": ends.low, "high": ends.high, "p": paired.pvalue}
    out["holm"] = list(multipletests(case["p"], method="holm")[1])
    if case["means"]:
        out["median"] = float(np.median(a))
        means = np.asarray(case["means"])
        # A resample in another order has the same mean: exactly so, not only nearly.
        means[np.abs(means - np.mean(a)) <= 1e-12 * np.abs(a).max()] = np.mean(a)
        bca = stats.bootstrap(
            (a,), np.mean, n_resamples=0, method="BCa", bootstrap_result=Resampled(means)
        ).confidence_interval
        out["bootstrap"] = {"low": bca.low, "high": bca.high}
    return out


json.dump([one(case) for case in json.load(sys.stdin)], sys.stdout, default=float)
