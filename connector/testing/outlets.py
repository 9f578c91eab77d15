"""The contract of an outlet as tests. For authors of outlets.

class TestMyOutlet(OutletContract):
    outlet_class = MyOutlet

    @pytest.fixture
    def tool(self) -> Iterator[MySandbox]:
        sandbox = MySandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()
"""
# ruff: noqa: S101  (a contract is made of asserts)

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Protocol, TypeAlias, cast, get_type_hints

import msgspec
import pytest
from pydantic import SecretStr

from connector.config.options import OUTLET_OPTIONS
from connector.config.settings import argument_texts, parameters_of
from connector.errors import AdapterError, AuthError, ConfigError, ResponseError, TemporaryError
from connector.outlet import FIELDS, Given, HandOver, Outlet, Standing
from connector.testing.basis import no_io

Open: TypeAlias = Callable[..., Outlet]

GIVEN = Given(
    code="SK7QHX4ZP9TRM",
    campaign="come-back",
    gives="10 %",
    ends_at=datetime(2099, 12, 31, 9, tzinfo=UTC),
    last_day=date(2099, 12, 30),
)


class ToolUnderTest(Protocol):
    """A newsletter tool that may be changed at will: the sandbox of an outlet."""

    faults: Any  #: as `connector.sample.faults.Faults`
    types: dict[str, str]  #: fields that it has; ours are missing at first, where they must be made

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to it."""
        ...

    def put(self, email: str, standing: Standing) -> None:
        """Make a contact that stands like this."""
        ...

    def remove(self, email: str) -> None:
        """Delete a contact."""
        ...

    def emails(self) -> set[str]:
        """The addresses of all contacts, in small letters."""
        ...

    def values(self, email: str) -> dict[str, Any]:
        """Fields of a contact that are not empty."""
        ...

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else about a contact: status, lists, consent."""
        ...


class OutletContract:
    """Every sentence of `connector.outlet.Outlet` as a test; inherit it and give `tool`."""

    #: The outlet under test.
    outlet_class: ClassVar[type[Outlet]]
    #: How the tool can say of a contact that it must not be written to.
    refusals: ClassVar[tuple[Standing, ...]] = (Standing.UNSUBSCRIBED, Standing.BLOCKED)
    #: What is in which field of the tool once `GIVEN` and two groups were handed over.
    expected: ClassVar[Mapping[str, Any]]
    #: Whether the tool knows contacts; one that takes messages only does not.
    knows_contacts: ClassVar[bool] = True
    #: Whether fields have to be made before they can be filled.
    makes_fields: ClassVar[bool] = True

    @pytest.fixture
    def connect(self, tool: ToolUnderTest) -> Iterator[Open]:
        """Makes a new connection to the tool."""
        made: list[Outlet] = []

        def connect(**settings: Any) -> Outlet:
            given = {**tool.settings(), "timeout": 5.0, **settings}
            made.append(cast("Callable[..., Outlet]", self.outlet_class)(**given))
            return made[-1]

        yield connect
        for outlet in made:
            outlet.close()

    @pytest.fixture
    def outlet(self, connect: Open) -> Outlet:
        """Ready to hand over."""
        ready = connect(**({"create_fields": True} if self.makes_fields else {}))
        ready.prepare()
        return ready

    def hand_over(self, outlet: Outlet, *items: HandOver) -> list[str | None]:
        """The errors of a batch, in order."""
        return [each.error for each in outlet.hand_over(items)]

    def item(self, outlet: Outlet, email: str, **other: Any) -> HandOver:
        """What a contact is to have."""
        (found,) = outlet.find([email])
        change: dict[str, Any] = {"given": GIVEN, "groups": ("big", "dormant")} | other
        return HandOver(contact=found.contact, email=email, shop="roastery", **change)

    # The constructor.

    def test_settings_are_keyword_only_typed_and_explained(self, tool: ToolUnderTest) -> None:
        parameters = inspect.signature(self.outlet_class).parameters
        hints = get_type_hints(self.outlet_class.__init__)
        assert {each.kind for each in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
        assert [name for name in parameters if hints.get(name, Any) is Any] == []
        texts = argument_texts(self.outlet_class)
        assert [each.name for each in parameters_of(self.outlet_class) if not texts.get(each.name)] == []
        assert set(tool.settings()) <= set(parameters)
        assert not set(parameters) & set(OUTLET_OPTIONS)

    def test_secrets_are_declared_and_never_shown(self, tool: ToolUnderTest, connect: Open) -> None:
        hints = get_type_hints(self.outlet_class.__init__)
        words = re.compile(r"secret|token|password|(^|_)key$")
        assert [name for name in hints if words.search(name) and "SecretStr" not in str(hints[name])] == []
        outlet = connect()
        shown = f"{outlet!r} {vars(outlet)}"
        assert [secret for secret in self._secrets(tool) if secret in shown] == []

    def test_the_constructor_does_no_io(self, connect: Open) -> None:
        connect()  # what it imports late is not meant
        with no_io():
            connect()

    def test_it_has_a_name_and_fields_that_mean_something(self, outlet: Outlet) -> None:
        assert re.fullmatch("[a-z][a-z0-9-]*", outlet.name)
        assert outlet.title
        assert outlet.fields.keys() <= FIELDS.keys()

    # Looking.

    def test_check_says_whose_account_it_is(self, outlet: Outlet) -> None:
        assert outlet.check()

    def test_every_address_has_one_answer_in_order(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        emails = [f"c{number}@example.com" for number in range(7)]
        for email in emails[1::2]:
            tool.put(email, Standing.GOOD)
        found = list(outlet.find(emails))
        assert [each.email for each in found] == emails
        if self.knows_contacts:
            unknown, known = Standing.UNKNOWN, Standing.GOOD
            assert [each.standing for each in found] == [unknown, known] * 3 + [unknown]

    def test_whoever_said_no_there_is_left_out(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        for standing in self.refusals:
            tool.put(f"{standing}@example.com", standing)
            (found,) = outlet.find([f"{standing}@example.com"])
            assert found.standing is standing

    @pytest.mark.parametrize("email", ["o'neil+shop@example.com", "größe@example.com", "a/b%c@example.com"])
    def test_an_address_may_have_strange_letters(
        self, tool: ToolUnderTest, outlet: Outlet, email: str
    ) -> None:
        tool.put(email, Standing.GOOD)
        assert self.hand_over(outlet, self.item(outlet, email)) == [None]
        assert tool.values(email).items() >= self.expected.items()

    def test_nobody_is_found_for_no_address(self, outlet: Outlet) -> None:
        assert list(outlet.find([])) == []
        assert list(outlet.hand_over([])) == []

    # Handing over.

    def test_a_code_and_groups_arrive_and_all_else_stays(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        before, rest = tool.values("ada@example.com"), tool.rest("ada@example.com")
        assert self.hand_over(outlet, self.item(outlet, "Ada@Example.com")) == [None]
        assert tool.values("ada@example.com") == {**before, **self.expected}
        assert tool.rest("ada@example.com") == rest

    def test_a_hand_over_twice_is_once(self, tool: ToolUnderTest, outlet: Outlet, connect: Open) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        item = self.item(outlet, "ada@example.com")
        assert self.hand_over(outlet, item, item) == [None, None]
        once = tool.values("ada@example.com")
        again = connect()
        assert self.hand_over(again, self.item(again, "ada@example.com")) == [None]
        assert tool.values("ada@example.com") == once

    def test_a_reminder_says_so(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com")) == [None]
        first = tool.values("ada@example.com")
        again = msgspec.structs.replace(GIVEN, reminder=True)
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com", given=again)) == [None]
        assert tool.values("ada@example.com") != first or not self.knows_contacts

    def test_what_is_over_is_cleared_and_groups_may_stay(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        if not outlet.fields:
            pytest.skip(f"{outlet.title} keeps no fields.")
        tool.put("ada@example.com", Standing.GOOD)
        before = tool.values("ada@example.com")
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com")) == [None]
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com", given=None, groups=None)) == [None]
        groups = outlet.fields["groups"]
        assert tool.values("ada@example.com") == {**before, groups: self.expected[groups]}
        gone = self.item(outlet, "ada@example.com", given=None, keeps_code=True, groups=())
        assert self.hand_over(outlet, gone) == [None]
        assert tool.values("ada@example.com") == before

    def test_a_code_stays_while_groups_change(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        if not outlet.fields:
            pytest.skip(f"{outlet.title} keeps no fields.")
        tool.put("ada@example.com", Standing.GOOD)
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com")) == [None]
        change = self.item(outlet, "ada@example.com", given=None, keeps_code=True, groups=("new",))
        assert self.hand_over(outlet, change) == [None]
        assert tool.values("ada@example.com")[outlet.fields["code"]] == "SK7QHX4ZP9TRM"

    def test_a_contact_that_is_gone_is_not_made_again(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        for email in ("ada@example.com", "ben@example.com"):
            tool.put(email, Standing.GOOD)
        items = [self.item(outlet, email) for email in ("ada@example.com", "ben@example.com")]
        tool.remove("ada@example.com")
        gone, other = self.hand_over(outlet, *items)
        assert gone
        assert "ada@example.com" not in gone
        assert other is None
        assert "ada@example.com" not in tool.emails()

    def test_nobody_comes_back_who_left_meanwhile(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        for standing in self.refusals:
            email = f"{standing}@example.com"
            tool.put(email, standing)
            rest = tool.rest(email)
            self.hand_over(outlet, self.item(outlet, email))
            assert tool.rest(email) == rest

    def test_many_have_an_answer_each(self, tool: ToolUnderTest, outlet: Outlet) -> None:
        emails = [f"c{number}@example.com" for number in range(25)]
        for email in emails:
            tool.put(email, Standing.GOOD)
        found = list(outlet.find(emails))
        items = [
            HandOver(contact=each.contact, email=each.email, shop="roastery", given=GIVEN) for each in found
        ]
        answers = list(outlet.hand_over(iter(items)))
        assert [each.item for each in answers] == items
        assert [each.error for each in answers] == [None] * 25
        assert all(tool.values(email) for email in emails)

    # Fields.

    def test_missing_fields_are_named_and_not_made_unasked(self, tool: ToolUnderTest, connect: Open) -> None:
        if not self.makes_fields:
            pytest.skip(f"{self.outlet_class.title} needs no fields made.")
        there, outlet = dict(tool.types), connect()
        for ask in (outlet.check, outlet.prepare):
            with pytest.raises(ConfigError) as caught:
                ask()
            assert [name for name in outlet.fields.values() if name not in str(caught.value)] == []
        assert tool.types == there

    def test_fields_are_made_where_the_owner_asks_for_it(self, tool: ToolUnderTest, connect: Open) -> None:
        if not self.makes_fields:
            pytest.skip(f"{self.outlet_class.title} needs no fields made.")
        outlet = connect(create_fields=True)
        outlet.check()
        tool.faults.plan("drop", contains="POST", skip=1)
        outlet.prepare()
        assert set(outlet.fields.values()) <= tool.types.keys()
        connect().prepare()

    def test_a_field_of_another_type_is_not_written_to(self, tool: ToolUnderTest, connect: Open) -> None:
        if not self.makes_fields:
            pytest.skip(f"{self.outlet_class.title} needs no fields made.")
        outlet = connect(create_fields=True)
        outlet.prepare()
        name = outlet.fields["code"]
        tool.types[name] = "number"
        with pytest.raises(ConfigError, match=re.escape(name)):
            connect().prepare()

    def test_fields_may_have_other_names_or_none(self, connect: Open) -> None:
        if not self.knows_contacts:
            pytest.skip(f"{self.outlet_class.title} keeps no fields.")
        names = connect().fields
        outlet = connect(fields={**names, "shown": ""})
        assert outlet.fields == {word: name for word, name in names.items() if word != "shown"}
        with pytest.raises(ConfigError, match="Did you mean 'code'"):
            connect(fields={**names, "cod": names["gives"]})
        with pytest.raises(ConfigError, match="two of them"):
            connect(fields={**names, "ends": names["code"]})

    # Trouble.

    @pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
    def test_trouble_that_passes_is_waited_out(self, tool: ToolUnderTest, outlet: Outlet, kind: str) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        if kind == "throttle":
            tool.faults.plan(kind, retry_after=0.01)
        item = self.item(outlet, "ada@example.com")
        tool.faults.plan(kind, retry_after=0.01)
        assert self.hand_over(outlet, item) == [None]
        assert tool.values("ada@example.com").items() >= self.expected.items()

    def test_a_tool_that_is_down_is_tried_again_by_the_next_run(
        self, tool: ToolUnderTest, connect: Open
    ) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        self._ready(connect)
        outlet = connect(timeout=0.3)
        item = self.item(outlet, "ada@example.com")
        tool.faults.plan("error", times=20)
        with pytest.raises(TemporaryError) as caught:
            self.hand_over(outlet, item)
        assert self._leaks(tool, caught.value) == []

    def test_what_was_handed_over_before_trouble_is_known(self, tool: ToolUnderTest, connect: Open) -> None:
        self._ready(connect)
        outlet = connect(timeout=0.3)
        emails = [f"c{number}@example.com" for number in range(3)]
        for email in emails:
            tool.put(email, Standing.GOOD)
        items = [self.item(outlet, email) for email in emails]
        answers = outlet.hand_over(items)
        assert next(answers).error is None
        tool.faults.plan("error", times=20)
        with pytest.raises(TemporaryError):
            next(answers)

    def test_wrong_credentials_say_so_and_show_nothing(self, tool: ToolUnderTest, connect: Open) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        self._ready(connect)
        outlet = connect()
        item = self.item(outlet, "ada@example.com")
        tool.faults.plan("unauthorized", times=2)
        with pytest.raises(AuthError) as caught:
            self.hand_over(outlet, item)
        assert self._leaks(tool, caught.value) == []

    def test_nonsense_is_no_answer(self, tool: ToolUnderTest, connect: Open) -> None:
        if not self.knows_contacts:
            pytest.skip(f"{self.outlet_class.title} answers nothing that is read.")
        tool.put("ada@example.com", Standing.GOOD)
        self._ready(connect)
        outlet = connect()
        list(outlet.find(["ada@example.com"]))  # whatever it logs in with is there
        tool.faults.plan("garbage")
        with pytest.raises(ResponseError) as caught:
            list(outlet.find(["ada@example.com"]))
        assert self._leaks(tool, caught.value) == []

    def _ready(self, connect: Open) -> None:
        connect(**({"create_fields": True} if self.makes_fields else {})).prepare()

    def _secrets(self, tool: ToolUnderTest) -> list[str]:
        given = tool.settings().values()
        return [value.get_secret_value() for value in given if isinstance(value, SecretStr)]

    def _leaks(self, tool: ToolUnderTest, error: AdapterError) -> list[str]:
        """What an error shows that it must not."""
        return [each for each in [*self._secrets(tool), "ada@example.com"] if each in str(error)]
