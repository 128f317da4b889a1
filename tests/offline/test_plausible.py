"""Which transcripts can be what was said: a table, one row a case."""

from __future__ import annotations

import pytest

from telephony.offline.plausible import Sound, plausible, repeats

CLEAR = Sound(2_000, 1_900, 1_800, 999)


@pytest.mark.parametrize(
    ("text", "sound", "said"),
    [
        # speech
        ("I would like to book a table.", CLEAR, True),
        ("Yes.", Sound(180, 180, 60, 930), True),
        ("No.", Sound(140, 140, 0, 900), True),
        ("No.", Sound(380, 380, 60, 930), True),
        ("At seven.", Sound(440, 440, 320, 991), True),
        ("At seven, please.", Sound(640, 580, 300, 995), True),
        ("Seven, seven, four, one, four, eight, zero.", Sound(3_500, 2_700, 2_500, 999), True),
        ("No no no no no.", Sound(1_400, 1_300, 1_200, 999), True),
        ("Yes. Yes. Yes.", CLEAR, True),
        ("He was not an ill-disposed young man.", Sound(2_580, 2_500, 2_400, 999), True),
        # no letters
        ("", CLEAR, False),
        ("♪♪♪♪♪", CLEAR, False),
        ("...", CLEAR, False),
        # what the detector heard is no voice
        ("You know.", Sound(120, 120, 100, 999), False),
        ("Okay.", Sound(300, 300, 0, 899), False),
        ("What?", Sound(260, 260, 0, 851), False),
        ("I have to go back.", Sound(1_300, 1_300, 500, 996), False),
        ("Thank you for watching!", Sound(8_000, 1_900, 1_800, 996), False),
        # too many words, or too few
        ("I don't know.", Sound(220, 220, 200, 990), False),
        ("Yeah, yeah.", Sound(260, 260, 250, 990), False),
        ("Thank you.", Sound(300, 300, 250, 990), True),
        ("Thank you.", Sound(330, 330, 219, 990), False),
        ("Thank you.", Sound(330, 330, 220, 990), True),
        ("That's it.", Sound(320, 320, 0, 910), False),
        ("I'll put it.", Sound(460, 460, 300, 977), False),
        ("I'll put it.", Sound(500, 500, 300, 977), True),
        ("I think so, and then we went home to eat.", Sound(1_000, 1_000, 900, 999), False),
        ("So", Sound(6_000, 5_500, 5_000, 999), False),
        ("Hm, so.", Sound(3_200, 3_100, 3_000, 999), True),
        # the decoder does not find its end
        ("The first is the first is the first is the first is", CLEAR, False),
        ("I'm going to be here. I'm going to be here.", CLEAR, False),
    ],
)  # fmt: skip
def test_a_transcript_is_believed_if_it_can_have_been_said(text: str, sound: Sound, said: bool) -> None:
    assert plausible(text, sound) is said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("four two seven one four two seven one", True),
        ("four two seven one four two seven two", False),
        ("double four double four double four", True),
        ("no no no no no", False),
        ("no no no no no no", True),
        ("i want i want a table", False),
        ("one two three one two three", False),
        ("and so on and so on and so on", True),
    ],
)
def test_repetition_is_of_phrases(text: str, found: bool) -> None:
    """People repeat single words, and groups of figures once."""
    assert repeats(text.split()) is found
