"""Sample shops, and the loopback server that every platform's sandbox is served by.

Shipped for adapter authors.
"""

from connector.sample.files import currency_of, read_file
from connector.sample.roaster import coffee_roaster

__all__ = ["coffee_roaster", "currency_of", "read_file"]
