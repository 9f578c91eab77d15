"""Tables in text files: exports of shops, tills and newsletter tools, and the files that go back to them.

    files = FileForm(delimiter=";")              # what the owner said; the rest is guessed
    table = read_table(path, FIELDS, columns={"email": "E-Mail"}, form=files, zone=ZoneInfo("Europe/Berlin"))
    table.form.text()                            # "Windows-1252, ';', decimal comma, dates day first"
    for row in table.rows():
        row.text("email"), row.amount("total", "EUR"), row.moment("placed_at")

A file is read to its end before a row of it is given, so half a file gives none. What is guessed (encoding,
delimiter, decimal sign, order of day and month) is data that can be shown, and each can be said instead.

Errors: `ConfigError` where a column or a form has to be named, `ResponseError` where a value is nonsense,
`TemporaryError` where the file is still being written.
"""

from connector.tables.fields import Field
from connector.tables.form import FileForm
from connector.tables.table import Row, Table, read_table
from connector.tables.values import to_day, to_flag, to_moment, to_number
from connector.tables.writing import write_bytes, write_table

__all__ = [
    "Field",
    "FileForm",
    "Row",
    "Table",
    "read_table",
    "to_day",
    "to_flag",
    "to_moment",
    "to_number",
    "write_bytes",
    "write_table",
]
