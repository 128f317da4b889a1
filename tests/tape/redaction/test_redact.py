"""Redaction removes names, numbers, addresses and spans from text and audio, and changes nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from telephony.audio.level import level
from telephony.cli.main import app
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.history import History, ToolUsed
from telephony.tape.codec import BadTape
from telephony.tape.format import Header
from telephony.tape.reader import read
from telephony.tape.redaction.caller_side import noise
from telephony.tape.redaction.personal_data import Mask
from telephony.tape.redaction.redact import redact, redact_to
from telephony.tape.redaction.shape import shape, texts
from telephony.tape.replay import replay
from telephony.tape.show import timeline
from telephony.tape.writer import write
from telephony.testing.simulator import Calls, Part, Simulator
from tests.tape.calls import GREETING, steps

SECRET = ("Morgan", "morgan", "Ellery", "ellery", "5551239876", "555 123", "123 9876", "ellery@", "example")
CARD = "4111222233334444"


def replies(history: History) -> list[Part]:
    said = " ".join(item.text for item in history if not isinstance(item, ToolUsed))
    if "keys" in said:
        return ["Thank you, Mr. Ellery. Goodbye."]
    if "number" in said:
        return ["Was that 5551239876, and jo.ellery@example.com? Please type your card number."]
    if "morgan" in said:
        return [Calls("find", '{"name": "Morgan Ellery", "people": 4}', "Ellery, Morgan: Friday at 19:00"),
                "Hello Morgan Ellery, it is on Friday at seven. What is your number?"]  # fmt: skip
    return ["Of course. What is your name?"]


def private_call() -> Simulator:
    sim = Simulator(GREETING, replies)
    sim.says(3_000, "i want to change my pineapple for four at seven")
    sim.says(12_000, "my name is morgan ellery spelled e l l e r y")
    sim.says(26_000, "my number is five five five one two three nine eight seven six")
    for index, key in enumerate(CARD):
        sim.at(52_000 + 300 * index, e.KeyPressed(key))
    return sim.run(70_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sim = private_call()
    path = tmp_path_factory.mktemp("tapes") / "call-CA0123456789abcdef"
    call = {"sid": "CA0123456789abcdef", "from": "+15551239876"}
    write(path, Header(policy=sim.policy, call=call, began="2026-11-01T12:13:14.000+00:00"), steps(sim))
    return path


def test_nothing_named_is_left_and_everything_else_is_the_same(folder: Path, tmp_path: Path) -> None:
    """No name, number or address is in the new tape; all times, turns, marks and sizes are the same; and it replays."""
    before = read(folder)
    said = "\n".join(redact_to(before, tmp_path / "out", ["Morgan Ellery"], [], "key", False))
    after = read(tmp_path / "out")
    raw = (tmp_path / "out" / "tape.jsonl").read_text()
    assert [one for one in (*SECRET, CARD, "CA0123456789abcdef", "12:13:14") if one in raw] == []
    assert "five five five" not in raw
    assert "e l l e r" not in raw
    assert after.good
    assert replay(after).same
    assert [(s.seq, s.now_ms, type(s.event)) for s in before.steps] == [
        (s.seq, s.now_ms, type(s.event)) for s in after.steps
    ]
    assert [[shape(x) for x in s.actions] for s in before.steps] == [[shape(x) for x in s.actions] for s in after.steps]
    told = [text for _, text in timeline(after).lines]
    assert "i want to change my pineapple for four at seven" in told
    assert timeline(after).called("find", people=4)
    assert any("on Friday at seven" in text for text in told)
    for kind in ("name", "number", "e-mail address"):
        assert kind in said
    assert "Not recognised: names that you have not given" in said


def test_removed_audio_is_noise_of_the_same_level_and_the_rest_is_unchanged(folder: Path) -> None:
    """On both sides. The detector's results stay, so that the decisions stay."""
    before = read(folder)
    done = redact(before, ["Morgan Ellery"], key="key")
    heard = [(old.event, new.event) for old, new in zip(before.steps, done.steps, strict=True)]
    changed = [
        (old, new)
        for old, new in heard
        if isinstance(old, e.AudioReceived | e.SpeechAudio) and isinstance(new, type(old)) and old.pcmu != new.pcmu
    ]
    callers = [(old, new) for old, new in changed if isinstance(old, e.AudioReceived)]
    assert callers
    assert all(replace(new, pcmu=old.pcmu) == old for old, new in callers)
    assert all(abs(level(old.pcmu) - level(new.pcmu)) <= 10 for old, new in callers if (old.speech or 0) > 500)
    times = [old.media_ms for old, _ in callers]
    assert not any(3_000 <= at < 8_000 for at in times), "the first sentence holds no personal data"
    agent = {old.turn for old, _ in changed if isinstance(old, e.SpeechAudio)}
    untouched = {old.turn for old, _ in heard if isinstance(old, e.SpeechAudio)} - agent
    assert agent and untouched  # noqa: PT018  (both exist)


def test_a_span_is_removed_whatever_was_said_in_it(folder: Path) -> None:
    """Words and audio; here the audio becomes silence."""
    before = read(folder)
    done = redact(before, ["Morgan Ellery"], [("caller", 3_000, 8_000), ("agent", 8_000, 10_500)], "key", True)
    lines = [x.text for s in done.steps for x in s.actions if isinstance(x, a.LineAdded)]
    assert not any("pineapple" in line for line in lines)
    assert not any("Of course" in line for line in lines)
    left = [text for step in done.steps for text in texts((step.event, step.actions))]
    assert [text for text in (*left, *sum(done.header.spoken, ())) if "Of course" in text or "your name" in text] == []
    said = [
        (old.event, new.event.pcmu)
        for old, new in zip(before.steps, done.steps, strict=True)
        if isinstance(old.event, e.SpeechAudio) and isinstance(new.event, e.SpeechAudio)
    ]
    first = min(old.turn for old, _ in said)
    sound = b"".join(new for old, new in said if old.turn == first)
    assert sound.count(0xFF) > 0.9 * len(sound)
    silent = [s.event for s in done.steps if isinstance(s.event, e.AudioReceived) and 3_100 <= s.now_ms <= 7_900]
    assert {frame.pcmu for frame in silent} == {b"\xff" * 160}


def test_a_span_of_the_agent_removes_a_fixed_phrase_too(folder: Path) -> None:
    """The greeting goes from the policy, the loaded phrases and the record; other phrases keep their audio."""
    done = redact(read(folder), ["Morgan Ellery"], [("agent", 0, 1_000)], "key", silence=True)
    left = [text for step in done.steps for text in texts((step.event, step.actions, done.header.policy))]
    assert not any("how can I help" in text for text in left)
    phrases = next(step.event.phrases for step in done.steps if isinstance(step.event, e.PhrasesLoaded))
    assert sum(phrase.pcmu.count(0xFF) > 0.9 * len(phrase.pcmu) for phrase in phrases) == 1


@pytest.mark.parametrize("window", [("caller", 5_000, 4_000), ("agent", 900_000, 910_000)])
def test_a_span_outside_the_call_is_refused(folder: Path, window: tuple[str, int, int]) -> None:
    """A typing error must not look as if something had been removed."""
    with pytest.raises(BadTape, match="is not a part of a call of"):
        redact(read(folder), ["Morgan Ellery"], [window], "key")


@pytest.mark.parametrize("name", ["", " ", "x", "x y", "-", "--"])
def test_a_name_too_short_to_search_for_is_refused(folder: Path, name: str) -> None:
    """It would remove nothing, or every such letter."""
    with pytest.raises(BadTape, match="needs a word of two letters or more"):
        redact(read(folder), ["Morgan", name])


def test_names_are_found_in_json_with_escapes(tmp_path: Path) -> None:
    """Tools write a line break as two characters and an accented letter as six; the length of the JSON stays."""
    result = '{"to": "J\\u00fcrgen", "note": "for:\\nJ\\u00fcrgen"}'

    def answers(history: History) -> list[Part]:
        return [Calls("find", '{"who": "J\\u00fcrgen"}', result), "I have found it."]

    sim = Simulator(GREETING, answers)
    sim.says(3_000, "where is my pineapple")
    write(tmp_path / "call", Header(policy=sim.policy), steps(sim.run(15_000)))
    redact_to(read(tmp_path / "call"), tmp_path / "out", ["Jürgen"], [], "key", False)
    raw = (tmp_path / "out" / "tape.jsonl").read_text()
    assert "u00fcrgen" in (tmp_path / "call" / "tape.jsonl").read_text()
    assert "rgen" not in raw
    assert replay(read(tmp_path / "out")).same


def test_a_number_said_in_groups_is_removed_as_a_whole(tmp_path: Path) -> None:
    """Each group is too short to be personal; together they are a phone number."""
    sim = Simulator(GREETING, lambda _: ["Thank you, I have got that."])
    for at, group in ((3_000, "it is five five five"), (9_000, "one two three"), (15_000, "nine eight seven")):
        sim.says(at, group)
    sim.says(22_000, "a table for four")
    write(tmp_path / "call", Header(policy=sim.policy), steps(sim.run(30_000)))
    redact_to(read(tmp_path / "call"), tmp_path / "out", [], [], "key", False)
    raw = (tmp_path / "out" / "tape.jsonl").read_text()
    assert [group for group in ("five five five", "one two three", "nine eight seven") if group in raw] == []
    assert "a table for four" in raw


def test_a_span_removes_partials_without_a_final(tmp_path: Path) -> None:
    """As when the caller hangs up in the middle of a sentence."""
    sim = Simulator(GREETING, lambda _: ["I see."])
    sim.says(3_000, "it is about my pineapple allergy")
    at = next(now for now, event, _ in sim.run(12_000).steps if isinstance(event, e.TranscriptFinal))
    made = [step for step in steps(sim) if step.now_ms < at]
    write(tmp_path / "call", Header(policy=sim.policy), made)
    done = redact(read(tmp_path / "call"), windows=[("caller", 2_000, at)], key="key")
    partials = [step.event.text for step in done.steps if isinstance(step.event, e.TranscriptPartial)]
    assert partials
    assert not any("pineapple" in text or "allergy" in text for text in partials)


def test_if_a_decision_depends_on_the_words_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    """`and` at the end of a line makes the agent wait; without it the call would have gone differently."""
    sim = Simulator(GREETING, replies)
    sim.says(3_000, "i want to book a table and")
    path = tmp_path / "call"
    write(path, Header(policy=sim.policy), steps(sim.run(15_000)))
    with pytest.raises(BadTape, match="a decision depends on the words to be removed"):
        redact_to(read(path), tmp_path / "out", ["and"], [], "key", False)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_did(folder: Path, tmp_path: Path) -> None:
    """The name of its default folder does not contain the call SID. An unreadable span is refused."""
    ran = CliRunner().invoke(app, ["redact", str(folder), "--name", "Morgan Ellery"])
    assert ran.exit_code == 0, ran.output
    assert (folder.parent / "call-redacted" / "tape.jsonl").is_file()
    ran = CliRunner().invoke(app, ["redact", str(folder), "--span", "3-4", "--out", str(tmp_path / "x")])
    assert ran.exit_code == 2
    ran = CliRunner().invoke(app, ["redact", str(folder), "--out", str(tmp_path / "y")])
    assert "Morgan Ellery" in ran.output.split("Check these words, which are left:")[1]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call me on +49 171 5550123 please", ("call me on", "please")),
        ("it's seven thirty for four, 25 euros, at 19:00", None),
        ("two o'clock on friday the twelfth", None),
        ("double five one two three four", ("double",)),
        ("write to jo.smith@mail.example.com today", ("write to", "today")),
        ("jo dot smith at example dot com yes", ("dot", "at", "dot com yes")),
        ("O'Hara and o'hara's and H A R A", ("and and",)),
    ],
)
def test_personal_data_is_found_and_other_words_are_left(text: str, left: tuple[str, ...] | None) -> None:
    """`left` are the words that stay (None: all)."""
    made = Mask("key", ["O'Hara", "Hara"]).text(text)
    if left is None:
        assert made == text
    else:
        kept = [word for word, now in zip(text.split(), made.split(), strict=True) if word == now]
        assert kept == " ".join(left).split()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60), st.text(max_size=8))
def test_stand_ins_have_the_shape_of_the_original(text: str, name: str) -> None:
    """For any text: the same length, the same white space, and the same result each time."""
    made = Mask("key", [name]).text(text)
    assert len(made) == len(text)
    assert [char.isspace() for char in made] == [char.isspace() for char in text]
    assert Mask("key", [name]).text(text) == made


def test_every_text_field_of_an_event_is_masked_or_known() -> None:
    """Mask a new text field of an event, then enter it here."""
    with_text = {
        (kind.__name__, one.name)
        for kind in (e.TranscriptPartial, e.TranscriptFinal, e.ReplyDelta, e.ToolWanted, e.ToolFinished, e.SpeechAudio,
                     e.Phrase, e.Word, e.CallStarted, e.EndRequested, e.KeyPressed, e.CallerLeft, e.OutboxOverflowed)
        for one in fields(kind)
        if one.type == "str"
    }  # fmt: skip
    assert {name for _, name in with_text} == {
        *("text", "arguments", "extra", "result", "stream_sid", "reason", "digit"),
        *("tool_call_id", "name", "how", "port"),  # ids and fixed words
    }


def test_noise_depends_only_on_the_level() -> None:
    """All audio of the same level gives the same noise."""
    assert noise(b"\x55" * 320) == noise(b"\x55" * 320)
    assert noise(b"\x55" * 320) == noise(b"\xd5" * 320)
    assert noise(b"\xff" * 160) == b"\xff" * 160
