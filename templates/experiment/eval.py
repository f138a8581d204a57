# /// script
# requires-python = ">=3.10"
# dependencies = ["loguru", "typer"]
# ///
"""Measures a trained line on points that training never saw.

    uv run eval.py runs/2025-02-02T14-30-00-de-risk
"""

import json
import random
import sys
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger

LOG_FORMAT = "{time:YYYY-MM-DD HH:mm:ss} | {level} | {message}"
# Plain tracebacks, so that a person and nightlab find the line that failed.
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    run: Annotated[
        Path, typer.Argument(help="A run folder.", exists=True, file_okay=False, resolve_path=True)
    ],
) -> None:
    logger.add(run / "logs" / "eval.log", format=LOG_FORMAT)
    model = json.loads((run / "checkpoints" / "model.json").read_text())

    rng = random.Random(10_000 + model["seed"])
    errors = []
    for _ in range(1000):
        x = rng.uniform(-1, 1)
        y = 3 * x + 2 + rng.gauss(0, 0.2)
        errors.append((model["slope"] * x + model["intercept"] - y) ** 2)
    logger.info("metric {}", json.dumps({"test/loss": float(f"{sum(errors) / len(errors):.4g}")}))


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, format=LOG_FORMAT)
    app()
