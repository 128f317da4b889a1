"""The words of an utterance: committed segments in order, followed by the partial of the open one."""

from __future__ import annotations

import pytest

from telephony.core.listening.utterance import Part, Utterance


def committed(*texts: str, partial: str = "", voice_behind: bool = False) -> Utterance:
    """Segments committed as 1, 2, ... with these partials; then `partial`."""
    utterance = Utterance(0, 0)
    for number, text in enumerate(texts, 1):
        utterance.heard_partial(text)
        utterance.commit(number)
        utterance.committed = False
    utterance.committed = not voice_behind
    utterance.partial = partial
    return utterance


def test_a_commit_keeps_the_partial_until_its_final() -> None:
    """No words are lost if the final never comes."""
    utterance = Utterance(0, 0)
    assert (utterance.text, utterance.awaited, utterance.open_words) == ("", 0, "")
    assert utterance.heard_partial("one two")
    assert (utterance.text, utterance.awaited, utterance.open_words) == ("one two", 0, "one two")
    utterance.commit(7)
    assert utterance.committed
    assert (utterance.text, utterance.awaited, utterance.open_words, utterance.partial) == ("one two", 7, "one two", "")
    utterance.heard_final(7, "one too")
    assert (utterance.text, utterance.awaited, utterance.open_words) == ("one too", 0, "")


def test_a_commit_without_words_has_none() -> None:
    """It leaves no gap in the text, and its final is still awaited."""
    utterance = committed("", "two")
    assert utterance.text == "two"
    assert utterance.awaited == 2
    assert utterance.open_words == "two"


def test_only_the_last_commit_is_awaited() -> None:
    """A final missing when a later one arrives is lost; its words remain those of the partial."""
    utterance = committed("one", "two")
    utterance.heard_final(2, "too")
    assert (utterance.text, utterance.awaited, utterance.open_words) == ("one too", 0, "")
    utterance = committed("one", "two")
    utterance.heard_final(1, "won")
    assert (utterance.text, utterance.awaited, utterance.open_words) == ("won two", 2, "two")


def test_a_new_utterance_is_empty() -> None:
    """No voice, no words, no earlier text, no commit."""
    assert Utterance(1, 2) == Utterance(1, 2, 0, [], "", 0, "", False)


# --- partials -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "text"),
    [
        ("one two three four five", "one two three four five"),  # the same, but longer
        ("one two three", "one two three"),  # similar, and shorter
        ("one two", "one two three four one two"),  # too little in common
        ("six seven", "one two three four six seven"),  # shorter, and different
        ("six seven eight nine", "six seven eight nine"),  # different, but no shorter
        ("...", "one two three four ..."),
        ("", "one two three four"),
    ],
)
def test_a_partial_after_a_commit_without_new_voice(partial: str, text: str) -> None:
    """It belongs to the committed segment if it is similar or no shorter."""
    utterance = committed("one two three four")
    utterance.heard_partial(partial)
    assert utterance.text == text


@pytest.mark.parametrize("partial", ["one two three", "one", "six seven eight nine"])
def test_a_partial_after_a_commit_with_new_voice(partial: str) -> None:
    """It belongs to the next segment."""
    utterance = committed("one two", voice_behind=True)
    utterance.heard_partial(partial)
    assert utterance.text == f"one two {partial}"
    assert utterance.open_words == f"one two {partial}"


def test_punctuation_belongs_to_no_committed_segment() -> None:
    """Not even to one without words."""
    utterance = committed("")
    utterance.heard_partial("...")
    assert (utterance.parts, utterance.partial) == ([Part(1, "")], "...")


def test_a_partial_after_a_final_belongs_to_the_next_segment() -> None:
    """The text of the final does not change."""
    utterance = committed("one two")
    utterance.heard_final(1, "one two")
    utterance.heard_partial("one two three")
    assert utterance.text == "one two one two three"
    assert utterance.open_words == "one two three"


def test_a_partial_that_is_of_the_committed_segment_replaces_the_open_one() -> None:
    """The open partial turns out to belong to the committed segment."""
    utterance = committed("one two", partial="three")
    assert utterance.heard_partial("one two four")
    assert (utterance.parts, utterance.partial) == ([Part(1, "one two four")], "")
    utterance = committed("one", "two")
    utterance.heard_partial("two three")
    assert utterance.parts == [Part(1, "one"), Part(2, "two three")]


def test_whether_a_partial_changed_anything() -> None:
    """True if the text changed; the same words again return False."""
    utterance = Utterance(0, 0)
    assert utterance.heard_partial("one")
    assert not utterance.heard_partial("one")
    assert utterance.heard_partial("one two")
    assert utterance.heard_partial("")
    assert not utterance.heard_partial("")
    utterance = committed("one two")
    assert not utterance.heard_partial("one two")
    assert utterance.heard_partial("one too")


# --- finals ---------------------------------------------------------------------------------------------------------


def test_a_final_replaces_the_words_of_its_part() -> None:
    """The open partial is dropped as well, unless there was voice after the commit."""
    utterance = committed("one two", partial="three")
    utterance.heard_final(1, "one two three")
    assert utterance.text == "one two three"
    utterance = committed("one two", partial="three", voice_behind=True)
    utterance.heard_final(1, "one two")
    assert utterance.text == "one two three"
    utterance = committed("one", "two", partial="three")
    utterance.heard_final(1, "won")
    assert utterance.text == "won two three"


def test_a_final_of_an_earlier_utterance_comes_first() -> None:
    """Its words were said before all others."""
    utterance = committed("two", "three", partial="four")
    utterance.heard_final(9, "one")
    assert utterance.text == "one two three four"
    assert utterance.parts[0] == Part(9, "one", final=True)
    assert utterance.awaited == 2


def test_the_service_splits_the_committed_segment() -> None:
    """The first half is final, the second still awaited."""
    utterance = committed("zero", "one two three four")
    utterance.heard_final(0, "one two three")
    assert utterance.parts == [Part(1, "zero"), Part(0, "one two three", final=True), Part(2, "four")]
    assert (utterance.awaited, utterance.open_words) == (2, "four")
    utterance.heard_final(2, "for")
    assert utterance.text == "zero one two three for"


@pytest.mark.parametrize(
    ("partial", "final", "left"),
    [
        ("one two three", "one two three", ""),
        ("one two three", "one two", "three"),
        ("one", "one two three", ""),
        ("six", "one two three", ""),
        ("", "one two three", ""),
    ],
)
def test_the_service_closes_the_open_segment(partial: str, final: str, left: str) -> None:
    """What the partial has beyond the final belongs to the next segment; a dissimilar partial was misheard."""
    utterance = Utterance(0, 0, partial=partial)
    utterance.heard_final(0, final)
    assert utterance.parts == [Part(0, final, final=True)]
    assert utterance.partial == left
    assert utterance.awaited == 0


def test_the_service_closes_one_segment_after_another() -> None:
    """Each is a separate part."""
    utterance = Utterance(0, 0)
    for text in ("one", "two"):
        utterance.heard_final(0, text)
    assert utterance.text == "one two"


# --- refused commits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "text"),
    [("", "one two three"), ("one two three four", "one two three four"), ("six", "one two three six")],
)
def test_a_refused_commit_gives_its_words_back_to_the_partial(partial: str, text: str) -> None:
    """The segment is still open: its words return to the partial without duplicates."""
    utterance = committed("one two three", partial=partial)
    utterance.refused(1)
    assert (utterance.parts, utterance.partial, utterance.awaited) == ([], text, 0)


def test_a_commit_that_was_not_refused_stays() -> None:
    """A refusal with another number, or of a commit with a final, changes nothing."""
    utterance = committed("one", "two")
    utterance.heard_final(1, "won")
    before = list(utterance.parts)
    utterance.refused(1)
    utterance.refused(3)
    assert utterance.parts == before
    utterance.refused(2)
    assert utterance.parts == [Part(1, "won", final=True)]
    assert utterance.text == "won two"
