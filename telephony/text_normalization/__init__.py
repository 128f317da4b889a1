"""Text as a model writes it -> text for TTS. Pure and deterministic.

Applied to one unit (sentence or clause) at a time. Markdown, emoji, stage directions and tags are removed; numbers,
money, dates, times, codes, addresses and abbreviations become words, because TTS models misread them. A language
without rules is left as it is.

**The value survives**: a form that is not understood keeps its digits, or is read digit by digit.

Theory of operation. *Finding* written forms is ours: `scan.py` goes through the text and asks the finders (`amounts`,
`dates`, `digits`, `words`) at each word, number and sign, in a fixed order. *Reading* what was found is done by
num2words and, for names of months, units and currencies, by CLDR (Babel); where they are wrong for a language,
`languages/` corrects them. `Rules` brings the two together for one locale, and is made once.
"""

from __future__ import annotations

import functools
import importlib
import re

from telephony.core.language.codes import primary
from telephony.text_normalization.cldr import locale_of
from telephony.text_normalization.markup import clean
from telephony.text_normalization.rules import Rules
from telephony.text_normalization.scan import rewrite

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
"""Those with rules: a module of `languages/` each."""
_LONGEST = 8_000


def supported(language: str) -> bool:
    """Whether there are rules for the language of this tag."""
    return primary(language) in LANGUAGES


def spoken_form(text: str, language: str = "en") -> str:
    """`text` as it should be spoken; "" if there is nothing to say. The same text if the language has no rules."""
    if not supported(language):
        return text
    rules = rules_for(language)
    text = clean(text[:_LONGEST], numbered=not rules.language.dotted_ordinals)
    text = re.sub(r"\s+", " ", rewrite(rules, text)).strip()
    return text if any(char.isalnum() for char in text) else ""


@functools.lru_cache(maxsize=64)
def rules_for(language: str) -> Rules:
    """The rules of a supported language. The first call for a locale reads its CLDR data, some 50 ms."""
    code = primary(language)
    locale, region = locale_of(language, code)
    module = importlib.import_module(f"telephony.text_normalization.languages.{code}")
    return Rules(module.language(region), locale, region)
