"""What a new sandbox is filled with."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from connector.model import Record
from connector.sample.files import read_file
from connector.sample.roaster import coffee_roaster


def first_records(*, customers: int, seed: int, from_csv: Path | None, today: date) -> Iterator[Record]:
    """The orders of a file, else a coffee roaster of that size; nothing where there is neither.

    Raises:
        ConfigError: a line of the file cannot be understood.
    """
    if from_csv is not None:
        return read_file(from_csv)
    return coffee_roaster(customers=customers, seed=seed, today=today) if customers else iter(())
