"""What git says when it fails, in words that tell a person what to do."""

from __future__ import annotations

import base64
import re

_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), told)
    for pattern, told in (
        (r"operation too slow", "Nothing arrived for a while, so it was given up. Try again later."),
        (r"no space left", "The disk is full. Make room in the data folder."),
        (r"could not resolve host", "The host cannot be found. Check the address and this machine's network."),
        (
            r"certificate",
            "The server's certificate is not trusted. Put its authority into the file that GIT_SSL_CAINFO names.",
        ),
        (r"\bssh: (\w+ )?not found|cannot run .*ssh", "ssh is not installed. Install it, or use https."),
        (
            r"host key verification failed",
            "The host is not known to ssh. Add its key to the known_hosts of the user that runs Fieldguide.",
        ),
        (
            r"permission denied \(",
            "The host takes no key of the user that runs Fieldguide. Give ssh a key that may read the repository.",
        ),
        (
            r"authentication failed|could not read (username|password)|returned error: 40[13]|access denied",
            "It may not be read without the right token. Name one in FIELDGUIDE_GIT_TOKENS, or use ssh.",
        ),
        (
            r"dubious ownership",
            "It belongs to another user of this machine. Tell git that it is safe: "
            "git config --global --add safe.directory PATH.",
        ),
        (
            r"unable to update url base|redirect|returned error: 30",
            "The server sends git to another address. Name that one instead.",
        ),
        (r"couldn't find remote ref|not our ref", "The branch is not there (any longer)."),
        (
            r"not found|does not (exist|appear to be)|returned error: (404|410)",
            "No repository is there, or a token is needed to see it. Check the address and FIELDGUIDE_GIT_TOKENS.",
        ),
        (
            r"connection (refused|reset)|failed to connect|could not connect|network is unreachable|timed out",
            "Nobody answers there. Check the address and this machine's network.",
        ),
    )
)


def explained(said: str) -> str:
    """Why a repository cannot be fetched: in our words where the reason is known, with git's own behind them."""
    lines = ["".join(letter for letter in line if letter.isprintable()).strip() for line in re.split(r"[\r\n]", said)]
    errors = [line for line in lines if re.match(r"(fatal|error|ssh): ", line)] or [line for line in lines if line]
    known, own = next(
        ((told, line) for reason, told in _REASONS for line in lines if reason.search(line)),
        ("", errors[-1] if errors else "nothing"),
    )
    return f"{known} Git says: {own[:300]}".strip()


def without_secrets(said: str, header: str) -> str:
    """A text of git's without the header that was handed over, the token in it, and what addresses hold before an @."""
    coded = header.rpartition(" ")[2]
    plain = base64.b64decode(coded).decode(errors="replace")
    for secret in (header, coded, plain, plain.partition(":")[2]):
        if secret:
            said = said.replace(secret, "***")
    return re.sub(r"://[^/\s@]*@", "://***@", said)
