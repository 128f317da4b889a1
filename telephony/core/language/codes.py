"""Language tags as people and systems write them ("en-US", "pt_BR", "nb", "deu") -> one code for each language."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[-_.@]")
_CODE = re.compile(r"[a-z]{2,3}")
_TAG = re.compile(r"([a-z]{2,3})([-_][a-z0-9]{2,8})*", re.IGNORECASE | re.ASCII)
_KNOWN = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it "
    "iu iw ja ji jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr "
    "ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si "
    "sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
    "yo za zh zu".split()
)
"""The two-letter codes of ISO 639-1, former ones too."""
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


def is_language(tag: str) -> bool:
    """Whether `tag` is a two-letter code of ISO 639-1 or a three-letter one of ISO 639-3 (not looked up), with or
    without a region (`pt-BR`, `en_US`)."""
    found = _TAG.fullmatch(tag)
    return found is not None and (len(found[1]) == 3 or found[1].lower() in _KNOWN)
