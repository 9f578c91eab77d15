"""A whole shop in RAM: the reference for adapter authors, and their tutorial.

`adapter.py` is what to read and to write; `api.py` and `shop.py` are the platform that it speaks to.
"""

from adapters.memory.adapter import MemoryAdapter
from adapters.memory.shop import MemoryShop

__all__ = ["MemoryAdapter", "MemoryShop"]
