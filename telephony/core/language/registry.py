"""The languages that there is data for."""

from __future__ import annotations

from dataclasses import replace

from telephony.core.language.codes import primary
from telephony.core.language.dutch import DUTCH
from telephony.core.language.english import ENGLISH
from telephony.core.language.french import FRENCH
from telephony.core.language.german import GERMAN
from telephony.core.language.italian import ITALIAN
from telephony.core.language.language import Language
from telephony.core.language.portuguese import PORTUGUESE
from telephony.core.language.spanish import SPANISH
from telephony.core.language.wording import ENGLISH_WORDING, PHRASE_NAMES, Wording

LANGUAGES = {
    "en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH, "it": ITALIAN, "pt": PORTUGUESE, "nl": DUTCH,
}  # fmt: skip


def language_for(code: str) -> Language:
    """The data for a language, however its code is written ("en", "en-GB", "eng"); an empty `Language` if there is
    none."""
    return LANGUAGES.get(primary(code), Language())


def wording_in(code: str, wording: Wording = ENGLISH_WORDING) -> Wording:
    """The wording with each phrase that the user has not written in the language of `code`, if there is data for it. An
    English `Wording()` of the user's own stays: it was meant."""
    own = language_for(code).wording or ENGLISH_WORDING
    if wording == ENGLISH_WORDING and wording is not ENGLISH_WORDING:
        return wording
    shipped = {
        name: getattr(own, name)
        for name in PHRASE_NAMES
        if any(getattr(wording, name) == getattr(one.wording, name) for one in LANGUAGES.values())
    }
    return own if len(shipped) == len(PHRASE_NAMES) else replace(wording, **shipped)
