"""Writing and reading whole tapes, damaged tapes, and tapes of other versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import RULES
from telephony.tape.choose import find, one
from telephony.tape.codec import BadTape
from telephony.tape.format import FORMAT, NAME, Header, from_data, to_data
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.tape.upgrades import UPGRADES
from telephony.tape.writer import TapeWriter
from tests.tape.calls import conversation, steps, tape


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tape(tmp_path_factory.mktemp("tapes") / "call")


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    for file in recorded.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def lines(path: Path) -> list[bytes]:
    return (path / "tape.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(path: Path, changed: list[bytes]) -> None:
    (path / "tape.jsonl").write_bytes(b"".join(changed))


def test_a_tape_reads_as_it_was_written(recorded: Path) -> None:
    """Every step, to the byte. The tape is small, because sent audio refers to the synthesised speech."""
    found, made = read(recorded), conversation()
    assert found.good
    assert found.steps == steps(made)
    assert found.header.policy == made.policy
    _, stock, _ = made.steps[0]
    assert isinstance(stock, e.PhrasesLoaded)
    sent = sum(len(action.pcmu) for _, action in made.actions(a.SendAudio))
    stored = (recorded / "agent.ulaw").stat().st_size
    came = sum(len(event.pcmu) for _, event, _ in made.steps if isinstance(event, e.SpeechAudio))
    came += sum(len(phrase.pcmu) for phrase in stock.phrases)
    assert sent > 100_000
    assert stored <= came


def test_a_tape_says_by_which_rules_it_was_decided() -> None:
    """Tapes from before rules had a number were decided by the first."""
    data = to_data(Header())
    assert from_data(data)[0].rules == RULES
    del data["rules"]
    assert from_data(data)[0].rules == 1
    with pytest.raises(BadTape, match="rules"):
        from_data(data | {"rules": "2"})


def test_only_the_owner_can_read_a_tape(recorded: Path) -> None:
    """Tapes hold private conversations."""
    assert [path.stat().st_mode & 0o077 for path in (recorded, *recorded.iterdir())] == [0, 0, 0, 0]


def test_nothing_is_overwritten(recorded: Path) -> None:
    """A second tape in the same folder is refused."""
    with pytest.raises(FileExistsError, match="there is a tape here already"):
        TapeWriter(recorded, Header())


def test_a_tape_that_breaks_off_is_read_up_to_there(copy: Path) -> None:
    """After a crash, the last line may be cut off; the steps before it replay."""
    all_lines = lines(copy)
    rewrite(copy, [*all_lines[:500], all_lines[500][:30]])
    found = read(copy)
    assert len(found.steps) == found.whole == 499
    assert not found.good
    assert found.problems == [f"{copy / 'tape.jsonl'}, line 501: the line is cut off"]
    done = replay(found)
    assert (done.same, done.difference, done.steps) == (False, None, 499)
    assert "the same as far as it can be replayed" in done.report()


def test_a_tape_without_its_end_says_so(copy: Path) -> None:
    """All lines are complete, but the end line is missing."""
    rewrite(copy, lines(copy)[:-1])
    found = read(copy)
    assert "breaks off after" in found.problems[0]
    assert replay(found).difference is None


DAMAGE: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda line: b"\x00" * 40 + b"\n", "not readable as JSON"),
    (lambda line: line.replace(b"[", b"{", 1), "not readable as JSON"),
    (lambda line: b"[1,2]\n", "a step is"),
    (lambda line: b'{"note":"by hand"}\n', "neither a step nor the end"),
    (lambda line: line + line, "follows where step"),
    (lambda line: b"", "follows where step"),
    (lambda line: json.dumps([*json.loads(line)[:1], 0, *json.loads(line)[2:]]).encode() + b"\n", "time goes back"),
    (lambda line: line.replace(b'"caller",', b'"caller",-9'), "is not audio"),
    (lambda line: line.replace(b",160]", b",160000000000]"), "is not audio"),
    (lambda line: json.dumps([json.loads(line)[0], 10**12, *json.loads(line)[2:]]).encode() + b"\n", "no call is so"),
    (lambda line: b'{"lost":{"steps":-5}}\n' + line, "`lost` says -5 steps"),
    (lambda line: b'{"lost":{"steps":true}}\n' + line, "`lost` says True steps"),
    (lambda line: b'{"lost":{"steps":1000000000000}}\n' + line, "`lost` says 1000000000000 steps"),
    (lambda line: b'{"lost":null}\n' + line, "`lost` says None"),
    (lambda line: b'{"end":{"steps":"all"}}\n' + line, "`end` says"),
    (lambda line: line.replace(b"AudioReceived", b"AudioReceivd"), "AudioReceivd is not known"),
]


@pytest.mark.parametrize(("damage", "what"), DAMAGE, ids=[what for _, what in DAMAGE])
def test_damage_is_reported_with_its_line_and_earlier_steps_are_read(
    copy: Path, damage: Callable[[bytes], bytes], what: str
) -> None:
    """The problem names file, line, and what is wrong."""
    changed = lines(copy)
    at = next(i for i in range(300, 400) if b'["AudioReceived"' in changed[i] and changed[i].count(b"[") == 6)
    changed[at] = damage(changed[at])
    rewrite(copy, changed)
    found = read(copy)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{copy / 'tape.jsonl'}, line ")
    assert what in found.problems[0]
    assert 297 <= len(found.steps) <= 400
    assert replay(found).difference is None


def test_missing_audio_is_reported_and_the_steps_can_still_be_read(copy: Path) -> None:
    """A tape without an audio file cannot be replayed, but it can be shown."""
    (copy / "caller.ulaw").unlink()
    found = read(copy)
    assert "caller.ulaw" in found.problems[0]
    assert found.whole == 0
    assert len(found.steps) == len(steps(conversation()))


def test_audio_that_breaks_off_is_silence_and_the_steps_can_still_be_read(copy: Path) -> None:
    """An audio file that is too short is reported once, with the first line that needs the missing part."""
    sound = (copy / "agent.ulaw").read_bytes()
    whole = read(copy)
    for kept in (0, len(sound) - 8_000):
        (copy / "agent.ulaw").write_bytes(sound[:kept])
        found = read(copy)
        assert [step.now_ms for step in found.steps] == [step.now_ms for step in whole.steps]
        assert len(found.problems) == 1
        assert found.problems[0].startswith(f"{copy / 'tape.jsonl'}, line ")
        assert f"agent.ulaw ends at byte {kept}, before" in found.problems[0]
        assert (found.whole > 100) == bool(kept)
        assert found.steps[: found.whole] == whole.steps[: found.whole]
        assert replay(found).difference is None
    speech = b"".join(step.event.pcmu for step in found.steps if isinstance(step.event, e.SpeechAudio))
    assert speech.endswith(b"\xff" * 7_000)


def test_an_end_line_with_another_count_is_reported(copy: Path) -> None:
    """Lost steps are counted twice: where they are missing, and in the end line."""
    *some, end = lines(copy)
    for lost in (3, -1, "x"):
        counted = json.loads(end)
        counted["end"]["lost"] = lost
        rewrite(copy, [*some, json.dumps(counted).encode() + b"\n"])
        found = read(copy)
        assert (found.good, len(found.steps)) == (False, len(some) - 1)
        assert f"`end` says that {lost} steps were lost" in found.problems[0]


def test_changed_audio_is_noticed(copy: Path) -> None:
    """Decisions do not depend on the audio, so only its CRC shows the change."""
    sound = bytearray((copy / "caller.ulaw").read_bytes())
    sound[1_000] ^= 1
    (copy / "caller.ulaw").write_bytes(sound)
    assert [p for p in read(copy).problems if "changed since" in p]


def test_a_word_changed_by_hand_is_a_difference(copy: Path) -> None:
    """A tape that was edited where it affects a decision does not replay."""
    text = (copy / "tape.jsonl").read_bytes()
    edited = text.replace(b'["TranscriptUpdated","what are your', b'["TranscriptUpdated","what were your', 1)
    assert edited != text
    (copy / "tape.jsonl").write_bytes(edited)
    assert replay(read(copy)).difference is not None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            {NAME: FORMAT + 1, "package": "9.0"},
            f"format {FORMAT + 1} (telephony 9.0); this version reads up to {FORMAT}",
        ),
        ({NAME: 0}, "format 0, which this version can no longer read"),
        ({NAME: None}, "this is not a tape"),
        ({"rate": 16_000}, "mulaw at 16000 Hz; mulaw at 8000 Hz is needed"),
        ({"vocabulary": None}, "no vocabulary"),
        ({"vocabulary": {"AudioReceived": [["pcmu"]]}}, "no vocabulary"),
        ({"spoken": None}, "`spoken` in the header"),
        ({"policy": {"greeting": 3}}, "policy.greeting is 3, not str"),
        ({"policy": {"limits": {"filler_ms": -1}}}, "policy.limits.filler_ms is -1; it must be from 0 to"),
        ({"policy": {"limits": {"call_ms": 10**15}}}, "policy.limits.call_ms is 1000000000000000; it must be"),
        ({"policy": {"turn_taking": {"voiced_at": 100}}}, "unvoiced_below is 350, above voiced_at (100)"),
        ({"policy": {"expects": [{"phrase": "x", "length": -1}]}}, "policy.expects[0].length is -1"),
        ({"policy": {"language": "klingon"}}, "policy.language is 'klingon', which is not a language code"),
        ({"language": "xx"}, "`language` in the header is 'xx', which is not a language code"),
        ({"engine": "bridge", "engine_policy": {"limits": {"reply_ms": -5}}}, "engine_policy.limits.reply_ms is -5"),
    ],
)
def test_unusable_headers_are_refused_with_the_reason(copy: Path, change: dict[str, Any], what: str) -> None:
    """Other versions, other audio rates, invalid settings."""
    first, *rest = lines(copy)
    rewrite(copy, [json.dumps(json.loads(first) | change).encode() + b"\n", *rest])
    with pytest.raises(BadTape) as raised:
        read(copy)
    assert what in str(raised.value)
    assert f"{copy / 'tape.jsonl'}, line 1" in str(raised.value)


@pytest.mark.parametrize("first", [b"hello\n", b"hello", b"\x00\xff\n", b"[1]\n", b"\xef\xbb\xbf"])
def test_another_file_of_that_name_is_not_a_tape(copy: Path, first: bytes) -> None:
    """Text, bytes, other JSON; and a tape to which an editor has added a byte order mark."""
    old = lines(copy)
    rewrite(copy, [first + old[0], *old[1:]] if first == b"\xef\xbb\xbf" else [first])
    with pytest.raises(BadTape, match=r"tape\.jsonl, line 1: this is not a tape: ") as raised:
        read(copy)
    assert ("byte order mark" in str(raised.value)) == (first == b"\xef\xbb\xbf")


def test_an_older_format_is_upgraded_as_it_is_read(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invented format 0, in which `KeyPressed` has another name."""

    def from_0(header: dict[str, Any], rest: list[Any]) -> tuple[dict[str, Any], list[Any]]:
        vocabulary = header["vocabulary"] | {"KeyPressed": ["digit"]}
        renamed = json.loads(json.dumps(rest).replace('"Key"', '"KeyPressed"'))
        return header | {NAME: FORMAT, "vocabulary": vocabulary}, renamed

    for made in range(1, FORMAT):
        monkeypatch.setitem(UPGRADES, made, lambda header, rest: (header, rest))  # in all else it is today's
    monkeypatch.setitem(UPGRADES, 0, from_0)
    text = (
        (copy / "tape.jsonl")
        .read_text()
        .replace('"KeyPressed"', '"Key"')
        .replace(f'"{NAME}":{FORMAT}', f'"{NAME}":0', 1)
    )
    (copy / "tape.jsonl").write_text(text)
    found = read(copy)
    assert found.good
    assert replay(found).same
    (copy / "tape.jsonl").write_text(text[:-10])
    assert [what for what in read(copy).problems if "the line is cut off" in what]


def test_lost_steps_are_reported_and_nothing_after_them_is_replayed(tmp_path: Path) -> None:
    """As after a disk that was too slow for a while."""
    made = steps(conversation())
    writer = TapeWriter(tmp_path / "call", Header(policy=conversation().policy))
    for step in made:
        if step.seq == 700:
            writer.lost(50)
        if not 700 <= step.seq < 750:
            writer.step(step)
    writer.close()
    found = read(tmp_path / "call")
    assert (found.whole, len(found.steps), found.ended, found.good) == (700, len(made) - 50, True, False)
    assert "50 steps could not be recorded" in found.problems[0]
    assert replay(found).difference is None


def test_tapes_are_found_by_folder_and_by_call_sid(tmp_path: Path) -> None:
    """A folder gives its newest tape; part of a call SID is looked up where calls are recorded."""
    for name in ("2026-01-01/120000-CAabc", "2026-01-02/080000-CAdef"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "tape.jsonl").touch()
    assert [path.name for path in find(tmp_path)] == ["120000-CAabc", "080000-CAdef"]
    assert one(str(tmp_path)).name == "080000-CAdef"
    assert one("CAabc", tmp_path).name == "120000-CAabc"
    for call, recorded, what in (("CAxyz", tmp_path, "neither"), ("CAabc", None, "TELEPHONY_TAPES is not set")):
        with pytest.raises(BadTape, match=what):
            one(call, recorded)
    with pytest.raises(BadTape, match="no tape here"):
        find(tmp_path / "2026-01-01" / "120000-CAabc" / "nothing")
