"""Exports of any shop, till or newsletter tool, in a folder."""

from adapters.csv_files.adapter import CsvAdapter

__all__ = ["CsvAdapter"]
