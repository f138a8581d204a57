# /// script
# requires-python = ">=3.10"
# dependencies = ["loguru", "numpy", "typer"]
# ///
"""Tells which digits a trained network mixes up: the share read right, digit by digit.

    uv run eval.py runs/2025-02-02T14-30-00-de-risk
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from loguru import logger

from train import LOG_FORMAT, forward, load_digits

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    run: Annotated[
        Path, typer.Argument(help="A run folder.", exists=True, file_okay=False, resolve_path=True)
    ],
) -> None:
    logger.add(run / "logs" / "eval.log", format=LOG_FORMAT)
    with np.load(run / "checkpoints" / "model.npz") as arrays:
        model = dict(arrays)

    _, (x, y) = load_digits()
    right = forward(model, x)[1].argmax(axis=1) == y
    shares = {f"val/acc_of_{d}": round(float(right[y == d].mean()), 4) for d in range(10)}
    logger.info("metric {}", json.dumps(shares))


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, format=LOG_FORMAT)
    app()
