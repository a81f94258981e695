"""What a notebook is given, as data: the table, what the plan says of it, and the parameters of its own.

`parameters()` finds them, in this order:

1. in the JSON file that the environment variable `SEVENFOLD_NOTEBOOK_PARAMETERS` names: so `run_notebook` passes them;
2. in the metadata of the notebook that is open in JupyterLab: an executed notebook carries what it was given;
3. in the metadata of the notebooks in the working folder, where they agree;
4. from the `plan.yaml` in the working folder: so a notebook starts from a plan.

So an executed notebook can be opened and run again wherever its table can be read, and nothing of a parameter ever
becomes code.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.errors import DataError
from sevenfold.plan.data import DataSection
from sevenfold.runtime.environment import notebook_name, notebook_parameters
from sevenfold.tables.sources import sources_of, sources_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METADATA", "Parameters", "load_sample", "parameters"]

METADATA: Final = "sevenfold"
MAX_NOTEBOOKS: Final = 200


class Parameters(BaseModel):
    """What a notebook is given.

    `table` is the path of the table, or a JSON list of several, `data` the plan's section about it, `recipe` the path
    or address of what is done to it first ("" for nothing), `sample_rows` how many rows it should load at most, `own`
    what the plan's `design.parameters` say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    data: DataSection
    recipe: str = ""
    sample_rows: int = 100_000
    own: dict[str, Any] = {}


def parameters() -> Parameters:
    """Return what this notebook is given.

    Raises:
        DataError: ``no_parameters`` where there are none.
    """
    given = notebook_parameters()
    if given is not None:
        return Parameters.model_validate_json(given.read_bytes())
    opened = notebook_name()
    current = [opened] if opened is not None else []
    carried = list(_carried(current)) or list(_carried(sorted(Path.cwd().glob("*.ipynb"))[:MAX_NOTEBOOKS]))
    if carried and all(each == carried[0] for each in carried):
        return carried[0]
    plan = Path("plan.yaml")
    if plan.is_file():
        return _from_plan(plan)
    raise DataError(
        "no_parameters",
        "A notebook needs parameters, but neither its own metadata nor a plan.yaml beside it has any.",
        remedy="Open it where plan.yaml lies, or run it with: sevenfold run plan.yaml",
    )


def load_sample(given: Parameters) -> pd.DataFrame:
    """Return the table's rows as pandas, refined and typed as the plan says, without sensitive columns.

    Numbers are float64, whole numbers Int64, booleans boolean, dates datetime64, categories string; missing is NaN, NA
    or NaT.
    Of a table with more than `sample_rows` rows, evenly spaced ones.

    Raises:
        DataError: the table cannot be read.
    """
    from sevenfold.design.typed_table import read_typed
    from sevenfold.refine.recipe import load_recipe
    from sevenfold.tables.sources import local_tables

    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        recipe = load_recipe(given.recipe, Path.cwd(), Path(work)) if given.recipe else None
    paths = local_tables([Path(text) for text in sources_of(given.table)])
    table = read_typed(paths, given.data, recipe=recipe, max_rows=given.sample_rows)
    known = given.data.columns
    shown = [name for name in table.columns if name in known and not known[name].sensitive]
    return _frame({name: table.columns[name].values for name in shown})


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd
    import polars as pl

    frame = pl.DataFrame(dict(columns)).to_pandas(types_mapper=_pandas_type)
    dates = [name for name, values in columns.items() if values.dtype == pl.Datetime("us")]
    for name in dates:
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _pandas_type(arrow_type: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_integer(arrow_type):
        return pd.Int64Dtype()
    if pa.types.is_boolean(arrow_type):
        return pd.BooleanDtype()
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        return pd.StringDtype()
    return None


def _carried(notebooks: list[Path]) -> Iterator[Parameters]:
    for path in notebooks:
        try:
            metadata = json.loads(path.read_bytes())["metadata"][METADATA]
            yield Parameters.model_validate(metadata["parameters"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            continue


def _from_plan(path: Path) -> Parameters:
    from sevenfold.plan import load_plan

    plan = load_plan(path).located(path.parent)
    return Parameters(
        table=sources_text(plan.data.sources),
        data=plan.data,
        recipe=plan.refine.recipe,
        sample_rows=plan.design.sample_rows,
        own=plan.design.parameters,
    )
