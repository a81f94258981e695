"""A made-up run of all seven stages, as rich as a real one, with names that try to break out of the page."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from sevenfold.report import Fact, Facts, Finding, Findings, Report, Table, Text
from sevenfold.report import charts as draw

HOSTILE = '</script><img src=x onerror="alert(1)">'
FEATURES = ["departure hour", "visibility", "wind speed", "carrier", "origin", "destination", "month", HOSTILE]
MONTHS = [datetime(2013, month, 1, tzinfo=UTC) for month in range(9, 13)]


def demo_reports() -> list[Report]:
    rng = np.random.default_rng(7)
    return [design(rng), preparation(rng), tuning(rng), training(rng), testing(rng), inference(rng), monitoring(rng)]


def design(rng: np.random.Generator) -> Report:
    edges = np.linspace(0, 24, 25)
    late = np.exp(-((edges[:-1] - 18) ** 2) / 20) * 900
    on_time = np.exp(-((edges[:-1] - 11) ** 2) / 60) * 2500
    rows = tuple(
        (name, kind, rng.integers(2, 900).item(), missing, "" if missing < 0.05 else "many values are missing")
        for name, kind, missing in zip(FEATURES, ["number"] * 3 + ["category"] * 5, rng.random(8) * 0.1, strict=True)
    )
    return Report(
        stage="design",
        title="Explore the data",
        headline="327,346 flights, 21 % of them late; departure hour and weather matter most.",
        blocks=(
            Facts(
                facts=(
                    Fact(label="rows", value=327_346),
                    Fact(label="features", value=23, hint="16 numbers, 7 categories"),
                    Fact(label="late flights", value=21.4, unit="%"),
                    Fact(label="missing values", value=1.27, unit="%", level="warning"),
                )
            ),
            Findings(
                findings=(
                    Finding(level="warning", text="wind gust is missing in 78 % of the rows; it is kept with a flag."),
                    Finding(level="info", text="air time is known only after landing, so it is not a feature."),
                )
            ),
            draw.bars(
                "Missing values",
                [{"c": n, "m": m} for n, m in zip(FEATURES, sorted(rng.random(8))[::-1], strict=True)],
                "c",
                "m",
                value_title="share of rows",
                percent=True,
            ),
            draw.histogram(
                "Scheduled hour of departure",
                edges,
                {"on time": on_time, "late": late},
                x_title="hour",
                caption="Flights that leave late in the day arrive late more often.",
                alt="Two overlapping histograms; late flights peak at 18 h, the others at 11 h.",
            ),
            Table(title="Columns", columns=("column", "kind", "distinct", "missing", "note"), rows=rows),
        ),
    )


def preparation(rng: np.random.Generator) -> Report:
    splits = [("train", 155_902), ("validation", 28_310), ("test", 28_756), ("later", 104_378)]
    return Report(
        stage="preparation",
        title="Prepare the data",
        headline="Split by time into 155,902 rows to train on, 28,310 to choose by and 28,756 to test on.",
        level="good",
        blocks=(
            draw.bars(
                "Rows",
                [{"split": name, "rows": rows} for name, rows in splits],
                "split",
                "rows",
                value_title="rows",
            ),
            Table(
                title="Refused rows",
                columns=("reason", "rows", "example"),
                rows=(("target missing", 9_430, "line 472"), ("date not readable", 12, HOSTILE)),
                levels=("warning", None),
            ),
        ),
    )


def tuning(rng: np.random.Generator) -> Report:
    trials = [
        {"trial": i, "auc": 0.69 + 0.02 * rng.random(), "kind": rng.choice(["full", "stopped"])} for i in range(40)
    ]
    best, history = 0.0, []
    for trial in trials:
        best = max(best, trial["auc"])
        history.append({"trial": trial["trial"], "auc": best})
    names = ["learning rate", "width", "dropout", "layers", "weight decay"]
    return Report(
        stage="tuning",
        title="Tune the model",
        headline="The best of 40 trials reaches 0.714 ROC AUC on the validation rows; learning rate mattered most.",
        level="good",
        blocks=(
            draw.scatter("Trials", trials, "trial", "auc", "kind", x_title="trial", y_title="ROC AUC"),
            draw.bars(
                "What mattered",
                [{"n": n, "v": v} for n, v in zip(names, [0.52, 0.21, 0.14, 0.08, 0.05], strict=True)],
                "n",
                "v",
                value_title="importance",
                percent=True,
            ),
            draw.lines("Best so far", history, "trial", "auc", x_title="trial", y_title="ROC AUC", stepped=True),
            draw.scatter(
                "Learning rate",
                [{"lr": 10 ** -(1 + 3 * rng.random()), "auc": t["auc"]} for t in trials],
                "lr",
                "auc",
                x_title="learning rate",
                y_title="ROC AUC",
                x_log=True,
            ),
        ),
    )


def training(rng: np.random.Generator) -> Report:
    points = []
    for epoch in range(1, 21):
        loss = 0.46 + 0.12 / epoch
        points += [
            {"epoch": epoch, "loss": loss, "rows": "training"},
            {"epoch": epoch, "loss": loss + 0.004 + 0.0004 * epoch, "rows": "validation"},
        ]
    return Report(
        stage="training",
        title="Train the model",
        headline="Stopped after 20 epochs, the best of them the 17th, at 0.714 ROC AUC.",
        level="good",
        blocks=(
            Text(text="An embedding per category, two hidden layers of 128, dropout 0.1, AdamW."),
            draw.lines(
                "Learning curve",
                points,
                "epoch",
                "loss",
                "rows",
                x_title="epoch",
                y_title="log loss",
                marked=True,
                wide=True,
            ),
        ),
    )


def testing(rng: np.random.Generator) -> Report:
    x = np.linspace(0, 1, 1_000)
    roc = [{"fpr": a, "tpr": a**0.42, "m": "candidate"} for a in x] + [
        {"fpr": a, "tpr": a**0.55, "m": "serving"} for a in x
    ]
    bins = np.linspace(0.05, 0.95, 10)
    calibration = [{"p": p, "o": p + 0.02, "l": p - 0.02, "h": p + 0.06} for p in bins]
    slices = [
        {"s": f"carrier {c}", "auc": 0.65 + 0.1 * rng.random()} for c in ["AA", "B6", "DL", "EV", "HA", "UA", "WN"]
    ]
    slices = [{**s, "low": s["auc"] - 0.02, "high": s["auc"] + 0.02} for s in slices]
    return Report(
        stage="testing",
        title="Test the model",
        headline="Promoted: every gate holds, and the candidate beats the model now serving by 0.012 ROC AUC.",
        level="good",
        blocks=(
            Facts(
                facts=(
                    Fact(label="ROC AUC", value=0.7162, hint="0.709 to 0.723", level="good"),
                    Fact(label="log loss", value=0.4731),
                    Fact(label="calibration error", value=0.0123),
                    Fact(label="overfitting gap", value=0.0087, hint="at most 0.05"),
                )
            ),
            draw.lines(
                "ROC",
                roc,
                "fpr",
                "tpr",
                "m",
                x_title="false positive rate",
                y_title="true positive rate",
                diagonal_from=(0, 1),
                x_domain=(0, 1),
                y_domain=(0, 1),
                height=280,
            ),
            draw.scatter(
                "Calibration",
                calibration,
                "p",
                "o",
                low="l",
                high="h",
                x_title="predicted",
                y_title="observed",
                diagonal_from=(0, 1),
                height=280,
            ),
            draw.confusion("Confusion", ["on time", "late"], [[20_100, 2_400], [3_900, 2_356]]),
            draw.dots(
                "ROC AUC per carrier",
                slices,
                "s",
                "auc",
                low="low",
                high="high",
                value_title="ROC AUC",
                limits=[draw.Limit(value=0.66, label="limit 0.66")],
            ),
            Table(
                title="Gates",
                columns=("gate", "limit", "value", "verdict"),
                rows=(("roc_auc", "≥ 0.70", 0.7162, "holds"), ("gap", "≤ 0.05", 0.0087, "holds")),
                levels=("good", "good"),
            ),
        ),
    )


def inference(rng: np.random.Generator) -> Report:
    edges = np.geomspace(0.2, 20, 30)
    return Report(
        stage="serving",
        title="Serve the model",
        headline="Serving at http://127.0.0.1:41237; its answers equal the tested ones to 6e-8.",
        level="good",
        blocks=(
            draw.histogram(
                "Latency", edges, {"": np.exp(-((np.log(edges[:-1]) - 0.3) ** 2) * 2) * 100}, x_title="ms", x_log=True
            ),
            Table(
                title="Try it",
                columns=("step", "command"),
                rows=(("ask", "curl http://127.0.0.1:41237/v2/models/flights/infer -d @example_request.json"),),
            ),
        ),
    )


def monitoring(rng: np.random.Generator) -> Report:
    cells = [
        {"month": m, "feature": f, "psi": abs(rng.normal()) * 0.05 * (1 + i)}
        for i, m in enumerate(MONTHS)
        for f in FEATURES
    ]
    return Report(
        stage="monitoring",
        title="Monitoring: watch the model",
        headline="Drift in 3 of 4 months: month (from September) and visibility (from November) moved most.",
        level="warning",
        blocks=(
            draw.heatmap(
                "Drift per feature",
                cells,
                "month",
                "feature",
                "psi",
                value_title="PSI",
                high=0.3,
                wide=True,
                caption="Population stability index against the training rows, its no-drift expectation taken off.",
            ),
            draw.lines(
                "The worst features",
                [c for c in cells if c["feature"] in ("month", "visibility", "carrier")],
                "month",
                "psi",
                "feature",
                y_title="PSI",
                marked=True,
                limits=[draw.Limit(value=0.1, label="limit 0.1")],
            ),
            draw.histogram("visibility", range(11), {"training": [1, 1, 1, 2, 2, 3, 4, 5, 6, 40], "now": [3] * 10}),
        ),
    )
