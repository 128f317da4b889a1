"""Recordings imported as tapes: two channels, one channel with a transcript, or audio alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from telephony.audio import tones, wav
from telephony.core.policy import Policy
from telephony.tape.compare import totals
from telephony.tape.reader import read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.rehearsal.report import changed
from telephony.tape.replay import replay
from telephony.tape.show import timeline
from telephony.tape.timeline import Timeline
from telephony.testing.import_call import BadTranscript, Said, import_call, read_transcript, summary
from telephony.testing.stack import LoudnessDetector

CALLER = [(2_000, 4_000), (8_000, 9_500), (9_800, 11_000)]
AGENT = [(0, 1_500), (5_000, 7_000), (12_000, 14_000)]
LINES = """Agent: Hello, how can I help?
Caller: what are your opening hours
Agent: From nine to six.
Caller: i would like to book
caller: for four people please
Agent: It is booked.
"""


def sound(spans: list[tuple[int, int]]) -> bytes:
    made = bytearray(tones.silence(16_000))
    for start, end in spans:
        made[start * 8 : end * 8] = tones.sine(300, end - start)
    return bytes(made)


def begins(call: Timeline) -> list[int]:
    """When each stretch of the caller's speech begins, in tenths of a second."""
    return [round(start / 100) for start, _ in call.caller_spans]


@pytest.fixture
def both(tmp_path: Path) -> Path:
    wav.write(tmp_path / "call.wav", sound(CALLER), sound(AGENT))
    (tmp_path / "call.txt").write_text(LINES)
    return tmp_path


def test_two_channels_become_a_call(both: Path) -> None:
    """The caller speaks at the recorded times and the agent's lines keep their order; the tape replays and can be
    rehearsed."""
    transcript = both / "call.txt"
    done = import_call(both / "call.wav", both / "tape", detector=LoudnessDetector(), transcript=transcript)
    tape = read(both / "tape")
    assert replay(tape).same
    call = timeline(tape)
    assert call.lines == [
        ("agent", "Hello, how can I help?"),
        ("caller", "what are your opening hours"),
        ("agent", "From nine to six."),
        ("caller", "i would like to book for four people please"),
        ("agent", "It is booked."),
    ]
    assert begins(call) == [20, 80, 98]
    assert [round(ms, -2) for ms in done.waits] == [1_000, 1_000]
    assert "2 answers in the recording, after 10" in "\n".join(summary(both / "tape", done, []))
    patient = rehearse(tape, changed(tape.header, ["turn_taking=patient"], None, None))
    assert totals(patient.now, None).answers > totals(patient.then, None).answers


def test_the_other_channel_may_be_the_caller(both: Path) -> None:
    """With a policy given, the greeting is that of the policy."""
    done = import_call(
        both / "call.wav", both / "tape", detector=LoudnessDetector(), caller="right", policy=Policy(greeting="Hi.")
    )
    assert begins(timeline(read(both / "tape"))) == [0, 50, 120]
    assert done.header.policy.greeting == "Hi."
    assert "without words" in done.header.made
    assert "only silence decides" in "\n".join(summary(both / "tape", done, []))


def test_one_channel_is_split_by_the_times_of_its_transcript(tmp_path: Path) -> None:
    """With both speakers on one channel, the agent's speech is removed, and each word keeps its time."""
    wav.write(tmp_path / "call.wav", sound([*CALLER, *AGENT]))
    segments = [
        {"speaker": "agent", "text": "Hello.", "start": 0.0, "end": 1.6},
        {"speaker": "caller", "text": "what are your opening hours", "start": 2.0, "end": 4.0},
        {"speaker": "agent", "text": "From nine to six.", "start": 4.9, "end": 7.1},
        {"speaker": "caller", "text": "i would like to book it for two people please", "start": 8.0},
        {"speaker": "agent", "text": "Yes.", "start": 11.9, "end": 14.1},
    ]
    (tmp_path / "call.json").write_text(json.dumps({"segments": segments}))
    import_call(tmp_path / "call.wav", tmp_path / "t", detector=LoudnessDetector(), transcript=tmp_path / "call.json")
    call = timeline(read(tmp_path / "t"))
    assert begins(call) == [20, 80, 98]
    assert [text for who, text in call.lines if who == "caller"] == [segments[1]["text"], segments[3]["text"]]


def test_transcripts_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    """Names, times and plain lines are understood; the error names what is invalid."""
    path = tmp_path / "t.txt"
    path.write_text("[00:01.5] agent: Hello.\n\n3.25 customer: hi there\nand: so on\njust words\n")
    assert read_transcript(path) == [
        Said("agent", "Hello.", 1_500),
        Said("caller", "hi there", 3_250),
        Said("caller", "and: so on"),
        Said("caller", "just words"),
    ]
    path = tmp_path / "t.json"
    for text, what in (
        ("{", "Expecting"),
        ('{"a": 1}', "no list of segments"),
        ('[{"start": 1}]', "segment 1 has no text"),
        ('[{"text": "a", "speaker": "Bob"}]', "said by 'Bob'"),
        ('[{"text": "a", "start": "b"}]', "times that are no seconds"),
        ('[{"text": "a", "start": 1e400}]', "times that are no seconds"),
    ):
        path.write_text(text)
        with pytest.raises(BadTranscript, match=what):
            read_transcript(path)


def test_a_transcript_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Some editors save text as UTF-16."""
    (tmp_path / "t.txt").write_bytes("caller: hello".encode("utf-16"))
    with pytest.raises(BadTranscript, match="no text in UTF-8"):
        read_transcript(tmp_path / "t.txt")
