#!/usr/bin/env python3
"""Makes breached.bin from the lists that README.md names.

usage: make_breached.py ZXCVBN.tgz DJANGO.whl > breached.bin

Each entry is folded as `policy.rs` folds a password (NFKC, lower case, look-alikes); of its SHA-256 the first eight bytes are kept, sorted.
"""

import gzip
import hashlib
import re
import sys
import tarfile
import unicodedata
import zipfile

LOOK_ALIKES = str.maketrans("01!l34@5$7", "oiiieaasst")
CHARS_MIN = 4


def zxcvbn(path):
    source = tarfile.open(path).extractfile("package/lib/frequency_lists.js").read().decode()
    return re.search(r'passwords: "([^"]*)"', source).group(1).split(",")


def django(path):
    packed = zipfile.ZipFile(path).read("django/contrib/auth/common-passwords.txt.gz")
    return gzip.decompress(packed).decode().split("\n")


def fold(text):
    return unicodedata.normalize("NFKC", text).lower().translate(LOOK_ALIKES)


def main(paths):
    entries = {word for read, path in zip((zxcvbn, django), paths) for word in read(path)}
    folded = {fold(word) for word in entries if len(word) >= CHARS_MIN}
    prefixes = {hashlib.sha256(word.encode()).digest()[:8] for word in folded}
    sys.stdout.buffer.write(b"".join(sorted(prefixes)))


if __name__ == "__main__":
    main(sys.argv[1:])
