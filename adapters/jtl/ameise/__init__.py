"""JTL-Wawi by files: what JTL-Ameise exports is read, and a file for its import is written.

docs/platforms/jtl.md says how the owner sets up the export templates and the import.
"""

from adapters.jtl.ameise.books import AmeiseBooks

__all__ = ["AmeiseBooks"]
