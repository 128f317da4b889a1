"""What a text message may say. Pure.

    checked("Your table: Friday, 19:30", links=("example.com",), regions=("US",), most_segments=3)

The text comes from a language model, which callers and the results of tools can talk into anything. So the rules do not
ask what is meant, but what a phone would make of it: whatever a phone could show as a link must lead to a host that the
agent lists, and no number that costs the person extra may stand in it, however it is written. A text that breaks a rule
is not repaired but refused, in words with which the model can write another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

import phonenumbers

from telephony.errors import MessageRefused
from telephony.outbound.rules import is_expensive

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")
"""Characters of the GSM alphabet that take two places."""
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ",
     "\u202f": " ", "\u2009": " ", "\u2011": "-", "\t": " "}
)  # fmt: skip
_JOINERS = "\u200c\u200d"
"""Invisible, but needed: in emoji of several people, and in the scripts of Persian and Hindi."""
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")

_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:?//\S*|//\S+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.@/%+-])[\w.%+-]+@[\w-]+(?:\.[\w-]+)+(?![\w@/:-])")
_HOST = re.compile(
    r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*\.(?:xn--[a-z0-9-]+|[^\W\d_]{2,})(?!\w)", re.IGNORECASE
)
"""Words with dots between them, the last of letters: what phones make a link of without `https://`."""

_COUNTRIES = phonenumbers.SUPPORTED_REGIONS | {"UK", "EU", "SU"}

_NUMBER = re.compile(r"[+(]?\d(?:[\W_]{0,4}\d){5,}")
_VANITY = re.compile(r"(?<!\w)\+?\d{1,4}(?:[-.]\d{1,4})*(?:[-.][A-Z]{2,8})+(?!\w)", re.IGNORECASE)
MOST_GROUPS = 40
"""Groups of digits in a row that are looked through; more than that is no message."""


def checked(text: str, *, links: Collection[str], regions: Collection[str], most_segments: int) -> str:
    """The text as it is sent. `links`: the hosts that it may lead to; `regions`: the countries whose way to write
    numbers is understood (ISO 3166). Raises MessageRefused with code `empty`, `characters`, `too_long`, `link` or
    `premium`, in words for the model."""
    text = text.replace("\r\n", "\n").translate(_PLAIN).strip()
    if not text:
        raise MessageRefused("The message is empty: nothing was sent.", code="empty")
    if any(_is_hidden(one) for one in text):
        raise MessageRefused(
            "The message has control characters or invisible ones: write it in plain characters.", code="characters"
        )
    if (count := segments(text)) > most_segments:
        raise MessageRefused(
            f"The message is too long: it would take {count} parts, and at most {most_segments} are sent. "
            "Write it shorter.",
            code="too_long",
        )
    seen = unicodedata.normalize("NFKC", text).translate(_DOTS)
    if wrong := next((host for host in _hosts(seen) if host not in {one.lower() for one in links}), None):
        known = f"Only links to {', '.join(links)} can be sent" if links else "No links can be sent"
        raise MessageRefused(
            f"{known}, and {wrong!r} would be one. Leave it out, or put a space after the full stop.", code="link"
        )
    if any(is_expensive(number, regions) for number in _numbers(seen)):
        raise MessageRefused("The message has a premium-rate number: leave it out.", code="premium")
    return text


def segments(text: str) -> int:
    """How many parts the text takes, each of which is paid for."""
    if all(one in _GSM or one in _GSM_TWICE for one in text):
        places, alone, joined = sum(1 + (one in _GSM_TWICE) for one in text), 160, 153
    else:
        places, alone, joined = len(text.encode("utf-16-le", "surrogatepass")) // 2, 70, 67
    return 1 if places <= alone else -(-places // joined)


def _is_hidden(char: str) -> bool:
    return char not in _JOINERS and char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")


def _hosts(text: str) -> Iterator[str]:
    """The hosts of everything in the text that a phone could show as a link, e-mail addresses apart."""
    for found in _WITH_SCHEME.finditer(text):
        yield _host(found[0])
    rest = _EMAIL.sub(" ", _WITH_SCHEME.sub(" ", text))
    for found in _HOST.finditer(rest):
        host = found[0].lower()
        last = host.rpartition(".")[2]
        if len(last) > 2 or not last.isascii() or last.upper() in _COUNTRIES:
            yield host


def _host(link: str) -> str:
    """The host of a link with `//`; of one that leaves room for doubt, the whole link."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return link
    return link if "@" in parts.netloc or "\\" in link else host.rstrip(".,;:!?)") or link


def _numbers(text: str) -> Iterator[str]:
    """Everything in the text that could be read as a telephone number: digits in a row, whatever stands between them,
    from any group to any later one."""
    for found in _NUMBER.finditer(text):
        groups = list(re.finditer(r"\d+", found[0]))[:MOST_GROUPS]
        for first, begin in enumerate(groups):
            plus = "+" if found[0][: begin.start()].endswith("+") else ""
            digits = ""
            for group in groups[first:]:
                digits += group[0]
                if len(digits) > 17:
                    break
                if len(digits) >= 6:
                    yield plus + digits
    for found in _VANITY.finditer(text):
        yield phonenumbers.convert_alpha_characters_in_number(found[0])
