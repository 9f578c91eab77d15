"""Stammkunde: turns a shop's buyers into regular customers."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stammkunde")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
