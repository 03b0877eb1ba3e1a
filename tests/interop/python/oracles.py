"""What others make of the rows of an export: the root by pymerkle, and the hashes of a thousand rows at random by sha256sum.

Usage: oracles.py POLICY EXPORT...; the policy is of no use here

In scope: that the bytes of the rows lead to the root in the checkpoint, and to the links in the rows. Out of scope: everything else.
"""

import json
import random
import subprocess
import sys
import tempfile
import zipfile
from base64 import b64decode
from pathlib import Path

from pymerkle import InmemoryTree

ROWS = 1000


def entries(data):
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        yield data[2:end]
        data = data[end:]


def rows(archive):
    """Paths sort by number: every part has three digits."""
    for path in sorted(name for name in archive.namelist() if name.startswith("tile/entries/")):
        yield from entries(archive.read(path))


class Remainder(InmemoryTree):
    """Of rows that were removed, their hashes are left: they are leaves as they stand."""

    def _store_leaf(self, data, digest):
        return super()._store_leaf(data, data if len(data) == 32 else digest)


def root_by_pymerkle(rows):
    """An RFC 6962 tree: 0x00 before leaves, 0x01 before nodes."""
    tree = Remainder(algorithm="sha256")
    for row in rows:
        tree.append_entry(row)
    return tree.get_root()


def hashes_by_sha256sum(rows):
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, row in enumerate(rows):
            files.append(Path(folder, str(number)))
            files[-1].write_bytes(b"\x00" + row)
        output = subprocess.run(["sha256sum", *files], capture_output=True, check=True, text=True).stdout
    return [line.split()[0].lstrip("\\") for line in output.splitlines()]


def check(path):
    archive = zipfile.ZipFile(path)
    _, size, root = archive.read("checkpoint").decode().split("\n")[:3]
    held = list(rows(archive))
    assert len(held) == int(size), f"{len(held)} rows, and the head says {size}"
    assert root_by_pymerkle(held) == b64decode(root), "pymerkle has another root"
    # The hash of a row is what the next one says of it; that of the last is in the tile.
    whole = [seq for seq in range(len(held) - 1) if len(held[seq]) != 32 and len(held[seq + 1]) != 32]
    chosen = sorted(random.Random(6962).sample(whole, min(ROWS, len(whole))))
    for seq, digest in zip(chosen, hashes_by_sha256sum([held[seq] for seq in chosen]) if chosen else []):
        assert json.loads(held[seq + 1])["prev"] == digest, f"sha256sum has another hash for row {seq}"
    return len(held), len(chosen)


for export in sys.argv[2:]:
    try:
        count, hashed = check(export)
        print(f"ok {export}: {count} rows, {hashed} of them hashed by sha256sum")
    except (AssertionError, KeyError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"FAILED {export}: {error}")
