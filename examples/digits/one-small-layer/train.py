# /// script
# requires-python = ">=3.10"
# dependencies = ["loguru", "numpy", "typer"]
# ///
"""Trains a network with one hidden layer on 8 x 8 images of handwritten digits.

    uv run train.py de-risk
    uv run train.py wide --hidden 128
"""

import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from loguru import logger

HERE = Path(__file__).resolve().parent
LOG_FORMAT = "{time:YYYY-MM-DD HH:mm:ss} | {level} | {message}"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="What this run is called, for example de-risk.")],
    epochs: Annotated[int, typer.Option(min=1)] = 60,
    hidden: Annotated[int, typer.Option(help="Units of the hidden layer.", min=1)] = 16,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 0.02,
    seed: int = 0,
) -> None:
    run = make_run_folder(name)
    logger.add(run / "logs" / "train.log", format=LOG_FORMAT)
    logger.info("epochs={} hidden={} lr={} seed={}", epochs, hidden, lr, seed)

    (x_train, y_train), (x_val, y_val) = load_digits()
    rng = np.random.default_rng(seed)
    model = {
        "w1": rng.normal(0, np.sqrt(2 / 64), (64, hidden)),
        "b1": np.zeros(hidden),
        "w2": rng.normal(0, np.sqrt(1 / hidden), (hidden, 10)),
        "b2": np.zeros(10),
    }
    velocity = {key: np.zeros_like(value) for key, value in model.items()}

    step = 0
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for batch in np.array_split(order, len(order) // 16):
            for key, slope in gradients(model, x_train[batch], y_train[batch]).items():
                velocity[key] = 0.9 * velocity[key] - lr * slope
                model[key] = model[key] + velocity[key]
            step += 1
        train_loss, _ = score(model, x_train, y_train)
        val_loss, val_acc = score(model, x_val, y_val)
        log_metric(
            epoch=epoch,
            step=step,
            **{"train/loss": train_loss, "val/loss": val_loss, "val/acc": val_acc},
        )

    np.savez(run / "checkpoints" / "model.npz", **model)
    logger.info("saved checkpoints/model.npz")


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
    """The line that nightlab reads: metric {"epoch": 0, "step": 84, "train/loss": 0.51}"""
    rounded = {k: v if isinstance(v, int) else float(f"{v:.4g}") for k, v in values.items()}
    logger.info("metric {}", json.dumps(rounded))


def load_digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The first 1,347 images to train on, the last 450 to validate on, as they were collected."""
    table = np.loadtxt(HERE / "digits.csv.gz", delimiter=",")
    x, y = table[:, :64] / 16, table[:, 64].astype(int)
    return (x[:1347], y[:1347]), (x[1347:], y[1347:])


def forward(model: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hidden activations (n, hidden) and the log-probability of each digit (n, 10)."""
    hidden = np.maximum(0, x @ model["w1"] + model["b1"])
    logits = hidden @ model["w2"] + model["b2"]
    logits -= logits.max(axis=1, keepdims=True)
    return hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def gradients(
    model: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray
) -> dict[str, np.ndarray]:
    """Of the mean cross-entropy, for each array of the model."""
    hidden, log_p = forward(model, x)
    d_logits = np.exp(log_p)
    d_logits[np.arange(len(y)), y] -= 1
    d_logits /= len(y)
    d_hidden = (d_logits @ model["w2"].T) * (hidden > 0)
    return {
        "w1": x.T @ d_hidden,
        "b1": d_hidden.sum(axis=0),
        "w2": hidden.T @ d_logits,
        "b2": d_logits.sum(axis=0),
    }


def score(model: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share of images read right."""
    _, log_p = forward(model, x)
    return float(-log_p[np.arange(len(y)), y].mean()), float((log_p.argmax(axis=1) == y).mean())


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, format=LOG_FORMAT)
    app()
