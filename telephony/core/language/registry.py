"""The languages that turn-taking has data for."""

from __future__ import annotations

from telephony.core.language.english import ENGLISH
from telephony.core.language.language import Language

LANGUAGES = {"en": ENGLISH}


def language_for(code: str) -> Language:
    """The data for an ISO 639-1 code, with or without a region ("en-GB"); an empty `Language` if there is none."""
    return LANGUAGES.get(code.lower().partition("-")[0], Language())
