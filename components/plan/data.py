"""Sections `data` and `refine`: the table, its format and its columns."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.contracts.schema import Column, Notation, Task
from sevenfold.plan.section import Fraction, Section

__all__ = ["DataSection", "Format", "RefineSection"]


Address = Annotated[str, Field(min_length=1)]


class Format(StrEnum):
    """File formats that are read."""

    AUTO = "auto"
    CSV = "csv"
    PARQUET = "parquet"


class DataSection(Section):
    """The table and its contract."""

    source: Annotated[
        Address | Annotated[tuple[Address, ...], Field(min_length=1)],
        Field(
            description="Path of the table, relative to the plan, or its s3://, gs:// or https:// address; a list of "
            "them, or a pattern of paths such as parts/*.csv, where the table is in several files."
        ),
    ]
    volume: Annotated[
        str,
        Field(
            description="PersistentVolumeClaim that holds the table, mounted at /mnt/data on a cluster; source must "
            "then be file:///mnt/data/…, and digest must be given."
        ),
    ] = ""
    target: Annotated[str, Field(description="Name of the column to predict.", min_length=1)]
    task: Annotated[Task, Field(description="Kind of prediction: binary, multiclass or regression.")]
    positive: Annotated[
        str, Field(description="Class that counts as positive in a binary task; empty takes the rarer one.")
    ] = ""
    merged_classes: Annotated[
        dict[str, tuple[str, ...]],
        Field(description="Classes made of several labels, such as rare ones, by name: the labels that count as each."),
    ] = {}
    left_out_classes: Annotated[
        tuple[str, ...],
        Field(description="Labels whose rows are left out, such as rare ones; they are counted."),
    ] = ()
    digest: Annotated[
        str, Field(description="Digest that the table must have, as sha256:…; empty accepts any table.")
    ] = ""
    format: Annotated[
        Format, Field(description="Format of the file: csv, parquet, or auto, which decides by the first bytes.")
    ] = Format.AUTO
    encoding: Annotated[str, Field(description="Text encoding of a CSV file.")] = "utf-8"
    delimiter: Annotated[
        str, Field(description="Character between the fields of a CSV file.", min_length=1, max_length=1)
    ] = ","
    quote: Annotated[
        str, Field(description="Sign around fields of a CSV file that hold a delimiter: \" or '.", pattern="^[\"']$")
    ] = '"'
    escape: Annotated[
        str,
        Field(
            description="Sign before a quote inside quotes in a CSV file: a backslash; empty where it is doubled.",
            pattern=r"^\\?$",
        ),
    ] = ""
    skip_initial_space: Annotated[
        bool, Field(description="Whether a space after a delimiter of a CSV file is no part of the field.")
    ] = False
    decimal: Annotated[
        str, Field(description="Decimal sign of numbers written as texts: a point or a comma.", pattern=r"^[.,]$")
    ] = "."
    thousands: Annotated[
        str, Field(description="Thousands separator of numbers written as texts; empty for none.", max_length=1)
    ] = ""
    missing: Annotated[tuple[str, ...], Field(description="Texts that stand for a missing value.")] = ("",)
    columns: Annotated[
        dict[str, Column],
        Field(description="The columns of the table by name; a column that the plan lacks is an error.", min_length=1),
    ]
    max_bad_fraction: Annotated[
        Fraction, Field(description="Largest share of rows that may be refused as invalid.")
    ] = 0.01
    max_unlabelled: Annotated[Fraction, Field(description="Largest share of rows that may lack a target.")] = 0.0
    max_categories: Annotated[
        int, Field(description="Largest number of categories that a one-hot column may have.", ge=2)
    ] = 1_000
    allow_leakage: Annotated[
        tuple[str, ...], Field(description="Columns that may give the target away, alone or with others named here.")
    ] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The paths, patterns and addresses of the table, in order."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def notation(self) -> Notation:
        """How the table writes its values."""
        return Notation(self.decimal, self.thousands, self.missing)


class RefineSection(Section):
    """Row and cell cleaning recorded in OpenRefine."""

    recipe: Annotated[str, Field(description="Path of an OpenRefine operation history (JSON); empty for none.")] = ""
