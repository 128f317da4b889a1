"""What counts as a failure of another team's client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.__main__ import SENTENCE, SPEECH_MS, WORDS, wrong

SPOKEN = {"ms": SPEECH_MS, "text": SENTENCE}
HEARD = {"text": WORDS, "interim": True}


@pytest.mark.parametrize(
    ("name", "result", "fine"),
    [
        ("tts", SPOKEN, True),
        ("tts", SPOKEN | {"ms": 0}, False),
        ("tts", SPOKEN | {"text": "Our opening"}, False),
        ("tts", SPOKEN | {"errors": ["closed"]}, False),
        ("stt, word times", HEARD, True),
        ("stt", HEARD | {"text": ""}, False),
        ("stt", HEARD | {"interim": False}, False),
    ],
)
def test_results(name: str, result: dict[str, Any], fine: bool) -> None:
    assert (wrong({name: result}) == []) is fine
