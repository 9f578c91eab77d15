"""Reading and writing delimited files: the form is guessed and shown, nonsense is named with its place."""

import stat
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigError, ResponseError, TemporaryError
from connector.tables import (
    Field,
    FileForm,
    Row,
    Table,
    read_table,
    to_flag,
    to_moment,
    to_number,
    write_table,
)

BERLIN = ZoneInfo("Europe/Berlin")
FIELDS = (
    Field("number", ("Auftragsnummer", "Order"), needed=True),
    Field("name", ("Name",)),
    Field("total", ("Gesamtbetrag", "Total"), "amount"),
    Field("placed_at", ("Datum", "Date"), "moment"),
    Field("pieces", ("Menge",), "count"),
    Field("paid", ("Bezahlt",), "flag"),
)
GERMAN = (
    "Auftragsnummer;Name;Gesamtbetrag;Datum;Menge;Bezahlt\r\n"
    '1001;Müller;"1.234,50 €";31.12.2025 14:05;2;ja\r\n'
    '1002;"Groß; ""Söhne""\r\nGmbH";12,00;01.07.2025;1;nein\r\n'
)


def table(
    folder: Path, content: str | bytes, form: FileForm | None = None, columns: Mapping[str, str] | None = None
) -> Table:
    path = folder / "export.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, FIELDS, columns=columns, form=form, zone=BERLIN)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_a_german_export_is_read_in_any_usual_encoding(tmp_path: Path, encoding: str, shown: str) -> None:
    found = table(tmp_path, GERMAN.encode(encoding))
    first, second = found.rows()
    assert found.text() == f"export.csv: {shown}, ';', decimal comma, 2 rows"
    assert (first.text("name"), first.amount("total", "EUR")) == ("Müller", 123450)
    assert first.moment("placed_at") == datetime(2025, 12, 31, 13, 5, tzinfo=UTC)
    assert second.moment("placed_at") == datetime(2025, 6, 30, 22, 0, tzinfo=UTC)
    assert second.text("name") == 'Groß; "Söhne"\r\nGmbH'
    assert (second.line, second.count("pieces"), second.flag("paid")) == (3, 1, False)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [("Order", "Name", "Total"), ("1", "A, B", "12.50"), ("2", "C; D", "3.00")]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    found = table(tmp_path, quoted)
    assert [(row.text("number"), row.amount("total", "EUR")) for row in found.rows()] == [
        ("1", 1250),
        ("2", 300),
    ]
    assert found.form.delimiter == delimiter


def test_a_table_of_one_column_is_one(tmp_path: Path) -> None:
    assert [row.text("number") for row in table(tmp_path, "Order\n1\n2\n").rows()] == ["1", "2"]


def test_the_first_line_of_excel_says_the_delimiter(tmp_path: Path) -> None:
    found = table(tmp_path, "sep=;\r\nOrder;Total\r\n1;2,50\r\n")
    assert [row.amount("total", "EUR") for row in found.rows()] == [250]


def test_empty_cells_and_rows_and_columns_that_are_not_there_are_none(tmp_path: Path) -> None:
    (row,) = table(tmp_path, "Order,Total,Date\n\n1,,  \n,,\n").rows()
    assert (row.text("name"), row.amount("total", "EUR"), row.moment("placed_at")) == (None, None, None)
    with pytest.raises(ResponseError, match=r"export\.csv, line 3, column 'Total': is empty"):
        row.needed("total")


def test_cells_are_handed_on_as_they_stand(tmp_path: Path) -> None:
    first, second = table(tmp_path, "Order,Note,Note,Zip\n1,a,b,'01067\n2\n").rows()
    assert first.cells(("Order", "Note", "Note", "Zip")) == ["1", "a", "b", "'01067"]
    assert second.cells(("Order", "Note", "Note", "Zip")) == ["2", "", "", ""]
    assert first.cells(("Zip", "City")) == ["'01067", ""]


def test_cells_missing_at_the_end_of_a_row_are_empty(tmp_path: Path) -> None:
    first, second = table(tmp_path, "Order,Name,Total\n1\n2,B,3.00\n").rows()
    assert (first.text("name"), second.text("name")) == (None, "B")


# What cannot be guessed has to be said.


@pytest.mark.parametrize(
    ("amounts", "sign"),
    [
        (["12.5", "1,234.50"], "."),
        (["12,50"], ","),
        (["1.234.567"], ","),
        (["0.125"], "."),
        (["8.4034"], "."),
        (["1,234", "9.99"], "."),
        (["12", "7"], None),
    ],
)
def test_the_decimal_sign_is_found(tmp_path: Path, amounts: list[str], sign: str | None) -> None:
    rows = "".join(f"{number};{amount}\n" for number, amount in enumerate(amounts))
    assert table(tmp_path, f"Order;Total\n{rows}").form.decimal == sign


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        (["1.234"], "export.csv has amounts like '1.234', which can be read two ways: say decimal = "),
        (["12.50", "12,50"], "export.csv has amounts with a decimal comma ('12,50') and with a point"),
    ],
)
def test_an_unclear_decimal_sign_has_to_be_said(tmp_path: Path, amounts: list[str], message: str) -> None:
    rows = "".join(f"{number};{amount}\n" for number, amount in enumerate(amounts))
    with pytest.raises(ConfigError) as refused:
        table(tmp_path, f"Order;Total\n{rows}")
    assert message in str(refused.value)
    if len(amounts) == 1:
        (row,) = table(tmp_path, f"Order;Total\n{rows}", FileForm(decimal=",")).rows()
        assert row.amount("total", "EUR") == 123400


def test_american_dates_have_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dates like '12/31/2025 2:05 PM': say dates = \"month-first\""):
        table(tmp_path, "Order,Date\n1,12/31/2025 2:05 PM\n")
    with pytest.raises(ConfigError, match="dates like '03/04/2025', which can be read two ways"):
        table(tmp_path, "Order,Date\n1,03/04/2025\n")
    (row,) = table(tmp_path, "Order,Date\n1,12/31/2025 2:05 PM\n", FileForm(dates="month-first")).rows()
    assert row.moment("placed_at") == datetime(2025, 12, 31, 13, 5, tzinfo=UTC)
    evident = table(tmp_path, "Order,Date\n1,03/04/2025\n2,31/12/2025\n")
    assert [row.day("placed_at") for row in evident.rows()] == [date(2025, 4, 3), date(2025, 12, 31)]
    assert evident.form.dates == "day-first"


def test_an_unknown_encoding_has_to_be_said(tmp_path: Path) -> None:
    data = "Order;Name\n1;Müller\n".encode("cp850")
    with pytest.raises(ConfigError, match="not written in UTF-8 nor Windows-1252: say `encoding`"):
        table(tmp_path, data)
    (row,) = table(tmp_path, data, FileForm(encoding="cp850")).rows()
    assert row.text("name") == "Müller"


def test_a_file_in_two_encodings_is_refused(tmp_path: Path) -> None:
    data = "Order;Name\n1;Müller\n".encode() + "2;Groß\n".encode("cp1252")
    with pytest.raises(ConfigError, match="in UTF-8 here and in Windows-1252 there"):
        table(tmp_path, data)


@pytest.mark.parametrize(
    "form", [FileForm(encoding="klingon"), FileForm(delimiter=";;"), FileForm(dates="american")]
)
def test_a_form_that_is_none_is_refused(tmp_path: Path, form: FileForm) -> None:
    with pytest.raises(ConfigError, match=r"`(encoding|delimiter|dates)` is"):
        table(tmp_path, GERMAN, form)


# Columns.


def test_columns_are_found_whatever_their_capitals_and_blanks(tmp_path: Path) -> None:
    (row,) = table(tmp_path, "ORDER , total\n7,1.00\n").rows()
    assert (row.text("number"), row.amount("total", "EUR")) == ("7", 100)


def test_the_owners_columns_go_first_and_an_empty_name_leaves_one_out(tmp_path: Path) -> None:
    content = "Order;Name;Kunde\n1;falsch;richtig\n"
    assert next(table(tmp_path, content, columns={"name": "Kunde"}).rows()).text("name") == "richtig"
    assert next(table(tmp_path, content, columns={"name": ""}).rows()).text("name") is None


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("Nr;Name\n1;a\n", {}, "no column for 'number' (usually 'Auftragsnummer'). Name it: columns ="),
        (
            "Order;Name\n1;a\n",
            {"name": "Nmae"},
            "no column 'Nmae', which `columns` names for 'name'. Did you",
        ),
        ("Order;Name\n1;a\n", {"nmae": "Name"}, "`columns` names the field 'nmae', which is unknown."),
        ("Order;Name;name\n1;a;b\n", {}, "the column 'Name' more than once (columns 2 and 3)"),
        ("Order;Name\n1;a\n", {"number": ""}, "`columns` leaves out 'number', which is needed"),
    ],
)
def test_a_wrong_column_is_named_with_what_to_do(
    tmp_path: Path, content: str, columns: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        table(tmp_path, content, columns=columns)
    assert message in str(refused.value)


# Nonsense, with its place.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Order;Total\n1;2,00\n2;zwölf\n", "line 3, column 'Total': 'zwölf' is not a number"),
        ("Order;Total\n1;2,50\n2;12.50.1\n", "line 3, column 'Total': '12.50.1' is not a number"),
        ("Order;Date\n1;31.02.2025\n", "line 2, column 'Date': '31.02.2025' is not a day of the calendar"),
        ("Order;Date\n1;gestern\n", "line 2, column 'Date': 'gestern' is not a date"),
        ("Order;Menge\n1;1.5\n", "line 2, column 'Menge': '1.5' is not a whole number"),
        ("Order;Bezahlt\n1;vielleicht\n", "column 'Bezahlt': 'vielleicht' is neither yes nor no"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ResponseError) as refused:
        [_everything(row) for row in table(tmp_path, content).rows()]
    assert message in str(refused.value)


def _everything(row: Row) -> object:
    return row.amount("total", "EUR"), row.moment("placed_at"), row.count("pieces"), row.flag("paid")


def test_more_cells_than_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResponseError, match=r"export\.csv, line 2: 3 cells under 2 columns"):
        table(tmp_path, "Order;Name\n1;Müller; Söhne\n")


# A file that is still being written.


@pytest.mark.parametrize("cut", [len(GERMAN) - 12, GERMAN.index("Söhne"), GERMAN.index("GmbH"), 0])
def test_half_a_file_gives_no_row(tmp_path: Path, cut: int) -> None:
    with pytest.raises(TemporaryError, match=r"export\.csv .*still being written"):
        table(tmp_path, GERMAN[:cut])


def test_a_file_that_ends_within_a_letter_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match="ends in the middle of a letter"):
        table(tmp_path, "Order;Name\n1;Mü".encode()[:-1])


def test_a_file_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match=r"export\.csv cannot be read"):
        read_table(tmp_path / "export.csv", FIELDS, zone=BERLIN)


# Values.


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.234,50 €", ",", "1234.50"),
        ("EUR 12,5", ",", "12.5"),
        ("-12,00", ",", "-12"),
        ("12,00-", ",", "-12"),
        ("(12.00)", ".", "-12"),
        ("−3.10", ".", "-3.10"),
        ("US$1,234.50", ".", "1234.50"),
        ("CHF 1'234.50", ".", "1234.50"),
        ("1 234,50 zł", ",", "1234.50"),
        ("€ 5,-", ",", "5"),
        (".5", ".", "0.5"),
        ("+7", None, "7"),
    ],
)
def test_numbers_as_people_write_them(text: str, decimal: str | None, number: str) -> None:
    assert to_number(text, "," if decimal == "," else decimal and ".") == Decimal(number)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "-", "€", "1e5", "12.50", "1.23.456", "1,2,3", "12 Stück zu 3", "--5", "NaN"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        to_number(text, ",")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-10-07 09:50:26 +0200", datetime(2025, 10, 7, 7, 50, 26, tzinfo=UTC)),
        ("2025-10-07T09:50:26Z", datetime(2025, 10, 7, 9, 50, 26, tzinfo=UTC)),
        ("2025-10-07T09:50:26.123+02:00", datetime(2025, 10, 7, 7, 50, 26, tzinfo=UTC)),
        ("2025-10-07 09:50", datetime(2025, 10, 7, 7, 50, tzinfo=UTC)),
        ("7.1.2025, 9:50 Uhr", datetime(2025, 1, 7, 8, 50, tzinfo=UTC)),
        ("2025-01-07", datetime(2025, 1, 6, 23, 0, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("00.00.0000", None),
    ],
)
def test_times_as_exports_write_them(text: str, moment: datetime | None) -> None:
    assert to_moment(text, BERLIN, None) == moment


def test_a_pattern_of_times_is_kept_to() -> None:
    assert to_moment("31.12.25 14.05", BERLIN, "%d.%m.%y %H.%M") == datetime(2025, 12, 31, 13, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="does not match"):
        to_moment("31/12/2025", BERLIN, "%Y-%m-%d")
    assert to_moment("05.03.1980", BERLIN, "%d.%m.%Y %H:%M") == datetime(1980, 3, 4, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["10", "2025", "31.12.85", "2025-13-01", "2025-10-07 25:00", "2025-10-07 abc"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        to_moment(text, BERLIN, None)


def test_yes_and_no_in_two_languages() -> None:
    assert [to_flag(word) for word in ("yes", "Ja", "1", "no", "NEIN", "0")] == [True] * 3 + [False] * 3


# Writing.


def test_a_written_file_is_whole_and_only_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    write_table(path, ("Email", "Tags"), [("a@example.com", 'B2B, "VIP"'), ("b@example.com", None)])
    assert path.read_bytes() == b'Email,Tags\r\na@example.com,"B2B, ""VIP"""\r\nb@example.com,\r\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_table(path, ("Email",), [])
    assert path.read_bytes() == b"Email\r\n"
    assert [each.name for each in tmp_path.iterdir()] == ["tags.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match=r"nowhere.tags\.csv cannot be written: no such file"):
        write_table(tmp_path / "nowhere" / "tags.csv", ("Email",), [])


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    cells = ("=1+1", "+49 30 1", "-x", "@a", "\tb", "-12.50", "a=b")
    write_table(path, ("Name",), [(cell,) for cell in cells], guarded=True)
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert lines == ["'=1+1", "'+49 30 1", "'-x", "'@a", "'\tb", "-12.50", "a=b"]


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["=1", "'=1", "'12", "-12", "''", "+1", "a\r\nb", 'say "x"', ";", "'@x", "-5"]
)


@given(
    st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str, guarded: bool
) -> None:
    path = tmp_path_factory.mktemp("tables") / "round.csv"
    write_table(path, ("Order", "Name"), [(f"n{a}", b) for a, b in rows], delimiter=delimiter, guarded=True)
    found = read_table(path, FIELDS, form=FileForm(delimiter=delimiter), zone=BERLIN)
    read = [(row.text("number"), row.text("name")) for row in found.rows()]
    assert read == [(f"n{a}".strip(), b.strip() or None) for a, b in rows]
