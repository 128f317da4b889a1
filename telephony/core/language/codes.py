"""Language tags as people and systems write them ("en-US", "pt_BR", "nb", "deu") -> one code for each language."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[-_.@]")
_CODE = re.compile(r"[a-z]{2,3}")
_NONE = frozenset({"und", "mul", "mis", "zxx"})
"""ISO 639-3's codes for no language, several, or one that is not known."""
_SAME = {
    "nb": "no", "nn": "no", "nob": "no", "nno": "no", "nor": "no",
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro",  # former codes
    "tl": "fil", "tgl": "fil",
    "ara": "ar", "arb": "ar", "bul": "bg", "ces": "cs", "cze": "cs", "dan": "da", "deu": "de", "ger": "de",
    "ell": "el", "gre": "el", "eng": "en", "spa": "es", "fin": "fi", "fra": "fr", "fre": "fr", "heb": "he",
    "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "msa": "ms",
    "may": "ms", "zsm": "ms", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro",
    "rus": "ru", "slk": "sk", "slo": "sk", "swe": "sv", "tam": "ta", "tur": "tr", "ukr": "uk", "vie": "vi",
    "zho": "zh", "chi": "zh", "cmn": "zh",
}  # fmt: skip
"""Other codes of languages that speech services know."""


def primary(tag: str) -> str:
    """The language of a tag in lower case, without script and region: ISO 639-1 where it has such a code, else three
    letters. "" if the tag names no language."""
    first = _SEPARATORS.split(tag.strip().lower(), maxsplit=1)[0]
    code = _SAME.get(first, first)
    return code if _CODE.fullmatch(code) and code not in _NONE else ""
