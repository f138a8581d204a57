# /// script
# requires-python = ">=3.10"
# dependencies = ["loguru", "typer"]
# ///
"""Fits a line to noisy points by gradient descent: a toy to be replaced by the real training.

    uv run train.py de-risk
    uv run train.py full --epochs 200
"""

import json
import random
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger

HERE = Path(__file__).resolve().parent
LOG_FORMAT = "{time:YYYY-MM-DD HH:mm:ss} | {level} | {message}"
# Plain tracebacks, so that a person and nightlab find the line that failed.
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Point = tuple[float, float]


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="What this run is called, for example de-risk.")],
    epochs: Annotated[int, typer.Option(min=1)] = 20,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 0.05,
    seed: int = 0,
) -> None:
    run = make_run_folder(name)
    logger.add(run / "logs" / "train.log", format=LOG_FORMAT)
    logger.info("run {} with epochs={} lr={} seed={}", run.name, epochs, lr, seed)

    rng = random.Random(seed)
    train, val = points(rng, 200), points(rng, 100)
    slope = intercept = 0.0
    step = 0
    for epoch in range(epochs):
        rng.shuffle(train)
        for x, y in train:
            error = slope * x + intercept - y
            slope -= lr * error * x
            intercept -= lr * error
            step += 1
        log_metric(
            epoch=epoch,
            step=step,
            **{"train/loss": loss(train, slope, intercept), "val/loss": loss(val, slope, intercept)},
        )

    model = {"slope": slope, "intercept": intercept, "seed": seed}
    (run / "checkpoints" / "model.json").write_text(json.dumps(model))
    logger.info("saved checkpoints/model.json")


def make_run_folder(name: str) -> Path:
    """runs/<time>-<name>/ with its four folders. One that exists is never written into."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise typer.BadParameter(f"{name!r} is no name of a run: letters, digits, '-', '_' and '.'")
    run = HERE / "runs" / f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{name}"
    run.mkdir(parents=True)
    for folder in ("logs", "plots", "checkpoints", "data"):
        (run / folder).mkdir()
    return run


def log_metric(**values: float) -> None:
    """The line that nightlab reads: metric {"epoch": 0, "step": 100, "train/loss": 0.51}"""
    # Four digits are enough to read; a log with all of them is as good for nightlab.
    rounded = {k: v if isinstance(v, int) else float(f"{v:.4g}") for k, v in values.items()}
    logger.info("metric {}", json.dumps(rounded))


def points(rng: random.Random, count: int) -> list[Point]:
    """Points around y = 3x + 2, with normal noise of standard deviation 0.2."""
    xs = [rng.uniform(-1, 1) for _ in range(count)]
    return [(x, 3 * x + 2 + rng.gauss(0, 0.2)) for x in xs]


def loss(data: list[Point], slope: float, intercept: float) -> float:
    """Mean squared error."""
    return sum((slope * x + intercept - y) ** 2 for x, y in data) / len(data)


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, format=LOG_FORMAT)
    app()
