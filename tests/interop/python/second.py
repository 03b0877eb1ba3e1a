"""A second verifier of audit exports, written from docs/chain.md alone: Python's standard library, and `cryptography` for Ed25519.

Usage: second.py EXPORT [POLICY]
       second.py --batch CASES, where CASES is a file of lines "EXPORT POLICY" or "EXPORT -"; one report a line

It shares no code with the product's own. Section numbers are those of docs/chain.md. Out of scope: the files below `anchor/` (2.6, 2.7), so that the
tier `timestamped` is never reached and the kind `anchor` never named, since when a witness watches (2.5), and the proof of one row (5).
"""

import hashlib
import json
import re
import sys
import zlib
from base64 import b64decode, b64encode
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# 6.4, in the order in which they say most about the cause.
KINDS = [
    "row_hash", "link", "seq_gap", "seq_dup", "time_regress", "missing_body", "unexplained_purge", "disclosure", "profile", "tenant",
    "signature", "tile", "root", "rollback", "consistency", "anchor", "manifest", "container",
]
FIXED = ["README.txt", "checkpoint", "keys.json", "manifest.json", "manifest.sig"]
OPTIONAL = ["anchor/directory.tlog-proof", "anchor/timestamp.tsr", "disclosures.ndjson", "later.ndjson", "verify.html"]


class Refused(Exception):
    """What is read is not what it should be."""


class Unsigned(Refused):
    """None of the keys signed."""


def base64(text):
    """RFC 4648 section 4, with padding and zero unused bits."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError as error:
        raise Refused("base64") from error
    if b64encode(raw).decode() != text:
        raise Refused("base64 in another spelling")
    return raw


# 1.1 The profile


SIMPLE = {'"': '"', "\\": "\\", "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
KEY = re.compile(r"[a-z0-9_]{1,32}")
NUMBER = re.compile(r"0|[1-9][0-9]*")


class Profile:
    """Reads one text of the profile audit-row/1 and keeps the raw text of the members of the first level."""

    def __init__(self, text):
        self.text, self.at, self.members = text, 0, {}

    def read(self):
        if len(self.text.encode()) > 65_535:
            raise Refused("longer than 65535 bytes")
        if self.peek() != "{":
            raise Refused("not an object")
        self.object(1)
        if self.at != len(self.text):
            raise Refused("more than one value")
        return self.members

    def peek(self):
        return self.text[self.at : self.at + 1]

    def take(self, expected):
        if not self.text.startswith(expected, self.at):
            raise Refused(f"not {expected} at {self.at}")
        self.at += len(expected)

    def value(self, depth):
        first = self.peek()
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self.array(depth)
        if first == '"':
            return self.string()
        for word in ("true", "false", "null"):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return None
        return self.number()

    def number(self):
        found = NUMBER.match(self.text, self.at)
        if not found or int(found[0]) > 9007199254740991:
            raise Refused(f"not an integer of the profile at {self.at}")
        self.at = found.end()
        return None

    def object(self, depth):
        if depth > 16:
            raise Refused("nested too deep")
        self.take("{")
        last = None
        while self.peek() != "}":
            if last is not None:
                self.take(",")
            key = self.string()
            if not KEY.fullmatch(key) or (last is not None and key <= last):
                raise Refused(f"a key in the wrong form or place at {self.at}")
            self.take(":")
            start = self.at
            self.value(depth + 1)
            if depth == 1:
                self.members[key] = self.text[start : self.at]
            last = key
        self.take("}")

    def array(self, depth):
        if depth > 16:
            raise Refused("nested too deep")
        self.take("[")
        first = True
        while self.peek() != "]":
            if not first:
                self.take(",")
            self.value(depth + 1)
            first = False
        self.take("]")

    def string(self):
        self.take('"')
        start = self.at
        while True:
            letter = self.peek()
            if letter == '"':
                break
            if letter == "" or letter < " ":
                raise Refused(f"a string that is not one at {self.at}")
            code = ord(letter)
            if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
                raise Refused("a noncharacter")
            if letter == "\\":
                self.escape()
            else:
                self.at += 1
        plain = self.text[start : self.at]
        self.at += 1
        return plain

    def escape(self):
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in SIMPLE and letter:
            self.at += 2
            return
        digits = self.text[self.at + 2 : self.at + 6]
        if letter != "u" or not re.fullmatch("00[01][0-9a-f]", digits) or int(digits, 16) in (8, 9, 10, 12, 13):
            raise Refused("an escape that need not be")
        self.at += 6


# 1.2 Members and 1.3 Hash and chain

REQUIRED = ["act", "action", "at", "data", "id", "out", "prev", "rx", "salt", "seq", "src", "t", "target", "v"]
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
HASH = re.compile(r"[0-9a-f]{64}")


def is_number(value, limit=1 << 64):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


def is_hash(value):
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def unambiguous(pairs):
    if len(dict(pairs)) != len(pairs):
        raise Refused("a member twice")
    return dict(pairs)


def read_row(raw):
    try:
        members = Profile(raw.decode("utf-8")).read()
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error
    if any(name not in members for name in REQUIRED):
        raise Refused("a member is missing")
    row = dict(members)
    for name in ("action", "at", "id", "out", "prev", "rx", "t"):
        text = members[name]
        if not text.startswith('"') or "\\" in text:
            raise Refused(f"{name} is malformed")
        row[name] = text[1:-1]
    if not TIME.fullmatch(row["rx"]) or not NUMBER.fullmatch(members["seq"]) or not members["data"].startswith("{"):
        raise Refused("rx, seq or data is malformed")
    row["seq"] = int(members["seq"])
    return row


def leaf(entry):
    """Of a row that was purged, its hash is left: an entry of 32 bytes."""
    return entry if len(entry) == 32 else hashlib.sha256(b"\x00" + entry).digest()


# 2.1 The tree


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def level_above(hashes):
    """The hashes of complete pairs, and what is left over."""
    return [node(hashes[at], hashes[at + 1]) for at in range(0, len(hashes) - 1, 2)], hashes[len(hashes) & ~1 :]


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        above, odd = level_above(hashes)
        hashes = above + odd
    return hashes[0]


def inclusion_root(digest, index, size, path):
    """RFC 9162, 2.1.3.2; None for a path that is not one of this place."""
    last = size - 1
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            digest = node(sibling, digest)
            while not index & 1:
                index, last = index >> 1, last >> 1
        else:
            digest = node(digest, sibling)
        index, last = index >> 1, last >> 1
    return digest if last == 0 else None


def tile_levels(leaves):
    """2.4: the hashes of complete subtrees of 256^L rows, for each level L."""
    levels = [leaves]
    while len(levels[-1]) >= 256:
        hashes = levels[-1][: len(levels[-1]) // 256 * 256]
        for _ in range(8):
            hashes, _ = level_above(hashes)
        levels.append(hashes)
    return levels


# 2.2 Checkpoints, 2.3 Signed notes and keys

# The canonical encodings of points of small order, and those of y that are not below p.
SMALL = {
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
}


P = 2**255 - 19
D = -121665 * pow(121666, -1, P)


def is_point(raw):
    """RFC 8032, 5.1.3: whether a point of the curve has this y, so that (y^2 - 1) / (D y^2 + 1) has a root."""
    square = (int.from_bytes(raw, "little") % (1 << 255)) ** 2
    return pow((square - 1) * pow(D * square + 1, -1, P), (P - 1) // 2, P) in (0, 1)


class Key:
    """A key as text, NAME+ID+BASE64."""

    KIND = 1

    def __init__(self, text):
        self.text = text
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise Refused("not a key")
        self.name, identifier, encoded = parts
        raw = base64(encoded)
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != self.KIND or self.id.hex() != identifier or not re.fullmatch(r"[^\s+]+", self.name):
            raise Refused("not an Ed25519 key with its identifier")
        if not is_point(raw[1:]):
            raise Refused("not a point of the curve")
        self.raw = raw[1:]

    def under(self, name):
        """The same key under another name."""
        raw = bytes([self.KIND]) + self.raw
        identifier = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        return type(self)(f"{name}+{identifier.hex()}+{b64encode(raw).decode()}")

    def holds(self, signature, text):
        if len(signature) != 64 or self.raw in SMALL or signature[:32] in SMALL:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class WitnessKey(Key):
    """2.5: as a key of a log, with 0x04 in the place of 0x01."""

    KIND = 4

    def cosigned(self, note):
        """When; None when it did not. A line of its own that does not hold spoils the note."""
        found = None
        for name, identifier, raw in note.signatures:
            if (name, identifier) != (self.name, self.id):
                continue
            time = int.from_bytes(raw[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{note.text}".encode()
            if len(raw) != 72 or time >= 1 << 63 or not self.holds(raw[8:], message):
                raise Refused("a cosignature that does not hold")
            found = max(time, found or 0)
        return found


class Note:
    def __init__(self, raw):
        if len(raw) > 262_144:
            raise Refused("too long for a note")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("not UTF-8") from error
        if any(letter < " " and letter != "\n" for letter in text):
            raise Refused("control characters")
        at = text.rfind("\n\n")
        if at < 0:
            raise Refused("no empty line")
        self.text, signed = text[: at + 1], text[at + 2 :]
        if not signed.endswith("\n"):
            raise Refused("the last line does not end")
        lines = signed[:-1].split("\n")
        if not 1 <= len(lines) <= 64:
            raise Refused("no signatures, or too many")
        self.signatures = [self.line(line) for line in lines]

    @staticmethod
    def line(line):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not re.fullmatch(r"[^\s+]+", parts[1]):
            raise Refused("not a signature line")
        raw = base64(parts[2])
        if len(raw) < 5:
            raise Refused("a signature without bytes")
        return parts[1], raw[:4], raw[4:]

    def signed_by(self, keys):
        """The pinned keys that signed. One line of theirs that does not hold spoils the note."""
        signers = []
        for name, identifier, signature in self.signatures:
            for key in keys:
                if (key.name, key.id) == (name, identifier):
                    if not key.holds(signature, self.text.encode()):
                        raise Refused("a signature that does not hold")
                    if key.text not in signers:
                        signers.append(key.text)
        if not signers:
            raise Unsigned("no pinned key signed")
        return signers


def read_checkpoint(text):
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not NUMBER.fullmatch(lines[1]) or int(lines[1]) >= 1 << 64:
        raise Refused("not a checkpoint")
    root = base64(lines[2])
    if len(root) != 32:
        raise Refused("not a root")
    return lines[0], int(lines[1]), root


# 2.4 Tiles


def tile_path(content, index, width):
    name, rest = f"{index % 1000:03}", index // 1000
    while rest:
        name, rest = f"x{rest % 1000:03}/{name}", rest // 1000
    return f"tile/{content}/{name}" + (f".p/{width}" if width < 256 else "")


def tile_paths(content, count):
    return [(tile_path(content, at // 256, min(256, count - at)), min(256, count - at)) for at in range(0, count, 256)]


def in_order(files, content):
    """The files of one kind by index, full or partial, up to the first that is missing."""
    index = 0
    while True:
        path = tile_path(content, index, 256)
        partial = sorted(name for name in files if name.startswith(f"{path}.p/"))
        if path in files:
            yield files[path]
        elif partial:
            yield files[partial[0]]
        else:
            return
        index += 1


def entries(bundle):
    """The rows of a bundle; what is cut short is the last."""
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        if len(bundle) < 2 or len(bundle) < end:
            yield bundle
            return
        yield bundle[2:end]
        bundle = bundle[end:]


# 3.1 The container

FIXED_HEADER = bytes([10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0])


def little(number, size=4):
    return number.to_bytes(size, "little")


def unpack(raw):
    """The files, as far as they can be told apart, and whether the container is canonical."""
    files, at, sound, last, central, count = {}, 0, True, None, b"", 0
    while raw[at : at + 4] == b"PK\x03\x04" and len(raw) >= at + 30:
        size, name_size = int.from_bytes(raw[at + 22 : at + 26], "little"), int.from_bytes(raw[at + 26 : at + 28], "little")
        name, data = raw[at + 30 : at + 30 + name_size], raw[at + 30 + name_size : at + 30 + name_size + size]
        if len(name) < name_size or len(data) < size:
            break
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError:
            break
        sizes = little(zlib.crc32(data)) + little(size) * 2 + little(name_size, 2)
        sound &= raw[at : at + 30] == b"PK\x03\x04" + FIXED_HEADER + sizes + bytes(2) and (last is None or last < name)
        central += central_header(sizes, at, name)
        files[text], last = data, name
        at += 30 + name_size + size
        count += 1
    return files, sound and raw[at:] == central + end(count, len(central), at)


def central_header(sizes, offset, name):
    if offset < 0xFFFFFFFF:
        return b"PK\x01\x02" + bytes([10, 0]) + FIXED_HEADER + sizes + bytes(12) + little(offset) + name
    version, extra = bytes([45, 0]), bytes([1, 0, 8, 0]) + little(offset, 8)
    return b"PK\x01\x02" + version * 2 + FIXED_HEADER[2:] + sizes + bytes([12, 0]) + bytes(10) + b"\xff" * 4 + name + extra


def end(count, size, offset):
    short = little(min(count, 0xFFFF), 2) * 2 + little(min(size, 0xFFFFFFFF)) + little(min(offset, 0xFFFFFFFF))
    old = b"PK\x05\x06" + bytes(4) + short + bytes(2)
    if max(size, offset) < 0xFFFFFFFF and count < 0xFFFF:
        return old
    wide = b"PK\x06\x06" + little(44, 8) + bytes([45, 0]) * 2 + bytes(8) + little(count, 8) * 2 + little(size, 8) + little(offset, 8)
    return wide + b"PK\x06\x07" + bytes(4) + little(offset + size, 8) + little(1) + old


# 3.3 The manifest


def read_manifest(raw):
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        raise Refused("not JSON") from error
    if not isinstance(manifest, dict) or sorted(manifest) != ["files", "format", "origin", "size", "tenant"]:
        raise Refused("not a manifest")
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if canonical.encode() != raw or manifest["format"] != "proofline-audit/1":
        raise Refused("not a canonical manifest of this format")
    if not isinstance(manifest["files"], dict) or not is_number(manifest["size"]):
        raise Refused("no files, or no size")
    if not isinstance(manifest["origin"], str) or not isinstance(manifest["tenant"], str):
        raise Refused("nobody's log")
    for file in manifest["files"].values():
        if not isinstance(file, dict) or sorted(file) != ["bytes", "sha256"] or not is_number(file["bytes"]) or not is_hash(file["sha256"]):
            raise Refused("a file that is not described")
    return manifest


def statement(origin, raw):
    return f"proofline-audit/1 manifest\norigin {origin}\nsha256 {hashlib.sha256(raw).hexdigest()}\n"


# 4 The policy


class Policy:
    TIERS = ["chained", "signed", "timestamped", "witnessed"]

    def __init__(self, text):
        self.origin, self.log, self.export, self.tier = None, [], [], None
        self.witnesses, self.groups, self.quorum, self.seen, self.asked = {}, {}, None, [], False
        self.retention = 0
        for line in text.split("\n"):
            words = line.split()
            if words and not words[0].startswith("#"):
                try:
                    self.take(words[0], words[1:])
                except (ValueError, Refused) as error:
                    raise Refused(f"the policy has an unusable line: {line}") from error
        self.finish()

    def take(self, word, values):
        if word == "origin" and self.origin is None:
            (self.origin,) = values
        elif word in ("log", "export"):
            getattr(self, word).append(Key(values[0] if word == "log" and values else " ".join(values)))
        elif word in ("directory", "authority") and values:
            return
        elif word == "witness" and len(values) in (2, 3):
            self.add(self.witnesses, values[0], WitnessKey(values[1]))
        elif word == "group" and len(values) > 2:
            self.add_group(*values)
        elif word == "quorum" and not self.asked:
            (name,) = values
            self.asked, self.quorum = True, None if name == "none" else self.known(name)
        elif word == "seen":
            size, root = values
            if not NUMBER.fullmatch(size) or not 0 < int(size) < 1 << 64 or not is_hash(root):
                raise Refused("not a head")
            self.seen.append((int(size), bytes.fromhex(root)))
        elif word == "retention" and not self.retention and len(values) == 1:
            if not NUMBER.fullmatch(values[0]) or not 0 < int(values[0]) < 1 << 32:
                raise Refused("not a number of months")
            self.retention = int(values[0])
        elif word == "tier" and self.tier is None and values in [[tier] for tier in self.TIERS]:
            (self.tier,) = values
        else:
            raise Refused("no such line, or a second one")

    def known(self, name):
        if name not in self.witnesses and name not in self.groups:
            raise Refused(f"nothing above is called {name}")
        return name

    def add(self, names, name, value):
        if name == "none" or name in self.witnesses or name in self.groups or len(names) == 64:
            raise Refused(f"{name} is taken, or one too many")
        names[name] = value

    def add_group(self, name, needed, *members):
        taken = [member for _, others in self.groups.values() for member in others]
        if len(set(members)) < len(members) or any(self.known(member) in taken for member in members):
            raise Refused("a member twice")
        if needed not in ("all", "any") and not NUMBER.fullmatch(needed):
            raise Refused("how many?")
        count = {"all": len(members), "any": 1}.get(needed) or int(needed)
        if not 1 <= count <= len(members):
            raise Refused("more than there are, or none")
        self.add(self.groups, name, (count, members))

    def finish(self):
        if self.origin is None and self.asked and len({key.name for key in self.log}) == 1:
            self.origin = self.log[0].name
        keys = [key.raw for key in self.witnesses.values()]
        own = {key.raw for key in self.log}
        if self.origin is None or not self.log or (self.witnesses and not self.asked):
            raise Refused("the policy does not say which log, which key, or which quorum")
        if len(set(keys)) < len(keys) or own & set(keys):
            raise Refused("one key is two of those who vouch")
        self.tier = self.tier or ("witnessed" if self.quorum else "signed")

    def has_witnessed(self, name, cosigned):
        if name in self.groups:
            needed, members = self.groups[name]
            return sum(self.has_witnessed(member, cosigned) for member in members) >= needed
        return name in cosigned


# 6 Verification


def days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def months_before(at, months):
    """1.6: the same day so many calendar months earlier, or the last one that the month has."""
    year, month, day = int(at[:4]), int(at[5:7]), int(at[8:10])
    if not 1 <= month <= 12 or year * 12 + month - 1 < months:
        return None
    year, month = divmod(year * 12 + month - 1 - months, 12)
    return f"{year:04}-{month + 1:02}-{min(day, days(year, month + 1)):02}{at[10:]}"


def union(ranges):
    """The same rows in ranges that neither overlap nor touch."""
    joined = []
    for first, last in sorted(map(tuple, ranges)):
        if joined and first <= joined[-1][1]:
            joined[-1][1] = max(last, joined[-1][1])
        elif first < last:
            joined.append([first, last])
    return joined


class Ledger:
    """1.6: which rows are gone, and what accounts for them."""

    def __init__(self, months, until):
        self.open, self.holds, self.rx, self.rows, self.months, self.epoch = [], {}, "", 0, months, 0
        self.until = until

    def gone(self, seq):
        self.rows += 1
        if self.open and self.open[-1][1] == seq:
            self.open[-1][1] = seq + 1
        else:
            self.open.append([seq, seq + 1, self.rx])

    def step(self, row):
        self.rx = row["rx"]
        if row["action"] == "log.genesis":
            origin = json.loads(row["data"]).get("origin")
            self.epoch = int(origin.rpartition("/")[2]) if isinstance(origin, str) and is_later(origin) else 0
        self.note(row, self.epoch, self.until)

    def note(self, row, stands, until):
        """What a row says that stands in this epoch, or, as `stands` is None then, in a later one (1.6.1); `until` is the latest time that it can say."""
        if row["action"] not in ("log.purge", "hold.set", "hold.released"):
            return
        data = json.loads(row["data"])
        epoch = stands if data.get("epoch") is None else data["epoch"]
        if epoch is not None and not is_number(epoch):
            return
        if row["action"] == "log.purge":
            if epoch == self.epoch:
                self.account(data, row, stands, until)
            return
        first, last = data.get("from", 0), data.get("to")
        if not isinstance(data.get("hold"), str) or not is_number(first) or not (last is None or is_number(last)):
            return
        if row["action"] == "hold.set":
            self.holds[data["hold"]] = self.held(epoch, first, last)
        else:
            self.holds.pop(data["hold"], None)

    def held(self, epoch, first, last):
        if epoch == self.epoch:
            return first, 1 << 64 if last is None else last
        goes_on = epoch is not None and epoch < self.epoch and last is None
        return (0, 1 << 64) if goes_on else (0, 0)

    @staticmethod
    def is_purge(data):
        numbers = is_number(data.get("from")) and is_number(data.get("to")) and is_number(data.get("months"), 1 << 32)
        texts = isinstance(data.get("before"), str) and is_hash(data.get("export")) and is_hash(data.get("root"))
        return numbers and texts and Ledger.is_kept(data.get("kept"), data["from"], data["to"])

    @staticmethod
    def is_kept(ranges, least, end):
        """Whether they are ranges of these rows, in the one way of writing them."""
        if not isinstance(ranges, list):
            return False
        for kept in ranges:
            if not isinstance(kept, list) or len(kept) != 2 or not all(map(is_number, kept)) or not least <= kept[0] < kept[1] <= end:
                return False
            least = kept[1] + 1
        return True

    def account(self, purge, row, stands, until):
        limit = months_before(row["rx"], purge["months"]) if self.is_purge(purge) else None
        if limit is None or purge["before"] > limit or purge["months"] < self.months:
            return
        if (stands is not None and purge["to"] > row["seq"]) or (until and row["rx"][:19] > until):
            return
        left, kept = [], union([*purge["kept"], *self.holds.values()])
        for start, end, since in self.open:
            start_covered, end_covered = max(start, purge["from"]), min(end, purge["to"])
            if since >= purge["before"] or start_covered >= end_covered:
                left.append([start, end, since])
                continue
            held = [(max(first, start_covered), min(last, end_covered)) for first, last in kept]
            parts = [(start, start_covered), *held, (end_covered, end)]
            left += [[first, last, since] for first, last in parts if first < last]
        self.open = left


class Claims:
    """1.5: the personal details that are shown, or called erased."""

    def __init__(self, raw):
        self.open, self.erasing, self.malformed, last = {}, set(), False, None
        try:
            if len(raw) > 16_777_216:
                raise Refused("too long")
            lines = raw.decode("utf-8").split("\n")
            for line in lines[:-1] if lines[-1] == "" else lines:
                claim = json.loads(line, object_pairs_hook=unambiguous)
                place = (claim["seq"], claim["field"])
                if not is_number(claim["seq"]) or not isinstance(claim["field"], str):
                    raise Refused("of no row")
                if last is not None and place <= last:
                    raise Refused("again, or too late")
                self.open[place], last = self.read(claim), place
        except (KeyError, TypeError, ValueError, Refused):
            self.open, self.malformed = {}, True

    @staticmethod
    def read(claim):
        if sorted(claim) == ["field", "salt", "seq", "value"] and is_hash(claim["salt"]):
            salt = bytes.fromhex(claim["salt"])
            text = b"proofline/pd/v1\x00" + salt + claim["field"].encode() + b"\x00" + claim["value"].encode()
            return hashlib.sha256(text).hexdigest()
        if sorted(claim) == ["erased_by", "field", "seq"] and is_number(claim["erased_by"]):
            return claim["erased_by"]
        raise Refused("neither shown nor erased")

    def step(self, row):
        if row["action"] == "erasure.executed":
            self.erasing.discard(row["seq"])
        committed = json.loads(row.get("pd", "{}"))
        if not isinstance(committed, dict) or not all(map(is_hash, committed.values())):
            committed = {}
        for place in sorted(place for place in self.open if place[0] == row["seq"]):
            claim, found = self.open.pop(place), committed.get(place[1])
            if isinstance(claim, str):
                fits = claim == found
            else:
                fits = found is not None and claim > row["seq"]
                if fits:
                    self.erasing.add(claim)
            if not fits:
                return row["seq"], "disclosure"
        return None

    def unfounded(self):
        if self.open:
            return min(self.open)[0], "disclosure"
        return (min(self.erasing), "disclosure") if self.erasing else None


class Walk:
    """1.3: the rules of rows, up to the first that does not keep them."""

    def __init__(self, entries, hashes, tenant, claims, later, months, until):
        self.checked, self.broken, self.incomplete = 0, None, 0
        self.ledger, self.claims, self.borders = Ledger(months, until), claims, Borders()
        prev, rx, self.unproved = "0" * 64, "", False
        for seq, (raw, digest) in enumerate(zip(entries, hashes)):
            if len(raw) == 32:
                self.ledger.gone(seq)
                if seq == 0:
                    self.broken = (0, "missing_body")
                    return
            else:
                row = self.row(raw, seq, prev, rx, tenant)
                if row is None:
                    return
                rx = row["rx"]
                self.checked = seq + 1
                self.ledger.step(row)
                self.broken = self.claims.step(row) or self.borders.step(row)
                if self.broken:
                    return
                self.incomplete += row["action"] == "log.incomplete"
            self.checked, prev = seq + 1, digest.hex()
        self.unproved = not later.account(tenant, self.borders.end, self.ledger)

    def row(self, raw, seq, prev, rx, tenant):
        if not raw:
            self.broken = (seq, "missing_body")
            return None
        try:
            row = read_row(raw)
        except Refused:
            self.broken = (seq, "profile")
            return None
        self.broken = self.rule(row, seq, prev, rx, tenant)
        return None if self.broken else row

    def unaccounted(self):
        if self.broken:
            return None
        if self.ledger.open:
            return self.ledger.open[0][0], "unexplained_purge"
        return self.claims.unfounded()

    @staticmethod
    def rule(row, seq, prev, rx, tenant):
        if row["t"] != tenant:
            return seq, "tenant"
        if row["seq"] < seq:
            return row["seq"], "seq_dup"
        if row["seq"] > seq:
            return seq, "seq_gap"
        if row["prev"] != prev:
            return seq, "link"
        if row["rx"] < rx:
            return seq, "time_regress"
        if (seq == 0) != (row["action"] == "log.genesis"):
            return seq, "profile"
        return None


class Later:
    """1.6.1: rows of later epochs that account for what is gone of one that has ended."""

    def __init__(self, raw, policy):
        self.lines, self.malformed, self.policy, self.witnessed = [], False, policy, True
        try:
            if len(raw) > 16_777_216:
                raise Refused("too long")
            lines = raw.decode("utf-8").split("\n")
            self.lines = [self.read(json.loads(line, object_pairs_hook=unambiguous)) for line in (lines[:-1] if lines[-1] == "" else lines)]
        except (TypeError, ValueError, Refused):
            self.lines, self.malformed = [], True

    @staticmethod
    def read(line):
        if not isinstance(line, dict) or sorted(line) != ["note", "proof", "row"] or not is_announced({"proof": line["proof"], "row": line["row"]}):
            raise Refused("not a row with its proof")
        if not isinstance(line["note"], str):
            raise Refused("no head")
        if any(0xD800 <= ord(letter) < 0xE000 for letter in line["note"] + line["row"]):
            raise Refused("half a character")
        return line

    def account(self, tenant, end, ledger):
        """Whether every line is proved. What those before the first that is not say counts. `end` is what the last row of the file names."""
        if self.lines and end is None:
            return False
        ends, last, witnessed = [end], (0, -1), True
        for line in self.lines:
            try:
                row, place, times, origin = self.row(line, tenant, ends)
            except Refused:
                return False
            if place <= last:
                return False
            last, witnessed = place, witnessed and self.is_witnessed(times)
            found = named(row, origin)
            if found and found[1] > ends[-1][1]:
                ends.append(found)
            ledger.note(row, None, day_after(list(times.values())))
        self.witnessed = witnessed
        return True

    def is_witnessed(self, times):
        """6.2: enough pinned witnesses cosigned the head."""
        return bool(self.policy and self.policy.quorum) and self.policy.has_witnessed(self.policy.quorum, set(times))

    def times(self, note):
        """When pinned witnesses cosigned the head, each by its name."""
        found = {name: key.cosigned(note) for name, key in self.policy.witnesses.items()} if self.policy else {}
        return {name: time for name, time in found.items() if time is not None}

    def row(self, line, tenant, ends):
        note = Note(line["note"].encode())
        origin, size, root = read_checkpoint(note.text)
        log, epoch = epoch_of(origin)
        if log != ends[0][0] or epoch < ends[0][1]:
            raise Refused("of no later epoch of this log")
        # Of the last rotation before it: an epoch that was cut off names none.
        keys = next(keys for _, first, keys in reversed(ends) if first <= epoch)
        note.signed_by([key.under(origin) for key in keys])
        raw = line["row"].encode()
        row = read_row(raw)
        path = [bytes.fromhex(text) for text in line["proof"]]
        if row["t"] != tenant or row["seq"] >= size or inclusion_root(leaf(raw), row["seq"], size, path) != root:
            raise Refused("not in that epoch")
        return row, (epoch, row["seq"]), self.times(note), origin


def is_previous(said):
    if not isinstance(said, dict) or sorted(set(said) - {"announced"}) != ["epoch", "note", "root", "rows"]:
        return False
    if "announced" in said and not is_announced(said["announced"]):
        return False
    return is_number(said["epoch"]) and isinstance(said["note"], str) and is_number(said["rows"]) and is_hash(said["root"])


def is_announced(said):
    if not isinstance(said, dict) or sorted(said) != ["proof", "row"] or not isinstance(said["row"], str):
        return False
    return isinstance(said["proof"], list) and all(map(is_hash, said["proof"]))


def is_texts(value):
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def rotation(row):
    """1.3.1: what a row that ends an epoch says; None for another row."""
    said = json.loads(row["data"])
    if row["action"] != "log.rotate" or not all(is_texts(said.get(member)) for member in ("by", "keys")):
        return None
    is_whole = isinstance(said.get("next"), str) and is_number(said.get("rotation"), 1 << 32)
    return said if is_whole else None


def keys_of(texts, name):
    """1.3.1: 1 to 8 keys under this name."""
    if not 1 <= len(texts) <= 8:
        raise Refused("no keys, or too many")
    keys = [Key(text) for text in texts]
    if any(key.name != name for key in keys):
        raise Refused("the key of another log")
    return keys


def named(row, name):
    """1.6.1: the log, the number of the epoch after `name`, and its keys, as the row which ends `name` names them; None for another row."""
    said = rotation(row)
    if said is None or name is None or not is_later(said["next"]):
        return None
    (log, epoch), (own, before) = epoch_of(said["next"]), epoch_of(name)
    if (log, epoch) != (own, before + 1):
        return None
    try:
        keys_of(said["by"], name)
        return log, epoch, keys_of(said["keys"], said["next"])
    except Refused:
        return None


def day_after(times):
    """1.6: how late a row may say that it is, in whole seconds; None where nobody else saw the head, or only after the year 9998."""
    if not times or min(times) >= 253_370_764_800:
        return None
    return (datetime(1970, 1, 1) + timedelta(days=1, seconds=min(times))).isoformat()


def is_later(origin):
    log, _, number = origin.rpartition("/")
    return bool(re.fullmatch("[1-9][0-9]{,19}", number)) and int(number) < 1 << 64 and bool(log)


def epoch_of(origin):
    """The name of the first epoch, and the number of this one."""
    log, _, number = origin.rpartition("/")
    return (log, int(number)) if is_later(origin) else (origin, 0)


class Borders:
    """1.3.1: the rules of an epoch's second and last row."""

    def __init__(self):
        self.ended, self.second, self.end, self.origin = False, None, None, None

    def step(self, row):
        if self.ended:
            return row["seq"], "profile"
        self.ended = row["action"] == "log.rotate"
        self.end = named(row, self.origin) if self.ended else None
        if row["seq"] == 0:
            data = json.loads(row["data"])
            says = data.get("hash") == "sha256" and isinstance(data.get("origin"), str)
            self.origin = data["origin"] if says else None
            self.second = self.after(row)
            return None
        second = self.second if row["seq"] == 1 else None
        if second == "alarm":
            fits = row["action"] == "log.alarm"
        elif second:
            said = json.loads(row["data"])
            fits = row["action"] == "log.key" and (said.get("by"), said.get("keys")) == second
        else:
            fits = row["action"] != "log.key"
        return None if fits else (row["seq"], "profile")

    @staticmethod
    def after(row):
        """What row 1 must be: an alarm, a row that names these keys, or None for anything but one about keys."""
        previous = json.loads(row["data"]).get("previous")
        if row["action"] != "log.genesis" or not is_previous(previous):
            return None
        if "announced" not in previous:
            return "alarm"
        try:
            said = rotation(read_row(previous["announced"]["row"].encode()))
        except Refused:
            return None
        if said is None or raw_keys(said["by"]) == raw_keys(said["keys"]):
            return None
        return said["by"], said["keys"]


def raw_keys(texts):
    raw = []
    for text in texts:
        try:
            raw.append(Key(text).raw)
        except Refused:
            raw.append(None)
    return raw


class Verification:
    def __init__(self, raw, policy):
        self.findings, self.policy, self.named = [], policy, []
        self.files, canonical = unpack(raw)
        lengths = [len(content) for path, content in self.files.items() if path != "manifest.json"]
        if not canonical or max(lengths, default=0) > 16_777_472:
            self.find(None, "container")
        self.head = self.read_head()
        self.manifest = self.read_manifest()
        self.rows, self.widths = [], []
        for bundle in in_order(self.files, "entries"):
            found = list(entries(bundle))
            self.rows += found
            self.widths.append(len(found))
        begins = self.head is None or self.begins(self.head[0])
        if self.head and policy and self.head[0] == policy.origin and not self.signed_by and is_later(policy.origin):
            self.follow(begins)
        # What no pinned key signed is no measure for the rows.
        measure = self.head if self.head and (policy is None or self.signed_by) else None
        self.hashes = [leaf(row) for row in self.rows]
        self.root = root_of(self.hashes)
        claims = Claims(self.files.get("disclosures.ndjson", b""))
        if claims.malformed:
            self.find(None, "disclosure")
        self.later = later = Later(self.files.get("later.ndjson", b""), policy)
        months = policy.retention if policy else 0
        self.walk = Walk(self.rows, self.hashes, self.tenant(), claims, later, months, day_after(self.times))
        if later.malformed or self.walk.unproved:
            self.find(None, "unexplained_purge")
        unaccounted = self.walk.unaccounted()
        if unaccounted:
            self.find(*unaccounted)
        self.name_row(measure)
        self.check_seen()
        if measure and not begins:
            self.find(0, "tenant")
        self.check_same_log()
        self.check_tiles()

    def find(self, seq, kind):
        self.findings.append((seq, kind))

    def check_seen(self):
        """4: heads that were seen before."""
        for size, root in self.policy.seen if self.policy else []:
            if size > len(self.rows):
                return self.find(None, "rollback")
            if root_of(self.hashes[:size]) != root:
                return self.find(None, "consistency")
        return None

    def read_head(self):
        self.signed_by, self.witnessed_by, self.times = [], set(), []
        try:
            note = Note(self.files.get("checkpoint", b""))
            head = read_checkpoint(note.text)
        except Refused:
            self.find(None, "signature")
            return None
        if self.policy:
            try:
                if head[0] != self.policy.origin:
                    raise Refused("another log")
                self.signed_by = note.signed_by(self.policy.log)
            except Unsigned:
                if not is_later(head[0]):
                    self.find(None, "signature")
            except Refused:
                self.find(None, "signature")
            self.read_witnesses(note, head)
        return head

    def read_witnesses(self, note, head):
        for name, key in self.policy.witnesses.items() if head[0] == self.policy.origin else []:
            try:
                time = key.cosigned(note)
                if time is not None:
                    self.witnessed_by.add(name)
                    self.times.append(time)
            except Refused:
                self.find(None, "signature")

    def read_manifest(self):
        raw = self.files.get("manifest.json", b"")
        try:
            manifest = read_manifest(raw)
        except Refused:
            self.find(None, "manifest")
            return None
        try:
            note = Note(self.files.get("manifest.sig", b""))
            if note.text != statement(manifest["origin"], raw) or len(note.signatures) != 1:
                raise Refused("another manifest")
        except Refused:
            self.find(None, "manifest")
        else:
            try:
                if self.policy:
                    renamed = [key.under(f"{self.policy.origin}/export") for key in self.policy.export]
                    note.signed_by(self.policy.log + self.policy.export + renamed)
            except Refused:
                self.find(None, "signature")
        for path, listed in manifest["files"].items():
            content = self.files.get(path)
            if content is None or listed != {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}:
                self.find(None, "manifest")
        if set(self.files) - set(manifest["files"]) - {"manifest.json", "manifest.sig"}:
            self.find(None, "manifest")
        return manifest

    def tenant(self):
        if self.manifest:
            return self.manifest["tenant"]
        try:
            return read_row(self.rows[0])["t"]
        except (IndexError, Refused):
            return ""

    def name_row(self, measure):
        """6.4: the first row that is not as it was sealed."""
        broken = self.walk.broken
        if measure is None:
            if broken:
                self.find(*self.blame(broken))
            return
        _, size, root = measure
        if (len(self.rows), self.root) == (size, root):
            if broken:
                self.find(*broken)
            return
        altered = self.altered(size, root)
        if altered:
            self.find(*altered)
        elif broken:
            self.find(*self.blame(broken))
        elif len(self.rows) < size:
            self.find(len(self.rows), "seq_gap")
        elif len(self.rows) > size:
            self.find(size, "root")
        else:
            self.find(None, "root")

    def altered(self, size, root):
        tiles = b"".join(tile for tile in in_order(self.files, "0") if len(tile) % 32 == 0)
        sealed = [tiles[at : at + 32] for at in range(0, len(tiles), 32)]
        if len(sealed) != size or root_of(sealed) != root:
            return None
        for place, (expected, found) in enumerate(zip(sealed, self.hashes)):
            if expected != found:
                broken = self.walk.broken
                if broken and self.walk.checked == place and broken[1] in ("seq_gap", "seq_dup", "missing_body", "tenant"):
                    return broken
                return place, "row_hash"
        return None

    def blame(self, broken):
        seq, kind = broken
        if kind != "link" or seq == 0 or seq + 1 >= len(self.rows):
            return broken
        try:
            confirmed = read_row(self.rows[seq + 1])["prev"] == self.hashes[seq].hex()
        except Refused:
            return broken
        return (seq - 1, "row_hash") if confirmed else broken

    def begins(self, origin):
        try:
            row = read_row(self.rows[0])
        except (IndexError, Refused):
            return True
        return self.names(row, origin)

    def follow(self, begins):
        """1.3.1: a head that no pinned key signed, and perhaps one that a pinned key named."""
        try:
            self.signed_by = Note(self.files["checkpoint"]).signed_by(self.named if begins else [])
        except Refused:
            self.find(None, "signature")
            if not begins:
                self.find(0, "tenant")

    def names(self, row, origin):
        """1.3: what row 0 says."""
        data = json.loads(row["data"])
        if row["action"] != "log.genesis" or data.get("hash") != "sha256" or data.get("origin") != origin:
            return False
        log, _, number = origin.rpartition("/")
        if not re.fullmatch("[1-9][0-9]*", number) or int(number) >= 1 << 64 or not log:
            return "previous" not in data
        epoch = int(number) - 1
        return self.ended(data.get("previous"), epoch, (row["t"], origin, f"{log}/{epoch}" if epoch else log))

    def ended(self, previous, epoch, names):
        """1.3: how the epoch before ended."""
        if not is_previous(previous) or previous["epoch"] != epoch:
            return False
        try:
            note = Note(previous["note"].encode())
            head = read_checkpoint(note.text)
            if head[0] != names[2]:
                return False
            if "announced" in previous:
                return self.announced(previous, note, head, names)
            if self.policy:
                note.signed_by([key.under(names[2]) for key in self.policy.log])
        except Refused:
            return False
        return True

    def announced(self, previous, note, head, names):
        """1.3.1: what the last row of the epoch before says of this one."""
        tenant, origin, name = names
        raw = previous["announced"]["row"].encode()
        row = read_row(raw)
        said = rotation(row)
        if said is None or (previous["rows"], bytes.fromhex(previous["root"])) != head[1:]:
            return False
        if row["t"] != tenant or row["seq"] + 1 != head[1] or said["next"] != origin:
            return False
        path = [bytes.fromhex(text) for text in previous["announced"]["proof"]]
        if inclusion_root(leaf(raw), row["seq"], head[1], path) != head[2]:
            return False
        by, keys = keys_of(said["by"], name), keys_of(said["keys"], origin)
        pinned = {key.raw for key in self.policy.log} if self.policy else set()
        known = [key for key in by if key.raw in pinned]
        note.signed_by(known or by)
        if known:
            self.named = keys
            return True
        return not self.policy or any(key.raw in pinned for key in keys)

    def check_same_log(self):
        if self.manifest and self.head and (self.manifest["origin"], self.manifest["size"]) != self.head[:2]:
            self.find(None, "manifest")

    def check_tiles(self):
        expected = set(FIXED)
        for level, hashes in enumerate(tile_levels(self.hashes)):
            for place, (path, width) in enumerate(tile_paths(level, len(hashes))):
                expected.add(path)
                if self.files.get(path) != b"".join(hashes[place * 256 : place * 256 + width]):
                    self.find(None, "tile")
        for (path, width), found in zip(tile_paths("entries", len(self.rows)), self.widths):
            expected.add(path)
            if width != found or path not in self.files:
                self.find(None, "container")
        present = set(self.files) - set(OPTIONAL)
        if present != expected:
            self.find(None, "container")

    def report(self):
        is_signed = bool(self.signed_by) and self.head is not None and self.head[2] == self.root
        is_witnessed = is_signed and self.policy.quorum and self.policy.has_witnessed(self.policy.quorum, self.witnessed_by) and self.later.witnessed
        tier = "witnessed" if is_witnessed else "signed" if is_signed else "chained"
        first = min(self.findings, key=lambda found: (found[0] is None, KINDS.index(found[1])), default=None)
        lacking = self.policy is None or Policy.TIERS.index(tier) < Policy.TIERS.index(self.policy.tier)
        if first:
            verdict = "broken"
        elif not self.rows:
            verdict = "nothing_to_check"
        elif lacking or self.walk.incomplete:
            verdict = "incomplete"
        else:
            verdict = "ok"
        bad = first and {"seq": first[0], "kind": first[1]}
        return {"verdict": verdict, "tier": tier, "rows_checked": max(0, self.walk.checked - self.walk.ledger.rows), "first_bad": bad, "size": len(self.rows), "root": self.root.hex()}


STATUS = {"ok": 0, "broken": 1, "incomplete": 2, "nothing_to_check": 2}


def verify(path, pinned):
    policy = None
    if pinned:
        with open(pinned, encoding="utf-8") as file:
            policy = Policy(file.read())
    with open(path, "rb") as file:
        return Verification(file.read(), policy).report()


def batch(cases):
    with open(cases, encoding="utf-8") as lines:
        for line in lines:
            path, pinned = line.split()
            print(json.dumps(verify(path, None if pinned == "-" else pinned)))


def main(words):
    if len(words) == 2 and words[0] == "--batch":
        batch(words[1])
        return 0
    if len(words) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 3
    try:
        report = verify(words[0], words[1] if len(words) == 2 else None)
    except (OSError, Refused) as error:
        print(f"nothing was verified: {error}", file=sys.stderr)
        return 3
    print(json.dumps(report))
    return STATUS[report["verdict"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
