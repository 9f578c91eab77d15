"""A folder of exports over time: new files, half files, contacts, and what was handed over."""

import os
import stat
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.csv_files import CsvAdapter
from adapters.csv_files.sandbox import CsvSandbox
from connector.errors import ConfigError, ResponseError, TemporaryError
from connector.model import (
    Consent,
    Customer,
    DisableCoupon,
    Feature,
    Kind,
    Mark,
    Order,
    Payment,
    Shipment,
    UpdateTags,
)
from connector.testing import make_coupon, make_customer, records

CUSTOMERS = "id,email,first_name,tags\n1,anna@example.com,Anna,VIP\n2,ben@example.com,Ben,\n"
ORDERS = (
    "number,customer_id,email,placed_at,total,tax,payment_status\n"
    "A1,1,anna@example.com,2025-01-05 10:00,119.00,19.00,paid\n"
    "A2,2,ben@example.com,2025-02-05 10:00,59.50,9.50,open\n"
)
TAGS = Path("out") / "tags.csv"


def folder(path: Path, **files: str) -> Path:
    for name, content in files.items():
        (path / f"{name}.csv").write_text(content, encoding="utf-8")
    return path


def adapter(path: Path, **options: Any) -> CsvAdapter:
    chosen: dict[str, Any] = {"folder": str(path), "settle_seconds": 0.0} | options
    return CsvAdapter(**chosen)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return folder(tmp_path, customers=CUSTOMERS, orders=ORDERS)


def age(path: Path, **by: float) -> None:
    """Make a file older, as far as a file can tell."""
    then = (datetime.now(UTC) - timedelta(**by)).timestamp()
    os.utime(path, (then, then))


def customers(made: CsvAdapter, since: datetime | None = None) -> dict[str, Customer]:
    return {customer.id: customer for customer in records(made.customers(since, None))}


def orders(made: CsvAdapter) -> dict[str, Order]:
    return {order.id: order for order in records(made.orders(None, None))}


def errors(made: CsvAdapter, *changes: Any) -> list[str | None]:
    return [result.error for result in made.push(changes, "run-1")]


def tag(customer_id: str, *add: str, remove: tuple[str, ...] = ()) -> UpdateTags:
    return UpdateTags(customer_id=customer_id, add=add, remove=remove)


# Files that come and go.


def test_a_later_export_goes_before_an_earlier_one(shop: Path) -> None:
    age(shop / "orders.csv", days=3)
    folder(
        shop,
        orders_2="number,customer_id,placed_at,total,tax,payment_status\nA2,2,2025-02-05,59.50,9.50,paid\n",
    )
    found = orders(adapter(shop))
    assert {number: order.payment for number, order in found.items()} == {
        "A1": Payment.PAID,
        "A2": Payment.PAID,
    }


def test_what_is_missing_from_a_later_part_is_not_gone(shop: Path) -> None:
    made = adapter(shop)
    assert records(made.ids(Kind.ORDERS, None)) == ["A1", "A2"]
    (shop / "orders.csv").unlink()
    folder(shop, orders_new=ORDERS.replace("A1,1,", "A3,1,").replace("A2,2,", "A4,2,"))
    assert records(made.ids(Kind.ORDERS, None)) == ["A1", "A2", "A3", "A4"]
    (page,) = made.by_id(Kind.ORDERS, ["A1", "A3"])
    assert ([order.id for order in page.records], page.gone) == (["A3"], ())
    assert Feature.DELETIONS not in made.check().features


def test_what_is_missing_from_a_whole_export_is_gone(shop: Path) -> None:
    made = adapter(shop, complete=True)
    age(shop / "orders.csv", days=3)
    folder(shop, orders_new=ORDERS.replace("A1,1,", "A3,1,"))
    assert records(made.ids(Kind.ORDERS, None)) == ["A2", "A3"]
    (page,) = made.by_id(Kind.ORDERS, ["A1", "A3"])
    assert ([order.id for order in page.records], page.gone) == (["A3"], ("A1",))
    assert Feature.DELETIONS in made.check().features


def test_a_missing_export_is_no_empty_shop(shop: Path) -> None:
    made = adapter(shop, complete=True, orders="orders*.csv")
    (shop / "orders.csv").unlink()
    with pytest.raises(TemporaryError, match=r"called orders\*\.csv.*Nothing is taken for deleted"):
        made.check()
    with pytest.raises(TemporaryError, match="Nothing is taken for deleted"):
        list(made.by_id(Kind.ORDERS, ["A1"]))


@pytest.mark.parametrize("missing", ["customers", "orders"])
def test_with_one_kind_missing_nothing_is_gone(shop: Path, missing: str) -> None:
    made = adapter(shop, complete=True)
    (shop / f"{missing}.csv").unlink()
    for read in (
        made.check,
        lambda: list(made.by_id(Kind.ORDERS, ["A1"])),
        lambda: list(made.ids(Kind.ORDERS, None)),
    ):
        with pytest.raises(TemporaryError, match=f"no export of {missing} .* Nothing is taken for deleted"):
            read()


def test_a_folder_that_is_not_there_is_no_empty_shop(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match="cannot be read"):
        adapter(tmp_path / "nowhere").check()
    with pytest.raises(TemporaryError, match="There is no export in"):
        adapter(tmp_path).check()


def test_half_an_export_is_not_read(shop: Path) -> None:
    made = adapter(shop, complete=True)
    (shop / "orders.csv").write_text(ORDERS[:-20], encoding="utf-8")
    for read in (
        made.check,
        lambda: list(made.orders(None, None)),
        lambda: list(made.ids(Kind.ORDERS, None)),
    ):
        with pytest.raises(TemporaryError, match=r"orders\.csv ends in the middle of line 3"):
            read()


def test_a_young_export_is_left_alone_until_it_has_come_to_rest(shop: Path) -> None:
    made = adapter(shop, settle_seconds=0.4)
    began = datetime.now(UTC)
    assert len(orders(made)) == 2
    assert datetime.now(UTC) - began > timedelta(seconds=0.2)


def test_an_export_that_is_written_meanwhile_is_not_read(shop: Path) -> None:
    made = adapter(shop, settle_seconds=0.6)
    writing = threading.Timer(0.2, lambda: folder(shop, orders=ORDERS + ORDERS))
    writing.start()
    with pytest.raises(TemporaryError, match=r"orders\.csv is being written right now"):
        made.check()
    writing.join()


def test_an_unchanged_folder_gives_no_page(shop: Path) -> None:
    made = adapter(shop)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert list(made.customers(later, None)) == []
    assert list(made.orders(later, None)) == []
    assert len(list(made.orders(datetime.now(UTC), None))) == 1


def test_an_old_year_that_comes_late_is_read(shop: Path) -> None:
    made = adapter(shop)
    list(made.orders(None, None))
    folder(shop, orders_2019=ORDERS.replace("A1", "B1").replace("A2", "B2").replace("2025-", "2019-"))
    age(shop / "orders_2019.csv", days=2000)  # copied with its time
    found = records(made.orders(datetime.now(UTC), None))
    assert {order.id for order in found} == {"A1", "A2", "B1", "B2"}


def test_files_of_unknown_kind_are_named(shop: Path) -> None:
    folder(shop, lager="sku\n1\n")
    notes = adapter(shop).check().notes
    assert notes == (
        "customers.csv: UTF-8, ',', 2 rows.",
        "orders.csv: UTF-8, ',', decimal point, 2 rows.",
        "Not read, for their names tell no kind: lager.csv.",
    )


# What is in them.


def test_a_mapping_by_hand(tmp_path: Path) -> None:
    folder(
        tmp_path,
        kasse="Bon;Karte;Wann;Summe;MwSt;Stand\n7;K-1;05/01/2025 10:00;119,00;19,00;beglichen\n",
        karten="Karte;Mail;Seit\nK-1;anna@example.com;01.02.2020\n",
    )
    made = adapter(
        tmp_path,
        customers="karten*.csv",
        orders="kasse*.csv",
        columns={
            "customers": {"id": "Karte", "email": "Mail", "created_at": "Seit"},
            "orders": {
                "number": "Bon",
                "customer_id": "Karte",
                "placed_at": "Wann",
                "total": "Summe",
                "tax": "MwSt",
                "payment_status": "Stand",
            },
        },
        states={"paid": ["beglichen"]},
        dates="day-first",
    )
    order = orders(made)["7"]
    assert (order.customer_id, order.total, order.goods) == ("K-1", 11900, 10000)
    assert (order.placed_at, order.payment) == (datetime(2025, 1, 5, 9, 0, tzinfo=UTC), Payment.PAID)
    assert customers(made)["K-1"].created_at == datetime(2020, 1, 31, 23, 0, tzinfo=UTC)


def test_goods_that_a_till_takes_back_were_not_bought(tmp_path: Path) -> None:
    folder(
        tmp_path,
        orders=(
            "number,email,placed_at,total,payment_status,line_sku,line_quantity,line_price\n"
            "7,anna@example.com,2025-01-05,40.00,paid,ESP,2,50.00\n"
            "7,,,,,TEE,-1,60.00\n"
        ),
    )
    order = orders(adapter(tmp_path))["7"]
    assert order.total == 4000
    assert [(line.sku, line.quantity, line.remaining, line.total) for line in order.lines] == [
        ("ESP", 2, 2, 10000),
        ("TEE", 0, 0, -6000),
    ]


def test_every_unknown_state_is_named_at_once(shop: Path) -> None:
    folder(shop, orders=ORDERS.replace(",paid", ",beglichen").replace(",open", ",schwebend"))
    with pytest.raises(ConfigError) as refused:
        adapter(shop).check()
    assert "states that are not known: 'beglichen', 'schwebend'" in str(refused.value)
    own = adapter(shop, states={"paid": ["Beglichen"], "open": ["schwebend"]})
    assert [order.payment for order in orders(own).values()] == [Payment.PAID, Payment.NONE]


def test_a_state_may_say_several_things(shop: Path) -> None:
    folder(shop, orders=ORDERS.replace("payment_status", "status").replace(",open", ",completed"))
    found = orders(adapter(shop))
    assert (found["A1"].payment, found["A1"].shipment) == (Payment.PAID, Shipment.NONE)
    assert (found["A2"].payment, found["A2"].shipment) == (Payment.PAID, Shipment.SHIPPED)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"columns": {"people": {}}}, "`columns` has a table 'people'"),
        ({"states": {"bezahlt": ["x"]}}, "`states` sorts words under 'bezahlt'"),
        ({"time_zone": "Berlin"}, "`time_zone` is 'Berlin'"),
        ({"dates": "american"}, "`dates` is 'american'"),
        ({"page_size": 0}, "`page_size` is 0"),
    ],
)
def test_wrong_settings_are_refused(shop: Path, wrong: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        adapter(shop, **wrong)


def test_a_wrong_cell_is_named_with_its_place(shop: Path) -> None:
    folder(shop, orders=ORDERS.replace("59.50", "neunundfünfzig"))
    with pytest.raises(ResponseError) as refused:
        adapter(shop).check()
    assert str(refused.value) == ("orders.csv, line 3, column 'total': 'neunundfünfzig' is not a number.")


def test_orders_without_a_customer_number_go_to_the_account_with_their_address(tmp_path: Path) -> None:
    folder(
        tmp_path,
        customers=CUSTOMERS,
        orders="number,email,placed_at,total,tax,payment_status\n"
        "1,Anna@Example.com,2025-01-05,10,0,paid\n2,gast@example.com,2025-01-05,10,0,paid\n",
    )
    found = orders(adapter(tmp_path))
    assert [(order.customer_id, order.email) for order in found.values()] == [
        ("1", "Anna@Example.com"),
        (None, "gast@example.com"),
    ]


def test_customers_without_a_number_are_known_by_a_hash_of_their_address(tmp_path: Path) -> None:
    folder(tmp_path, customers="email,tags\nanna@example.com,\n", orders=ORDERS)
    (found,) = customers(adapter(tmp_path))
    assert found == "email-f7d54c22dda5b178"
    assert "anna" not in found


# Newsletter contacts.


def test_contacts_are_guests_with_their_consent_and_its_source(shop: Path) -> None:
    folder(
        shop,
        newsletter="E-Mail;Vorname;Status;Quelle;Bestätigt am\n"
        "kim@example.com;Kim;aktiv;Quiz;01.03.2025 12:00\nlea@example.com;Lea;abgemeldet;Kasse;\n",
    )
    found = {each.first_name: each for each in customers(adapter(shop)).values() if each.guest}
    assert set(found) == {"Kim", "Lea"}
    assert found["Kim"].attributes == {"consent_source": "Quiz"}
    assert found["Kim"].consents == (
        Consent(
            channel="email",
            state="subscribed",
            level="confirmed",
            changed_at=datetime(2025, 3, 1, 11, 0, tzinfo=UTC),
        ),
    )
    assert found["Lea"].consents[0].state == "unsubscribed"


@pytest.mark.parametrize(
    ("shop_says", "list_says", "state"),
    [
        ("no,", "active,", "subscribed"),
        ("yes,", "unsubscribed,", "unsubscribed"),
        ("unsubscribed,", "active,", "unsubscribed"),
        ("unsubscribed,2024-01-01", "active,2025-01-01", "subscribed"),
        ("yes,2025-01-01", "unsubscribed,2024-01-01", "subscribed"),
        ("yes,", "pending,", "subscribed"),
    ],
)
def test_an_account_and_a_contact_with_one_address_have_one_consent(
    tmp_path: Path, shop_says: str, list_says: str, state: str
) -> None:
    folder(
        tmp_path,
        customers=f"id,email,consent,consent_at\n1,Anna@example.com,{shop_says}\n",
        contacts=f"email,consent,consent_at,source\nanna@example.com,{list_says},form\n",
    )
    (anna,) = customers(adapter(tmp_path)).values()
    assert ([each.state for each in anna.consents], anna.guest) == ([state], False)
    assert anna.attributes == {"consent_source": "form"}


def test_a_contact_whose_list_says_nothing_has_given_no_consent(tmp_path: Path) -> None:
    folder(tmp_path, contacts="email\nanna@example.com\n")
    (anna,) = customers(adapter(tmp_path)).values()
    assert anna.consents == ()


def test_words_of_consent_may_be_the_owners(tmp_path: Path) -> None:
    folder(tmp_path, contacts="email,consent\nanna@example.com,DOI\n")
    with pytest.raises(ResponseError, match="'DOI' says neither yes nor no"):
        adapter(tmp_path).check()
    (anna,) = customers(adapter(tmp_path, states={"subscribed": ["doi"]})).values()
    assert [each.state for each in anna.consents] == ["subscribed"]


def test_how_consent_was_given_is_kept_and_never_made_up(tmp_path: Path) -> None:
    header = "email,consent,consent_level,confirmed_at\n"
    rows = "a@example.com,yes,,\nb@example.com,yes,DOI,\nc@example.com,yes,single,\n"
    rows += "d@example.com,yes,,2025-01-01\n"
    folder(tmp_path, contacts=header + rows)
    found = {each.email: each.consents[0].level for each in customers(adapter(tmp_path)).values()}
    assert found == {
        "a@example.com": "unknown",
        "b@example.com": "confirmed",
        "c@example.com": "single",
        "d@example.com": "confirmed",
    }
    folder(tmp_path, contacts=header + "a@example.com,yes,vielleicht,\n")
    with pytest.raises(ResponseError, match="'vielleicht' says neither confirmed nor single"):
        adapter(tmp_path).check()


def test_two_orders_with_one_external_number_stay_two(shop: Path) -> None:
    header = "id,number,placed_at,total,tax,payment_status\n"
    folder(shop, orders=header + "1,X7,2025-01-05,10,0,paid\n2,X7,2025-01-06,20,0,paid\n")
    assert {number: order.total for number, order in orders(adapter(shop)).items()} == {"1": 1000, "2": 2000}


def test_no_name_is_a_formula_in_the_list_of_coupons(shop: Path) -> None:
    folder(shop, customers=CUSTOMERS.replace("Ben", "=1+1"))
    assert errors(adapter(shop), make_coupon(bound="group", customer_id="2")) == [None]
    assert ",'=1+1," in (shop / "out" / "coupons.csv").read_text(encoding="utf-8")


def test_contacts_get_their_tags_in_a_file_of_their_own(shop: Path) -> None:
    folder(shop, contacts="email,consent,tags\nkim@example.com,yes,Quiz\n")
    made = adapter(shop)
    (kim,) = [each.id for each in customers(made).values() if each.guest]
    assert errors(made, tag(kim, "sk:prospect"), tag("1", "sk:a")) == [None, None]
    assert (shop / "out" / "contact-tags.csv").read_text(encoding="utf-8") == (
        'email,tags\nkim@example.com,"Quiz, sk:prospect"\n'
    )
    assert "kim" not in (shop / TAGS).read_text(encoding="utf-8")


# What was handed over.

_OURS = st.sampled_from(["sk:a", "sk:b"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _OURS),
        st.tuples(st.just("remove"), _OURS),
        st.tuples(st.just("import"), st.just("")),
        st.tuples(st.just("read"), st.just("")),
        st.tuples(st.just("edit"), st.sampled_from(["VIP", "Presse", ""])),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS)
def test_whenever_the_owner_imports_their_tags_stay_and_ours_are_as_pushed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    with CsvSandbox(folder=tmp_path_factory.mktemp("exports")) as shop:
        shop.put(make_customer("1001", tags=("VIP",)))
        theirs, ours, imported = {"VIP"}, set[str](), set[str]()
        for step, text in steps:
            made = adapter(shop.folder)
            if step == "add":
                ours.add(text)
                assert errors(made, tag("1001", text)) == [None]
            elif step == "remove":
                ours.discard(text)
                assert errors(made, tag("1001", remove=(text,))) == [None]
            elif step == "import":
                imported = set(ours)
                shop.take_in()
            elif step == "edit":
                theirs = {text} - {""}
                shop.set_tags("1001", theirs | imported)
            assert set(customers(adapter(shop.folder))["1001"].tags) == theirs | ours
        assert shop.tags_of("1001") == theirs | ours


def test_what_was_handed_over_is_taken_for_there(shop: Path) -> None:
    assert errors(adapter(shop), tag("1", "sk:a")) == [None]
    again = adapter(shop)
    assert customers(again)["1"].tags == ("VIP", "sk:a")
    assert customers(again, datetime.now(UTC))["1"].tags == ("VIP", "sk:a")
    assert "1 change of tags waits for import" in adapter(shop).check().notes[-1]


def test_a_push_twice_writes_the_same_bytes_and_only_for_the_owner(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"), make_coupon(bound="group", customer_id="2"))
    before = {path.name: path.read_bytes() for path in (shop / "out").iterdir()}
    assert set(before) == {"stammkunde.json", "tags.csv", "coupons.csv"}
    errors(adapter(shop), tag("1", "sk:a"), make_coupon(bound="group", customer_id="2"))
    assert {path.name: path.read_bytes() for path in (shop / "out").iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (shop / "out").iterdir()} == {0o600}


def test_files_that_a_crash_left_out_are_written_by_the_next_push(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    (shop / TAGS).unlink()
    errors(adapter(shop), tag("1", "sk:a"))
    assert (shop / TAGS).read_text(
        encoding="utf-8"
    ) == 'id,email,first_name,tags\n1,anna@example.com,Anna,"VIP, sk:a"\n'


def test_one_file_holds_all_that_is_not_imported_yet(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    errors(adapter(shop), tag("2", "sk:b"))
    assert (shop / TAGS).read_text(encoding="utf-8").splitlines()[1:] == [
        '1,anna@example.com,Anna,"VIP, sk:a"',
        "2,ben@example.com,Ben,sk:b",
    ]


def test_an_export_that_shows_our_tag_has_the_word_again(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    folder(shop, customers=CUSTOMERS.replace("VIP", '"VIP, sk:a"'))
    assert customers(adapter(shop))["1"].tags == ("VIP", "sk:a")
    folder(shop, customers=CUSTOMERS)  # the owner took it off by hand
    assert customers(adapter(shop))["1"].tags == ("VIP",)


def test_an_export_from_before_the_import_does_not_undo_what_was_handed_over(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    folder(shop, customers=CUSTOMERS.replace("Anna", "Anne"))
    assert customers(adapter(shop))["1"].tags == ("VIP", "sk:a")


def test_a_tag_that_may_have_been_imported_is_taken_off_in_the_next_file(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    errors(adapter(shop), tag("1", remove=("sk:a",)))
    customers(adapter(shop))  # the same export again, which tells nothing about the import
    assert (shop / TAGS).read_text(encoding="utf-8").splitlines()[1:] == ["1,anna@example.com,Anna,VIP"]
    folder(shop, customers=CUSTOMERS.replace("Anna", "Anne"))
    customers(adapter(shop))
    errors(adapter(shop), make_coupon(bound="group"))
    assert not (shop / TAGS).exists(), "the export shows that it is off"


def test_coupons_come_back_as_they_were_handed_over(shop: Path) -> None:
    coupon = make_coupon(bound="group", customer_id="2", percent=None, amount=500, minimum=3000)
    assert errors(adapter(shop), coupon) == [None]
    header, row = (shop / "out" / "coupons.csv").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert (cells["code"], cells["amount"], cells["minimum"]) == ("SKTEST23456", "5.00", "30.00")
    assert (cells["email"], cells["first_name"], cells["uses"]) == ("ben@example.com", "Ben", "1")
    disable = DisableCoupon(mark=coupon.mark, code=coupon.code)
    assert errors(adapter(shop), disable) == [None]
    (found,) = records(adapter(shop).coupons(None, None))
    assert (found.mark, found.active) == (Mark("come-back", "c1001", 1), False)
    assert ",no," in (shop / "out" / "coupons.csv").read_text(encoding="utf-8").splitlines()[1]


def test_a_code_that_the_shop_has_is_not_used(shop: Path) -> None:
    folder(shop, coupons="code\nsktest23456\n")
    (error,) = errors(adapter(shop), make_coupon(bound="group"))
    assert error == "The shop has a coupon SKTEST23456 that is not ours."


def test_a_spoilt_memory_stops_everything(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"))
    (shop / "out" / "stammkunde.json").write_text("{", encoding="utf-8")
    with pytest.raises(ResponseError, match="restore it from a backup"):
        customers(adapter(shop))


def test_tags_of_people_whom_no_export_shows_any_more_are_told(shop: Path) -> None:
    errors(adapter(shop), tag("1", "sk:a"), tag("2", "sk:a"))
    folder(shop, customers=CUSTOMERS.replace("1,anna", "3,anna"))
    notes = adapter(shop).check().notes
    assert notes[-2].startswith("Tags of people whom no export here shows cannot be handed over (1)")
    assert "1 change of tags waits for import" in notes[-1]


def test_a_place_that_cannot_be_written_to_is_named(shop: Path) -> None:
    (shop / "out").write_text("in the way", encoding="utf-8")
    with pytest.raises(TemporaryError, match=r"out cannot be made .*see to `out`"):
        errors(adapter(shop), tag("1", "sk:a"))


def test_nothing_is_written_where_nothing_is_pushed(shop: Path) -> None:
    made = adapter(shop, complete=True)
    made.check()
    customers(made)
    orders(made)
    list(made.ids(Kind.ORDERS, None))
    assert sorted(path.name for path in shop.iterdir()) == ["customers.csv", "orders.csv"]
