"""Every outlet against its sandbox: the contract, and what is particular about each tool."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import SecretStr

from adapters.outlets.brevo import BrevoOutlet
from adapters.outlets.brevo.sandbox import BrevoSandbox
from adapters.outlets.cleverreach import CleverReachOutlet
from adapters.outlets.cleverreach.sandbox import CleverReachSandbox
from adapters.outlets.klaviyo import KlaviyoOutlet
from adapters.outlets.klaviyo.sandbox import KlaviyoSandbox
from adapters.outlets.mailchimp import MailchimpOutlet
from adapters.outlets.mailchimp.sandbox import MailchimpSandbox
from adapters.outlets.rapidmail import RapidmailOutlet
from adapters.outlets.rapidmail.sandbox import RapidmailSandbox
from adapters.outlets.webhook import WebhookOutlet
from adapters.outlets.webhook.sandbox import WebhookSandbox
from connector.errors import ConfigError, ResponseError
from connector.outlet import HandOver, Outlet, Standing
from connector.testing.outlets import GIVEN, Open, OutletContract


class TestBrevo(OutletContract):
    outlet_class = BrevoOutlet
    expected: ClassVar[Mapping[str, Any]] = {
        "SK_CODE": "SK7QHX4ZP9TRM",
        "SK_CODE_SHOWN": "SK7Q HX4Z P9TR M",
        "SK_GIVES": "10 %",
        "SK_ENDS": "2099-12-30",
        "SK_CAMPAIGN": "come-back",
        "SK_REMINDER": "no",
        "SK_GROUPS": "|big|dormant|",
    }
    # Brevo calls who unsubscribed and who bounced the same.
    refusals = (Standing.UNSUBSCRIBED,)

    @pytest.fixture
    def tool(self) -> Iterator[BrevoSandbox]:
        sandbox = BrevoSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    def test_a_contact_of_another_list_is_none_of_ours(self, tool: BrevoSandbox, connect: Open) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        (found,) = connect(contact_list=8).find(["ada@example.com"])
        assert found.standing is Standing.UNKNOWN
        (found,) = connect(contact_list=None).find(["ada@example.com"])
        assert found.standing is Standing.GOOD

    def test_what_brevo_takes_for_no_address_is_no_contact(self, outlet: Outlet) -> None:
        (found,) = outlet.find(["nobody"])
        assert found.standing is Standing.UNKNOWN

    def test_an_attribute_is_written_in_capitals(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="VOUCHER"):
            connect(fields={"code": "Voucher"})


class TestMailchimp(OutletContract):
    outlet_class = MailchimpOutlet
    expected: ClassVar[Mapping[str, Any]] = {
        "SKCODE": "SK7QHX4ZP9TRM",
        "SKSHOWN": "SK7Q HX4Z P9TR M",
        "SKGIVES": "10 %",
        "SKENDS": "2099-12-30",
        "SKCAMPAIGN": "come-back",
        "SKREMIND": "no",
        "SKGROUPS": "|big|dormant|",
    }
    refusals = (Standing.UNSUBSCRIBED, Standing.BLOCKED, Standing.PENDING, Standing.UNKNOWN)

    @pytest.fixture
    def tool(self) -> Iterator[MailchimpSandbox]:
        sandbox = MailchimpSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    def test_an_audience_that_is_not_there_is_said(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="no audience of that id"):
            connect(audience="ffffffffff").check()

    def test_a_key_without_a_data_centre_is_none(self) -> None:
        with pytest.raises(ConfigError, match="data centre") as caught:
            MailchimpOutlet(api_key=SecretStr("5e5e5e5e"), audience="a1b2c3d4e5")
        assert "5e5e5e5e" not in str(caught.value)

    def test_a_merge_tag_has_ten_characters(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="SK_CODE_LONG"):
            connect(fields={"code": "SK_CODE_LONG"})


class TestKlaviyo(OutletContract):
    outlet_class = KlaviyoOutlet
    makes_fields = False
    expected: ClassVar[Mapping[str, Any]] = {
        "sk_code": "SK7QHX4ZP9TRM",
        "sk_code_shown": "SK7Q HX4Z P9TR M",
        "sk_gives": "10 %",
        "sk_ends": "2099-12-30",
        "sk_campaign": "come-back",
        "sk_reminder": "no",
        "sk_groups": ["big", "dormant"],
    }

    @pytest.fixture
    def tool(self) -> Iterator[KlaviyoSandbox]:
        sandbox = KlaviyoSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    def test_who_left_the_list_that_is_written_to_is_left_out(
        self, tool: KlaviyoSandbox, connect: Open
    ) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        tool.suppress("ada@example.com", "Y6nRLr")
        (found,) = connect(contact_list="Y6nRLr").find(["ada@example.com"])
        assert found.standing is Standing.BLOCKED
        (found,) = connect(contact_list="XXXXXX").find(["ada@example.com"])
        assert found.standing is Standing.GOOD

    def test_many_addresses_are_few_questions(self, tool: KlaviyoSandbox, outlet: Outlet) -> None:
        emails = [f"c{number}@example.com" for number in range(7)]
        for email in emails:
            tool.put(email, Standing.GOOD)
        assert {each.standing for each in outlet.find(emails)} == {Standing.GOOD}
        assert len(tool.faults.requests("/api/profiles")) == 4  # the sandbox gives two a page


class TestCleverReach(OutletContract):
    outlet_class = CleverReachOutlet
    refusals = (Standing.UNSUBSCRIBED, Standing.BLOCKED, Standing.PENDING)
    expected: ClassVar[Mapping[str, Any]] = {
        "sk_code": "SK7QHX4ZP9TRM",
        "sk_code_shown": "SK7Q HX4Z P9TR M",
        "sk_gives": "10 %",
        "sk_ends": "2099-12-30",
        "sk_campaign": "come-back",
        "sk_reminder": "no",
        "sk_groups": "|big|dormant|",
    }

    @pytest.fixture
    def tool(self) -> Iterator[CleverReachSandbox]:
        sandbox = CleverReachSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    def test_mail_that_came_back_is_a_reason(self, tool: CleverReachSandbox, outlet: Outlet) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        tool.bounce("ada@example.com")
        (found,) = outlet.find(["ada@example.com"])
        assert found.standing is Standing.BLOCKED

    def test_a_list_that_is_not_there_is_said(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="no recipient list"):
            connect(contact_list=1).check()

    def test_a_change_that_empties_other_fields_is_put_back_and_the_last(
        self, tool: CleverReachSandbox, outlet: Outlet
    ) -> None:
        for email in ("ada@example.com", "ben@example.com"):
            tool.put(email, Standing.GOOD)
        found = list(outlet.find(["ada@example.com", "ben@example.com"]))
        items = [HandOver(contact=each.contact, email=each.email, shop="s", given=GIVEN) for each in found]
        tool.careless = True
        with pytest.raises(ResponseError, match="put back"):
            list(outlet.hand_over(items))
        assert tool.values("ada@example.com")["firstname"] == "Ada"
        assert tool.values("ben@example.com") == {"firstname": "Ada"}


class TestRapidmail(OutletContract):
    outlet_class = RapidmailOutlet
    makes_fields = False
    refusals = (Standing.UNSUBSCRIBED, Standing.BLOCKED, Standing.PENDING)
    expected: ClassVar[Mapping[str, Any]] = {
        "extra1": "SK7QHX4ZP9TRM",
        "extra2": "SK7Q HX4Z P9TR M",
        "extra3": "10 %",
        "extra4": "30.12.2099",
        "extra5": "come-back",
        "extra6": "no",
        "extra7": "|big|dormant|",
    }

    @pytest.fixture
    def tool(self) -> Iterator[RapidmailSandbox]:
        sandbox = RapidmailSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    @pytest.mark.parametrize("pattern", ["Ada@Example.com", "example.com", "@example.com", "*@example.com"])
    def test_the_blacklist_beats_the_list(self, tool: RapidmailSandbox, outlet: Outlet, pattern: str) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        tool.blacklist += ["x@example.org", "y@example.org", pattern]
        (found,) = outlet.find(["ada@example.com"])
        assert found.standing is Standing.BLOCKED

    def test_who_came_back_is_a_contact_again(self, tool: RapidmailSandbox, outlet: Outlet) -> None:
        tool.put("ada@example.com", Standing.UNSUBSCRIBED)
        tool.put("ada@example.com", Standing.GOOD)
        (found,) = outlet.find(["ada@example.com"])
        assert (found.standing, found.contact) == (Standing.GOOD, "9001")

    def test_a_long_list_of_groups_is_cut_between_names(self, tool: RapidmailSandbox, outlet: Outlet) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        names = tuple(f"a-group-of-regulars-{number:02}" for number in range(20))
        assert self.hand_over(outlet, self.item(outlet, "ada@example.com", groups=names)) == [None]
        kept = tool.values("ada@example.com")["extra7"]
        assert kept.strip("|").split("|") == list(names[:11])

    def test_only_extra_fields_can_be_filled_and_one_with_the_code(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="firstname"):
            connect(fields={"code": "firstname"})
        with pytest.raises(ConfigError, match="none is for the code"):
            connect(fields={"ends": "extra1"})

    def test_a_change_that_empties_other_fields_is_put_back_and_the_last(
        self, tool: RapidmailSandbox, outlet: Outlet
    ) -> None:
        tool.put("ada@example.com", Standing.GOOD)
        item = self.item(outlet, "ada@example.com")
        tool.careless = True
        with pytest.raises(ResponseError, match="put back"):
            list(outlet.hand_over([item]))
        assert tool.values("ada@example.com")["extra10"] == "seit 2019"


class TestWebhook(OutletContract):
    outlet_class = WebhookOutlet
    makes_fields = False
    knows_contacts = False
    refusals = ()
    expected: ClassVar[Mapping[str, Any]] = {
        "shop": "roastery",
        "campaign": "come-back",
        "code": "SK7QHX4ZP9TRM",
        "gives": "10 %",
        "ends_at": "2099-12-31T09:00:00+00:00",
        "last_day": "2099-12-30",
    }

    @pytest.fixture
    def tool(self) -> Iterator[WebhookSandbox]:
        sandbox = WebhookSandbox()
        sandbox.start()
        yield sandbox
        sandbox.stop()

    def test_a_message_that_comes_twice_has_one_id(self, tool: WebhookSandbox, outlet: Outlet) -> None:
        item = self.item(outlet, "ada@example.com")
        reminder = msgspec.structs.replace(item, given=msgspec.structs.replace(GIVEN, reminder=True))
        assert self.hand_over(outlet, item, item, reminder) == [None] * 3
        assert tool.deliveries == 3
        assert [each["type"] for each in tool.messages()] == ["code.handed-over", "code.reminder"]
        assert {each["data"]["email"] for each in tool.messages()} == {"ada@example.com"}

    def test_nothing_is_said_where_there_is_no_code(self, tool: WebhookSandbox, outlet: Outlet) -> None:
        item = self.item(outlet, "ada@example.com", given=None)
        assert self.hand_over(outlet, item) == [None]
        assert tool.messages() == []

    @pytest.mark.parametrize("url", ["ftp://example.org", "example.org", "https://"])
    def test_an_address_is_one_of_the_web(self, connect: Open, url: str) -> None:
        with pytest.raises(ConfigError, match="must be an address"):
            connect(url=url)

    def test_a_broken_secret_is_said_and_not_shown(self, connect: Open) -> None:
        with pytest.raises(ConfigError, match="whsec_") as caught:
            connect(secret=SecretStr("whsec_%%%"))
        assert "%%%" not in str(caught.value)
