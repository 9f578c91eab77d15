"""Values on a customer. Vendure stores them only in custom fields that its configuration declares."""

import re

from adapters.vendure.client import Admin, Done, Wire
from adapters.vendure.documents import attribute_document, document
from connector.errors import RejectedError, ResponseError

_FIELD = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


class _Value(Wire):
    value: str | None = None


class _Fields(Wire):
    custom_fields: _Value | None = None


class _Customer(Wire):
    customer: _Fields | None = None


class _Updated(Wire):
    """The customer, or why it was not changed."""

    id: str | None = None
    message: str | None = None


class Attributes:
    """Reads and writes custom fields of customers.

    Args:
        code_field: holds the codes of all campaigns, the newest last: each field needs a migration.
    """

    def __init__(self, admin: Admin, code_field: str) -> None:
        self._admin = admin
        self._code_field = code_field

    def set(self, customer_id: str, name: str, value: str | None) -> str | None:
        """Store one value, or remove it; why not, if Vendure refused."""
        field = self._field(name)
        if not _FIELD.fullmatch(field):
            return f"Vendure can have no custom field {field!r}: letters, digits and underscores only."
        wanted = {"id": customer_id, "customFields": {field: value}}
        try:
            done = self._admin.call(document("customer_update"), {"input": wanted}, Done[_Updated]).done
        except RejectedError as refusal:
            return str(refusal)
        except ResponseError as unknown:
            if field not in str(unknown):
                raise
            return f"Vendure has no custom field {field!r} for customers: its configuration declares them."
        return f"Vendure refused it: {done.message.rstrip('.')}." if done.message else None

    def clear(self, customer_id: str, name: str, code: str) -> str | None:
        """Remove a code. The field may hold a newer one by now; that one stays."""
        field = self._field(name)
        if not _FIELD.fullmatch(field) or self._value(customer_id, field) != code:
            return None
        return self.set(customer_id, name, None)

    def _field(self, name: str) -> str:
        """The field of an attribute; codes are called `code-` and the campaign's name."""
        return self._code_field if name.startswith("code-") else name

    def _value(self, customer_id: str, field: str) -> str | None:
        found = self._admin.call(attribute_document(field), {"id": customer_id}, _Customer).customer
        return found.custom_fields.value if found and found.custom_fields else None
