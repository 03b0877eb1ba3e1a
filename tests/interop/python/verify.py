"""Verifies exports of the audit log with nothing but Python's standard library.

Usage: verify.py POLICY EXPORT..., where POLICY is the file with the line "origin NAME"

In scope: the number, link and hash of every row, the tree's root, the manifest's digests.
Out of scope: signatures, which the standard library cannot check.
"""

import hashlib
import json
import sys
import zipfile
from base64 import b64encode


def leaf_hash(row):
    """Of a row that was removed, its hash is left."""
    return row if len(row) == 32 else hashlib.sha256(b"\x00" + row).digest()


def root_of(leaves):
    """RFC 6962 section 2.1, as it is written there, level by level: a pair is hashed, an odd one out is carried."""
    while len(leaves) > 1:
        pairs = [leaves[at : at + 2] for at in range(0, len(leaves), 2)]
        leaves = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return leaves[0]


def entries(data):
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        assert len(data) >= end, "an entry is cut off"
        yield data[2:end]
        data = data[end:]


def rows(archive):
    """Paths sort by number: every part has three digits."""
    for path in sorted(name for name in archive.namelist() if name.startswith("tile/entries/")):
        yield from entries(archive.read(path))


def read_origin(policy):
    """The name of the log that the reader pinned."""
    with open(policy, encoding="utf-8") as lines:
        return next(line.split()[1] for line in lines if line.startswith("origin "))


def verify(pinned, path):
    archive = zipfile.ZipFile(path)
    origin, size, root = archive.read("checkpoint").decode().split("\n")[:3]
    assert origin == pinned, "the checkpoint is of another log"
    prev, leaves = "0" * 64, []
    for seq, row in enumerate(rows(archive)):
        if len(row) != 32 or seq == 0:
            fields = json.loads(row)
            assert fields["seq"] == seq, f"row {seq} has another number"
            assert fields["prev"] == prev, f"row {seq} does not follow row {seq - 1}"
        leaves.append(leaf_hash(row))
        prev = leaves[-1].hex()
    assert len(leaves) == int(size), f"{len(leaves)} rows, and the head says {size}"
    assert b64encode(root_of(leaves)).decode() == root, "the rows do not lead to the signed root"
    manifest = json.loads(archive.read("manifest.json"))
    for name, file in manifest["files"].items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == file["sha256"], f"{name} is not the one in the manifest"
    digest = hashlib.sha256(archive.read("manifest.json")).hexdigest()
    assert f"\nsha256 {digest}\n" in archive.read("manifest.sig").decode(), "the signed manifest is another one"
    return len(leaves)


PINNED = read_origin(sys.argv[1])
for export in sys.argv[2:]:
    try:
        print(f"ok {export}: {verify(PINNED, export)} rows")
    except (AssertionError, KeyError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"FAILED {export}: {error}")
