"""Customer groups, which carry our tags: the group has the tag's name, and who has the tag is a member."""

from collections.abc import Iterator, Mapping, Sequence

from adapters.medusa.client import Rest, Wire
from adapters.medusa.reads import Lists, Source
from adapters.medusa.records import Identified, Named
from connector.adapter import Page, chunks
from connector.errors import RejectedError, ResponseError
from connector.model import Tagging, UpdateTags

NO_CUSTOMER = "Medusa does not know this customer."

_GROUP_FIELDS = ("id", "name")


class _Member(Wire):
    id: str
    groups: tuple[Named, ...] = ()


_GROUPS = Source(path="customer-groups", row=Named, fields=_GROUP_FIELDS)
_MEMBERS = Source(path="customers", row=_Member, fields=("id", "groups.id", "groups.name"))

#: Groups that are listed at once. Their list cannot be asked for what lies behind an id.
_AT_ONCE = 1000

#: The groups of each customer, by id.
Membership = Mapping[str, tuple[Named, ...]]


class Groups:
    """Reads and changes the customer groups of one server."""

    def __init__(self, rest: Rest, page_size: int) -> None:
        self._rest = rest
        self._size = page_size
        self._groups: Lists[Named] = Lists(rest, _GROUPS, page_size)
        self._members: Lists[_Member] = Lists(rest, _MEMBERS, page_size)

    # -- reading ----------------------------------------------------------------------------------------

    def tags(self, prefix: str) -> Iterator[Page[Tagging]]:
        """Who is a member of a group whose name begins with our prefix.

        One customer may be in several, so the pages begin when all groups are read: no resume points.
        """
        found: dict[str, list[str]] = {}
        for group in self._all():
            if group.name.casefold().startswith(prefix.casefold()):
                for rows, _, _ in self._members.pages(where={"groups": group.id}, lean=True):
                    for row in rows:
                        found.setdefault(row.id, []).append(group.name)
        taggings = [Tagging(customer_id=customer_id, tags=tuple(tags)) for customer_id, tags in found.items()]
        for start in range(0, max(len(taggings), 1), self._size):
            yield Page(records=tuple(taggings[start : start + self._size]), total=len(taggings))

    def _all(self) -> Iterator[Named]:
        """Every group. Nobody deletes groups while we count to a thousand, and a double does no harm."""
        offset = 0
        while True:
            rows, count = self._groups.ask(_GROUP_FIELDS, Named, limit=_AT_ONCE, offset=offset)
            yield from rows
            offset += len(rows)
            if offset >= count:
                return
            if not rows:
                raise ResponseError(f"Medusa counts {count:,} customer groups and gives only {offset:,}.")

    def _membership(self, customer_ids: Sequence[str]) -> Membership:
        return {row.id: row.groups for rows, _ in self._members.few(customer_ids) for row in rows}

    # -- changing ---------------------------------------------------------------------------------------

    def update(self, changes: Sequence[UpdateTags]) -> list[str | None]:
        """Apply changes of different customers; why not, for each, if Medusa refused."""
        before = self._membership([change.customer_id for change in changes])
        known = [change for change in changes if change.customer_id in before]
        refused = self._remove(known, before) | self._add(known, before)
        return [
            refused.get(change.customer_id) if change.customer_id in before else NO_CUSTOMER
            for change in changes
        ]

    def ensure(self, tag: str) -> str:
        """The id of the group of that very name; it is made if there is none.

        One of another case is somebody else's. Names are unique in Medusa, so whoever loses a race looks
        again.
        """
        if found := self._named(tag):
            return found
        try:
            return self._rest.post(
                "customer-groups", "customer_group", Named, {"name": tag}, _GROUP_FIELDS
            ).id
        except RejectedError:
            if found := self._named(tag):
                return found
            raise

    def _named(self, tag: str) -> str | None:
        rows, _ = self._groups.ask(_GROUP_FIELDS, Named, name=tag, limit=1)
        return rows[0].id if rows else None

    def _remove(self, changes: Sequence[UpdateTags], before: Membership) -> dict[str, str]:
        leaving: dict[str, list[str]] = {}
        for change in changes:
            unwanted = {tag.casefold() for tag in change.remove}
            for group in before[change.customer_id]:
                if group.name.casefold() in unwanted:
                    leaving.setdefault(group.id, []).append(change.customer_id)
        refused: dict[str, str] = {}
        for group_id, members in leaving.items():
            refused |= self._change(group_id, "remove", members)
        return refused

    def _add(self, changes: Sequence[UpdateTags], before: Membership) -> dict[str, str]:
        joining: dict[str, list[str]] = {}
        for change in changes:
            has = {group.name.casefold() for group in before[change.customer_id]}
            has -= {tag.casefold() for tag in change.remove}
            for tag in change.add:
                if tag.casefold() not in has:
                    joining.setdefault(tag, []).append(change.customer_id)
        refused: dict[str, str] = {}
        for tag, members in joining.items():
            refused |= self._change(self.ensure(tag), "add", members)
        return refused

    def _change(self, group_id: str, verb: str, members: Sequence[str]) -> dict[str, str]:
        """One customer who was deleted meanwhile makes Medusa refuse the whole list: then one by one."""
        try:
            self._send(group_id, verb, members)
        except RejectedError as refusal:
            if len(members) == 1:
                return {members[0]: str(refusal)}
            refused: dict[str, str] = {}
            for some in chunks(members, 1):
                refused |= self._change(group_id, verb, some)
            return refused
        return {}

    def _send(self, group_id: str, verb: str, members: Sequence[str]) -> None:
        path = f"customer-groups/{group_id}/customers"
        self._rest.post(path, "customer_group", Identified, {verb: list(members)}, ("id",))
