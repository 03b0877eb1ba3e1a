"""A witness (C2SP tlog-witness, tlog-cosignature), written from the specifications and sharing no code with us.

    python3 witness.py --name NAME --log VKEY

Serves `POST /add-checkpoint` on 127.0.0.1 until its standard input ends. Says first where, and its verifier key: `URL VKEY`.
Needs `cryptography`. What it knows is kept in memory; its key is made anew each time.
"""

import argparse
import hashlib
import struct
import sys
import threading
import time
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PLAIN, COSIGNATURE = 1, 4


class Refused(Exception):
    def __init__(self, status, body="", kind="text/plain"):
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def grew(first, second, first_root, second_root, proof):
    """RFC 9162 section 2.1.4.2, step by step."""
    if first == 0:
        return not proof
    if first == second:
        return not proof and first_root == second_root
    if first & (first - 1) == 0:
        proof = [first_root] + proof
    if not proof:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


class Witness:
    def __init__(self, name, log):
        self.name, self.lock, self.known = name, threading.Lock(), {}
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        self.log_name, identifier, raw = log.split("+", 2)
        raw = b64decode(raw, validate=True)
        assert raw[0] == PLAIN and bytes.fromhex(identifier) == key_id(self.log_name, PLAIN, raw[1:])
        self.log_id, self.log_key = bytes.fromhex(identifier), Ed25519PublicKey.from_public_bytes(raw[1:])

    def vkey(self):
        raw = bytes([COSIGNATURE]) + self.public
        return f"{self.name}+{key_id(self.name, COSIGNATURE, self.public).hex()}+{b64encode(raw).decode()}"

    def add_checkpoint(self, body):
        head, _, note = body.partition("\n\n")
        old, *proof = head.split("\n")
        if not old.startswith("old ") or str(int(old[4:])) != old[4:] or len(proof) > 63:
            raise Refused(400, "old size")
        old, proof = int(old[4:]), [b64decode(line, validate=True) for line in proof]
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        size, root = int(size), b64decode(root, validate=True)
        if origin != self.log_name:
            raise Refused(404, "unknown log")
        self.check_signed(text, signatures)
        if old > size:
            raise Refused(400, "old size above the checkpoint's")
        with self.lock:
            known_size, known_root = self.known.get(origin, (0, None))
            if old != known_size:
                raise Refused(409, f"{known_size}\n", "text/x.tlog.size")
            if old == size and known_root not in (None, root):
                raise Refused(409, "another tree of this size")
            if not grew(old, size, known_root, root, proof):
                raise Refused(422, "the proof does not hold")
            self.known[origin] = (size, root)
        return self.cosign(text)

    def check_signed(self, text, signatures):
        for line in signatures.splitlines():
            dash, name, signature = line.split(" ")
            raw = b64decode(signature, validate=True)
            if dash == "\u2014" and name == self.log_name and raw[:4] == self.log_id:
                try:
                    return self.log_key.verify(raw[4:], text.encode())
                except InvalidSignature:
                    pass
        raise Refused(403, "not signed by the log")

    def cosign(self, text):
        now = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        raw = key_id(self.name, COSIGNATURE, self.public) + struct.pack(">Q", now) + signature
        return f"\u2014 {self.name} {b64encode(raw).decode()}\n"


def handler(witness):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            try:
                if self.path != "/add-checkpoint":
                    raise Refused(404)
                self.answer(200, witness.add_checkpoint(body), "text/plain")
            except Refused as refused:
                self.answer(refused.status, refused.body, refused.kind)
            except (ValueError, IndexError):
                self.answer(400, "malformed", "text/plain")

        def answer(self, status, body, kind):
            raw = body.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    return Handler


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--name", required=True)
    arguments.add_argument("--log", required=True)
    said = arguments.parse_args()
    witness = Witness(said.name, said.log)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(witness))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]} {witness.vkey()}", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
