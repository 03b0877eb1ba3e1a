"""A mail server that delivers nothing: every letter becomes a file of a Maildir, with its envelope as X-MailFrom and X-RcptTo.

Says `listening PORT` when it is ready, and ends when its standard input does.
"""

import argparse
import asyncio
import logging
import pathlib
import ssl
import sys
import warnings

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maildir", required=True)
    parser.add_argument("--door", choices=["plain", "starttls", "tls"], required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--account", help="a file of two lines, user and password, read again for each letter")
    return parser.parse_args()


def authenticator(account):
    def check(server, session, envelope, mechanism, data):
        user, password = pathlib.Path(account).read_text(encoding="utf-8").splitlines()
        good = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=good, handled=False)

    return check


def server(options, context):
    handler = Mailbox(options.maildir)
    starttls = options.door == "starttls"
    return lambda: SMTP(
        handler,
        hostname="localhost",
        enable_SMTPUTF8=True,
        require_starttls=starttls,
        tls_context=context if starttls else None,
        auth_required=options.account is not None,
        # With TLS from the first byte the library sees none.
        auth_require_tls=starttls,
        authenticator=authenticator(options.account) if options.account else None,
    )


async def main():
    options = arguments()
    context = None
    if options.door != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        server(options, context),
        "127.0.0.1",
        0,
        ssl=context if options.door == "tls" else None,
    )
    print("listening", listener.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listener.close()


# It warns of passwords without TLS of its own, which is what `--door tls` looks like to it.
warnings.simplefilter("ignore")
logging.getLogger("mail").setLevel(logging.ERROR)
asyncio.run(main())
