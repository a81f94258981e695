"""Sections `data` and `refine`: where the table is, how it is read, what its columns are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.contracts.schema import Column, Task
from sevenfold.plan.section import Fraction, Section

__all__ = ["DataSection", "Format", "RefineSection"]


class Format(StrEnum):
    """File formats that are read."""

    AUTO = "auto"
    CSV = "csv"
    PARQUET = "parquet"


class DataSection(Section):
    """The table and its contract."""

    source: Annotated[
        str,
        Field(description="Path (relative to the plan), s3:// or https:// address of the table.", min_length=1),
    ]
    volume: Annotated[
        str,
        Field(
            description="PersistentVolumeClaim that holds the table, mounted at /mnt/data on a cluster; source is then "
            "file:///mnt/data/…, and digest is given."
        ),
    ] = ""
    target: Annotated[str, Field(description="The column to predict.", min_length=1)]
    task: Annotated[Task, Field(description="binary, multiclass or regression.")]
    positive: Annotated[
        str, Field(description="For binary: the class that counts as positive; empty takes the rarer one.")
    ] = ""
    digest: Annotated[str, Field(description="sha256:… the table must have; empty accepts any.")] = ""
    format: Annotated[Format, Field(description="auto goes by the first bytes of the file.")] = Format.AUTO
    encoding: Annotated[str, Field(description="Text encoding of a CSV.")] = "utf-8"
    delimiter: Annotated[str, Field(description="Field delimiter of a CSV.", min_length=1, max_length=1)] = ","
    decimal: Annotated[str, Field(description="Decimal sign: . or ,", pattern=r"^[.,]$")] = "."
    thousands: Annotated[str, Field(description="Thousands separator; empty for none.", max_length=1)] = ""
    missing: Annotated[tuple[str, ...], Field(description="Texts that mean a missing value.")] = ("",)
    columns: Annotated[
        dict[str, Column],
        Field(description="The columns; one the table has and the plan lacks is an error.", min_length=1),
    ]
    max_bad_fraction: Annotated[Fraction, Field(description="Largest share of rows that may be refused.")] = 0.01
    max_unlabelled: Annotated[Fraction, Field(description="Largest share of rows without a target.")] = 0.0
    max_categories: Annotated[int, Field(description="Most categories a one-hot column may have.", ge=2)] = 1_000
    allow_leakage: Annotated[
        tuple[str, ...], Field(description="Columns allowed to predict the target almost perfectly.")
    ] = ()


class RefineSection(Section):
    """Row and cell cleaning recorded in OpenRefine."""

    recipe: Annotated[str, Field(description="Path of an OpenRefine operation history (JSON); empty for none.")] = ""
