"""The languages that there is data for."""

from __future__ import annotations

from telephony.core.language.codes import primary
from telephony.core.language.dutch import DUTCH
from telephony.core.language.english import ENGLISH
from telephony.core.language.french import FRENCH
from telephony.core.language.german import GERMAN
from telephony.core.language.italian import ITALIAN
from telephony.core.language.language import Language
from telephony.core.language.portuguese import PORTUGUESE
from telephony.core.language.spanish import SPANISH

LANGUAGES = {
    "en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH, "it": ITALIAN, "pt": PORTUGUESE, "nl": DUTCH,
}  # fmt: skip


def language_for(code: str) -> Language:
    """The data for a language, however its code is written ("en", "en-GB", "eng"); an empty `Language` if there is
    none."""
    return LANGUAGES.get(primary(code), Language())
