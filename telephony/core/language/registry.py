"""The languages that turn-taking has data for."""

from __future__ import annotations

from telephony.core.language.codes import primary
from telephony.core.language.english import ENGLISH
from telephony.core.language.language import Language

LANGUAGES = {"en": ENGLISH}


def language_for(code: str) -> Language:
    """The data for a language, however its code is written ("en", "en-GB", "eng"); an empty `Language` if there is
    none."""
    return LANGUAGES.get(primary(code), Language())
