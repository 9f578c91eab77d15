"""Customer groups, which carry our tags: the group has the tag's name, and who has the tag is a member."""

from collections.abc import Iterator, Mapping, Sequence

from adapters.vendure.client import Admin, Done, Listing, Paged, Wire
from adapters.vendure.documents import document
from adapters.vendure.reads import LARGEST, Identified, Walk
from adapters.vendure.records import GroupRow
from connector.adapter import Page
from connector.errors import RejectedError
from connector.model import Tagging, UpdateTags

NO_CUSTOMER = "Vendure does not know this customer."

#: How often a removal is tried again after somebody else removed one of the members.
_TRIES = 3


class _Member(Wire):
    id: str
    groups: tuple[GroupRow, ...] = ()


class _Group(Wire):
    page: Listing[Identified]


class _GroupAnswer(Wire):
    customer_group: _Group | None = None


#: The groups of each customer, by id.
Membership = Mapping[str, tuple[GroupRow, ...]]


class Groups:
    """Reads and changes the customer groups of one server."""

    def __init__(self, admin: Admin, page_size: int) -> None:
        self._admin = admin
        self._size = min(page_size, LARGEST)

    # -- reading ----------------------------------------------------------------------------------------

    def named(self, text: str = "") -> list[GroupRow]:
        """Groups whose name contains a text, the oldest first."""
        wanted = {"name": {"contains": text}} if text else {}

        def ask(part: Mapping[str, object]) -> Listing[GroupRow]:
            options = {**part, "filter": wanted}
            return self._admin.call(document("group_page"), {"options": options}, Paged[GroupRow]).page

        return [group for rows, _, _ in Walk(ask, self._size).pages() for group in rows]

    def tags(self, prefix: str) -> Iterator[Page[Tagging]]:
        """Who is a member of a group whose name begins with our prefix.

        One customer may be in several, so the pages begin when all groups are read: no resume points.
        """
        found: dict[str, list[str]] = {}
        for group in self.named(prefix):
            if group.name.casefold().startswith(prefix.casefold()):
                for customer_id in self._members(group.id):
                    found.setdefault(customer_id, []).append(group.name)
        taggings = [Tagging(customer_id=customer_id, tags=tuple(tags)) for customer_id, tags in found.items()]
        for start in range(0, max(len(taggings), 1), self._size):
            yield Page(records=tuple(taggings[start : start + self._size]), total=len(taggings))

    def _members(self, group_id: str) -> Iterator[str]:
        def ask(part: Mapping[str, object]) -> Listing[Identified]:
            variables = {"id": group_id, "options": part}
            found = self._admin.call(document("group_members"), variables, _GroupAnswer).customer_group
            return found.page if found else Listing(items=[], total_items=0)  # deleted meanwhile

        for rows, _, _ in Walk(ask, self._size).pages():
            yield from (row.id for row in rows)

    def _membership(self, customer_ids: Sequence[str]) -> Membership:
        options = {"take": len(customer_ids), "filter": {"id": {"in": list(customer_ids)}}}
        answer = self._admin.call(document("customer_groups"), {"options": options}, Paged[_Member])
        return {row.id: row.groups for row in answer.page.items}

    # -- changing ---------------------------------------------------------------------------------------

    def update(self, changes: Sequence[UpdateTags]) -> list[str | None]:
        """Apply changes of different customers; why not, for each, if Vendure refused."""
        customer_ids = [change.customer_id for change in changes]
        before = self._membership(customer_ids)
        known = [change for change in changes if change.customer_id in before]
        refused = self._remove(known, before) | self._add(known, before)
        after = self._membership(customer_ids)
        return [_outcome(change, after, refused.get(change.customer_id)) for change in changes]

    def ensure(self, tag: str) -> str:
        """The id of the group of that very name; it is made if there is none.

        One of another case is somebody else's.
        """
        for group in self.named(tag):
            if group.name == tag:
                return group.id
        made = self._admin.call(document("group_create"), {"input": {"name": tag}}, Done[GroupRow])
        return made.done.id

    def _remove(self, changes: Sequence[UpdateTags], before: Membership) -> dict[str, str]:
        leaving: dict[str, list[str]] = {}
        for change in changes:
            unwanted = {tag.casefold() for tag in change.remove}
            for group in before[change.customer_id]:
                if group.name.casefold() in unwanted:
                    leaving.setdefault(group.id, []).append(change.customer_id)
        return {
            customer_id: error
            for group_id, members in leaving.items()
            for customer_id, error in self._dismiss(group_id, members).items()
        }

    def _dismiss(self, group_id: str, members: Sequence[str]) -> dict[str, str]:
        """Vendure refuses the whole list where one is no longer a member, so the rest is tried again."""
        error = ""
        for _ in range(_TRIES):
            try:
                self._change("group_remove", group_id, members)
            except RejectedError as refusal:
                error = str(refusal)
            else:
                return {}
            now = self._membership(members)
            members = [each for each in members if group_id in {group.id for group in now.get(each, ())}]
            if not members:
                return {}
        return dict.fromkeys(members, error)

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
            try:
                self._change("group_add", self.ensure(tag), members)
            except RejectedError as refusal:
                refused |= dict.fromkeys(members, str(refusal))
        return refused

    def _change(self, name: str, group_id: str, members: Sequence[str]) -> None:
        variables = {"group": group_id, "customers": list(members)}
        self._admin.call(document(name), variables, Done[Identified])


def _outcome(change: UpdateTags, after: Membership, refusal: str | None) -> str | None:
    """What Vendure says; and it says nothing about ids it does not know, so the members are compared."""
    if change.customer_id not in after:
        return NO_CUSTOMER
    has = {group.name.casefold() for group in after[change.customer_id]}
    missing = [tag for tag in change.add if tag.casefold() not in has]
    removed = {tag.casefold() for tag in change.remove} - {tag.casefold() for tag in change.add}
    if not missing and not removed & has:
        return None
    return refusal or f"Vendure left the groups of customer {change.customer_id} as they were."
