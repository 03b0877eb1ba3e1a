"""Reads a CSV export of the audit log with Python's csv module, and hashes each line's row again with hashlib.

Usage: read_table.py TABLE

Prints the numbers of the rows, one on a line; ends with an error for a line that is not what it says.
"""

import csv
import hashlib
import json
import sys

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def check(line):
    raw = line["raw"].encode()
    assert hashlib.sha256(b"\x00" + raw).hexdigest() == line["hash"], "the row has another hash"
    row = json.loads(raw)
    assert str(row["seq"]) == line["seq"] and row["prev"] == line["prev"], "the line is of another row"
    assert (row["action"], row["out"], row["rx"]) == (line["action"], line["outcome"], line["sealed_at"])
    assert (row["act"]["id"], row["target"]["id"]) == (line["actor"], line["target"].removeprefix("'"))
    assert json.loads(line["data"]) == row["data"], "the details are others"
    for name, cell in line.items():
        assert not cell.startswith(FORMULA), f"{name} begins as a formula does"
    return line["seq"]


with open(sys.argv[1], encoding="utf-8", newline="") as table:
    reader = csv.DictReader(table, strict=True)
    assert reader.fieldnames[-2:] == ["hash", "raw"], "the last columns are others"
    for line in reader:
        try:
            print(check(line))
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            sys.exit(f"FAILED line {reader.line_num}: {error}")
