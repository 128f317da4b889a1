"""`scripts/bench spoken --language de`: the table of strings of a language, for a reader who speaks it.

Prints each written form with today's words. A form whose words are not those of the table is marked, with the table's
words below it. `--text` reads out a text of yours instead. The exit code is 1 if anything is marked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from telephony.text_normalization import spoken_form
from tests.text_normalization.strings import LANGUAGES, rows


def table(language: str) -> Iterator[tuple[str, bool]]:
    """Lines to print, and whether each says a difference."""
    kind = ""
    for row in rows(language):
        if row.kind != kind:
            kind = row.kind
            yield f"\n{kind}", False
        spoken = spoken_form(row.written, language)
        same = spoken == row.spoken
        yield f"{' ' if same else '!'} {row.written:<44} {spoken}", not same
        if not same:
            yield f"  {'':<44} {row.spoken}  (the table's)", True


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser("scripts/bench spoken", description=__doc__.partition("\n")[0])
    parser.add_argument("--language", action="append", help="one of the table's, or any for --text (default: all)")
    parser.add_argument("--text", help="read this out instead of the table")
    given = parser.parse_args(arguments)
    languages = given.language or LANGUAGES
    if given.text is not None:
        for language in languages:
            print(f"{language}: {spoken_form(given.text, language)}")
        return
    if unknown := [one for one in languages if one not in LANGUAGES]:
        sys.exit(f"scripts/bench spoken: there is no table for {unknown[0]}; there are {', '.join(LANGUAGES)}")
    wrong = 0
    for language in languages:
        print(f"\n== {language}")
        for line, differs in table(language):
            print(line)
            wrong += differs
    sys.exit(1 if wrong else 0)
