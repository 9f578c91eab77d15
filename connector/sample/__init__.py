"""Sample shops, and what all sandboxes share: the loopback server, the owner's pages, the controls.

Shipped for adapter authors.
"""

from connector.sample.files import currency_of, read_file
from connector.sample.roaster import coffee_roaster
from connector.sample.start import first_records

__all__ = ["coffee_roaster", "currency_of", "first_records", "read_file"]
