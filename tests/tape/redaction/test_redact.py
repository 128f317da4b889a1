"""Redaction leaves only words that reveal nothing, and changes no time and no decision."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from telephony.audio.level import level
from telephony.cli.commands import app
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import BargeInReason, DropReason, EndpointReason
from telephony.core.history import History, ToolUsed
from telephony.core.language.english import ENGLISH
from telephony.core.language.language import plain
from telephony.core.language.words import words
from telephony.core.policy import Expects, Policy, TurnTaking, Wording
from telephony.core.turn_taking.weights import WEIGHTS
from telephony.tape.choose import find
from telephony.tape.codec import VOCABULARY, BadTape
from telephony.tape.format import Header
from telephony.tape.reader import Tape, read
from telephony.tape.redaction.noise import noise
from telephony.tape.redaction.redact import WordsDecide, policy_of, redact, redact_to, texts
from telephony.tape.redaction.substitution import AFTER_FIGURES, CLASSES, OF_THE_CORE, Substitution, known_words
from telephony.tape.replay import replay
from telephony.tape.show import timeline
from telephony.tape.writer import write
from telephony.testing.simulator import CallTool, Part, Simulator, last_words
from tests.tape.calls import GREETING, steps

CARD = "4111222233334444"
CALLER = "+15551239876"
SID = "CA0123456789abcdef"
TAPES = Path(__file__).parents[2] / "tapes"
FIRST_FORMAT = Path(__file__).parents[1] / "first_format" / "tapes.zip"
OTHER = known_words(ENGLISH, without=(*CLASSES, "question_ends"))
CHANGING = frozenset().union(*(getattr(ENGLISH, name) for name in CLASSES)) - OTHER
CHANGING |= {word for word, figures in ENGLISH.numerals.items() if set(figures) - {*"01"}}
ALLOWED = (known_words(ENGLISH) | OF_THE_CORE | AFTER_FIGURES) - CHANGING


def replies(history: History) -> list[Part]:
    said = " ".join(item.text for item in history if not isinstance(item, ToolUsed))
    if "keys" in said:
        return ["Thank you, Mr. Ellery. Goodbye."]
    if "number" in said:
        return ["Was that 5551239876, and jo.ellery@example.com? Please type your card number."]
    if "morgan" in said:
        return [CallTool("find", {"name": "Morgan Ellery", "people": 4}, "Ellery, Morgan: Friday at 19:00"),
                "Hello Morgan Ellery, it is on Friday at seven. What is your number?"]  # fmt: skip
    return ["Of course. What is your name?"]


def private_call() -> Simulator:
    sim = Simulator(GREETING, replies)
    sim.says(3_000, "i want to change my pineapple for four at seven")
    sim.says(12_000, "my name is morgan ellery spelled e l l e r y")
    sim.says(26_000, "my number is five five five one two three nine eight seven six")
    for index, key in enumerate(CARD):
        sim.presses(52_000 + 300 * index, key)
    return sim.run(70_000)


def taped(path: Path, sim: Simulator) -> Tape:
    call = {"sid": SID, "from": CALLER}
    write(path, Header(policy=sim.policy, call=call, began="2026-11-01T12:13:14.000+00:00"), steps(sim))
    return read(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taped(tmp_path_factory.mktemp("tapes") / f"call-{SID}", private_call()).path


@pytest.fixture(scope="module")
def before(folder: Path) -> Tape:
    return read(folder)


FIXED = {"vocabulary", "telephony_tape", "package", "tools", "engine", "made", "language", "kind", "turn_taking"}
"""In the header: no words of anybody's."""
OF_THE_TAPE = {
    *("caller", "agent", "final", "partial", "none", "transfer"),
    *(part for kind in (EndpointReason, BargeInReason, DropReason) for one in kind for part in words(one.name.lower())),
    *(part for kind in (EndpointReason, BargeInReason, DropReason) for one in kind for part in words(one.value)),
    *(part for feature in WEIGHTS for part in words(feature)),
    *(
        part
        for code in ("silent_goodbye", "mulaw", "provider_unavailable", "empty_reply", "The caller interrupted")
        for part in words(code)
    ),
}
"""Values of decisions and of the core's own texts."""


def revealing(text: str) -> set[str]:
    """The words and runs of two or more digits of a text that must not be found again."""
    text = re.sub(r" [+-]\d+", "", text) if text.startswith("done ") else text  # the weights behind a decision
    found = {word for word in words(text) if not re.search(r"\d", word) and len(word) > 1}
    parts = {part for word in found for part in re.split("['-]", word)}
    digits = {re.sub(r"^(?:19|20)(?=\d\d$)", "", run) for run in re.findall(r"\d\d+", text)}
    return {word for word in parts if word and not known(word) and word not in OF_THE_TAPE} | {
        run for run in digits if set(run) - {*"01"}
    }


PIECES = {piece for one in ALLOWED for piece in re.split("['-]", one)} | {
    end for one in ALLOWED for _, mark, end in [one.partition("'")] if mark
}


def known(word: str) -> bool:
    return word in ALLOWED or word in PIECES or plain(word) in ALLOWED


def values(data: object) -> Iterator[str]:
    """The texts in JSON data, names apart: of classes, fields, parameters, tools, phrases and marks."""
    match data:
        case str() if (found := parsed(data)) is not None:
            yield from values(found)
        case str():
            yield data
        case dict():
            yield from (text for name, value in data.items() if name not in FIXED for text in values(value))
        case ["ToolWanted", turn, *_]:
            yield from values([turn, data[2], *data[4:]])
        case ["ToolUsed", *_]:
            yield from values([data[1], *data[3:]])
        case ["Phrase", _, *rest]:
            yield from values(rest)
        case ["MarkReached" | "SendMark", _] | ["caller" | "agent" | "silence", int(), *_]:
            pass
        case [str(name), *rest] if name in VOCABULARY:
            yield from values(rest)
        case list():
            yield from (text for value in data for text in values(value))


def parsed(text: str) -> object:
    """A JSON object or list in a text, or None."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


def on_disk(path: Path) -> list[str]:
    """All texts in the folder of a tape, see `values`. Texts that come in pieces are put together."""
    found, pieces = list[str](), dict[tuple[object, ...], str]()
    for line in (path / "tape.jsonl").read_text(errors="surrogatepass").strip("\n").split("\n"):
        data = json.loads(line)
        match data:
            case [_, _, ["ReplyDelta" as name, turn, text], actions]:
                pieces[name, turn] = pieces.get((name, turn), "") + text
                data = actions
            case [_, _, ["SpeechAudio" as name, turn, attempt, _, text, _], actions]:
                pieces[name, turn, attempt] = pieces.get((name, turn, attempt), "") + text
                data = actions
        found += values(data)
    return [*found, *pieces.values()]


def found_again(original: Path, path: Path) -> set[str]:
    """What of the original tape's words and numbers is in the redacted folder; words of a class may change places, but
    are found where they stood if they have not changed."""
    secrets, left = ({one for text in on_disk(folder) for one in revealing(text)} for folder in (original, path))
    stood = [
        [x.text for s in read(one).steps for x in s.actions if isinstance(x, a.LineAdded)] for one in (original, path)
    ]
    pairs = [pair for old, new in zip(*stood, strict=True) for pair in zip(words(old), words(new), strict=True)]
    return (secrets & left) - CHANGING | {old for old, new in pairs if old in CHANGING and old == new}


def test_only_allowed_words_are_left_and_every_timing_is_the_same(before: Tape, tmp_path: Path) -> None:
    """No name, number, address or key is in the new tape; all times, turns and decisions are the same; it replays."""
    said = "\n".join(redact_to(before, tmp_path / "out", (), "key", False))
    after = read(tmp_path / "out")
    raw = (tmp_path / "out" / "tape.jsonl").read_text().lower()
    secret = ("morgan", "ellery", "pineapple", "friday", CARD, CALLER[1:], SID.lower(), "2026-11-01", "five five")
    assert [one for one in secret if one in raw] == []
    assert found_again(before.path, tmp_path / "out") == set()
    assert after.good
    assert replay(after).same
    kinds = [(s.seq, s.now_ms, type(s.event), [type(x) for x in s.actions]) for s in before.steps]
    assert [(s.seq, s.now_ms, type(s.event), [type(x) for x in s.actions]) for s in after.steps] == kinds
    assert re.search(r"i want to change my \w{9} for \w+ at \w+", raw)
    assert "different words and numbers replaced" in said


def test_names_of_parameters_and_tools_stay_and_values_change(before: Tape) -> None:
    """A number of a tool's argument changes as the same number does in the agent's and the caller's text."""
    done = redact(before, key="key")
    wanted = next(step.event for step in done.steps if isinstance(step.event, e.ToolWanted))
    arguments = json.loads(wanted.arguments)
    assert (wanted.name, list(arguments)) == ("find", ["name", "people"])
    told = next(x.text for s in done.steps for x in s.actions if isinstance(x, a.LineAdded) and x.speaker == "caller")
    four = told.split()[told.split().index("for") + 1]
    assert ENGLISH.numerals[four] == str(arguments["people"]) != "4"
    hello = next(x.text for s in done.steps for x in s.actions if isinstance(x, a.LineAdded) and "it is on" in x.text)
    assert arguments["name"] in hello, "one word has one replacement, whoever says it"


def test_a_kept_word_stays(before: Tape) -> None:
    done = redact(before, ["Pineapple", "friday", "four"], key="key")
    lines = [x.text for s in done.steps for x in s.actions if isinstance(x, a.LineAdded)]
    assert any("my pineapple for four at" in line for line in lines)
    assert any("on Friday at" in line for line in lines)


@pytest.mark.parametrize("silence", [False, True])
def test_all_sound_of_the_caller_is_replaced_and_the_agents_where_words_change(before: Tape, silence: bool) -> None:
    """By noise of the same level, or by silence. The detector's results stay, so that the decisions stay."""
    done = redact(before, key="key", silence=silence)
    heard = [(old.event, new.event) for old, new in zip(before.steps, done.steps, strict=True)]
    callers = [
        (old, new) for old, new in heard if isinstance(old, e.AudioReceived) and isinstance(new, e.AudioReceived)
    ]
    assert all(replace(new, pcmu=old.pcmu) == old for old, new in callers)
    if silence:
        assert {new.pcmu for _, new in callers} == {b"\xff" * 160}
    else:
        assert all(new.pcmu != old.pcmu for old, new in callers if (old.speech or 0) > 500)
        assert all(abs(level(old.pcmu) - level(new.pcmu)) <= 10 for old, new in callers if (old.speech or 0) > 500)
    agents = [(old, new) for old, new in heard if isinstance(old, e.SpeechAudio) and isinstance(new, e.SpeechAudio)]
    assert all(len(old.pcmu) == len(new.pcmu) for old, new in agents)
    assert any(old.pcmu == new.pcmu for old, new in agents)
    changed = [(old, new) for old, new in agents if len(old.text) == len(new.text) > 0 and old.text != new.text]
    assert changed
    assert all(old.pcmu != new.pcmu for old, new in changed)


def test_json_with_escapes_is_replaced(tmp_path: Path) -> None:
    """Tools write a line break as two characters and an accented letter as six."""
    result = '{"Jürgen": "for:\\nJ\\u00fcrgen", "big": [12.50, true, null]}'
    sim = Simulator(GREETING, lambda _: [CallTool("find", {"who": "Jürgen"}, result), "I have found it."])
    sim.says(3_000, "where is my pineapple")
    redact_to(taped(tmp_path / "call", sim.run(15_000)), tmp_path / "out", (), "key", False)
    after = read(tmp_path / "out")
    assert replay(after).same
    made = json.loads(next(s.event.result for s in after.steps if isinstance(s.event, e.ToolFinished)))
    assert list(made) == ["J\u00fcrgen", "big"]
    assert re.fullmatch(r"for:\n[A-Z][a-z]{5}", made["J\u00fcrgen"])
    assert "rgen" not in made["J\u00fcrgen"]
    assert made["big"][1:] == [True, None]
    assert made["big"][0] != 12.5


def test_what_the_model_says_of_the_words_stays(tmp_path: Path) -> None:
    """The ellipsis belongs to the words, whatever they are replaced by, and to these alone."""
    sim = Simulator(
        replace(GREETING, turn_taking=TurnTaking(trusts_model=True)),
        replies,
        unfinished=lambda history: last_words(history).endswith("morgan"),
    )
    end = sim.says(3_000, "my name is morgan")
    sim.says(end + 900, "Morgan Ellery at pineapple lane")
    redact_to(taped(tmp_path / "call", sim.run(15_000)), tmp_path / "out", (), "key", False)
    after = read(tmp_path / "out")
    assert "…" in "".join(s.event.text for s in after.steps if isinstance(s.event, e.ReplyDelta))
    assert "organ" not in str(after.steps)
    assert replay(after).same


def test_if_a_decision_depends_on_the_words_nothing_is_written(tmp_path: Path) -> None:
    """ "Two" alone may be any sound to the recogniser, and does not interrupt; another number would."""
    sim = Simulator(GREETING, lambda _: ["We open at nine in the morning and close at six. On Sundays we stay closed."])
    sim.says(3_000, "what are your opening hours")
    sim.says(7_000, "two", ms=400)
    made = taped(tmp_path / "call", sim.run(20_000))
    with pytest.raises(BadTape, match=r"a decision depends on the words to be replaced .* it was .*, and would be"):
        redact_to(made, tmp_path / "out", (), "key", False)
    assert not (tmp_path / "out").exists()
    redact_to(made, tmp_path / "out", ["two"], "key", False)
    assert replay(read(tmp_path / "out")).same


def test_the_command_says_what_it_did(folder: Path, tmp_path: Path) -> None:
    """The name of its default folder does not contain the call SID."""
    ran = CliRunner().invoke(app, ["redact", str(folder), "--keep", "pineapple", "--keep", "Morgan"])
    assert ran.exit_code == 0, ran.output
    raw = (folder.parent / "call-redacted" / "tape.jsonl").read_text()
    assert "pineapple" in raw
    assert "morgan" in raw
    assert "ellery" not in raw.lower()
    assert "what you keep: Morgan, pineapple" in ran.output
    ran = CliRunner().invoke(app, ["redact", str(folder), "--silence", "--out", str(tmp_path / "y")])
    assert "of the agent are silence now" in ran.output


@pytest.mark.parametrize("name", [path.name for path in find(TAPES)])
def test_every_tape_can_be_redacted_and_replays(name: str, tmp_path: Path) -> None:
    original = read(TAPES / name)
    redact_to(original, tmp_path / "out", (), "key", False)
    after = read(tmp_path / "out")
    assert replay(after).same
    assert found_again(original.path, tmp_path / "out") == set()
    assert timeline(after).ended == timeline(original).ended


@pytest.mark.parametrize("name", [path.name for path in find(TAPES)])
def test_a_tape_of_the_first_format_is_redacted_by_way_of_a_rehearsal(name: str, tmp_path: Path) -> None:
    """Where today's rules decide otherwise, redaction says how to make a tape that they decide the same."""
    with zipfile.ZipFile(FIRST_FORMAT) as archive:
        archive.extractall(tmp_path / "first", [one for one in archive.namelist() if one.startswith(f"{name}/")])
    original = read(tmp_path / "first" / name)
    if not replay(original).same:
        with pytest.raises(BadTape, match=r"telephony rehearse .+ --out FOLDER"):
            redact(original)
        ran = CliRunner().invoke(app, ["rehearse", str(original.path), "--out", str(tmp_path / "new")])
        assert ran.exit_code in (0, 1), ran.output
        [path] = find(tmp_path / "new")
        original = read(path)
    redact_to(original, tmp_path / "out", (), "key", False)
    assert replay(read(tmp_path / "out")).same
    assert found_again(original.path, tmp_path / "out") == set()


# --- any words ------------------------------------------------------------------------------------------------------

SAID = st.sampled_from(
    "i want to book a table for four people on friday the twelfth at seven please my name is and Ellery o'hara "
    "Jean-Luc é naïve smith s m t 1987 555 0123 24 4 at example dot com twenty-three B4 30th oh Straße ŉ İ x_y".split()
)
LINE = st.lists(SAID, min_size=1, max_size=8).map(" ".join)


@given(LINE, LINE, st.text(st.characters(codec="utf-8"), max_size=12))
@example("my name is smith s m i t h", "Was that 24 people, Smith?", "\u0660\u0661\u0669 ²")
@example("i", "i", "BÈ")  # a known word with an accent
@settings(max_examples=15)
def test_no_original_word_or_number_is_left(said: str, answer: str, value: str) -> None:
    """Whatever is said: nothing outside the allowed words is in the folder, and the tape replays (or is refused)."""
    arguments = {"smith": value, "n": [24]}
    sim = Simulator(GREETING, lambda _: [CallTool("find_smith", arguments, f"{value} {said}"), f"{answer}."])
    sim.says(3_000, said)
    with TemporaryDirectory() as made:
        original = taped(Path(made) / "call", sim.run(15_000))
        out = Path(made) / "out"
        try:
            redact_to(original, out, (), "key", False)
        except WordsDecide:
            assert not out.exists()
            return
        raw = (out / "tape.jsonl").read_text(errors="surrogatepass")
        assert found_again(original.path, out) == set()
        assert CALLER[1:] not in raw
        assert SID[2:] not in raw
        assert replay(read(out)).same


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=5), st.text(max_size=4))
def test_replacements_have_the_shape_of_the_original(lines: list[str], key: str) -> None:
    """For any text: the same white space, each time the same, and word by word as in the whole."""
    made = Substitution(lines, ENGLISH, key)
    for line in lines:
        now = made.text(line)
        assert [char for char in now if char.isspace()] == [char for char in line if char.isspace()]
        assert made.text(line) == now
        assert " ".join(map(made.text, line.split())).split() == now.split()
        if not CHANGING & set(re.split(r"[\W_\d]+", line.lower())):
            assert len(now) == len(line)


def test_one_word_has_one_replacement() -> None:
    """Of the same length and case, a word of no language; two words never have the same."""
    lines = [
        "Ellery ellery ELLERY Morgan four 4 twenty-four 24 fourteen friday may second s t",
        "jo@example.com's bo ba",
    ]
    made = Substitution(lines, ENGLISH, "key")
    ellery, lower, upper, morgan, four, figure, both, figures, teen, day, may, second, *letters = made.text(
        lines[0]
    ).split()
    assert ellery.lower() == lower == upper.lower() != morgan.lower()
    assert [ellery.istitle(), upper.isupper(), len(ellery)] == [True, True, 6]
    assert ENGLISH.numerals[four] == figure != "4"
    assert both.split("-")[1] == four
    assert figures[1] == figure == ENGLISH.numerals[teen][1]
    assert day in ENGLISH.weekdays - {"friday"}
    assert (may, second) == ("may", "second"), "they are other words as well"
    assert not set(letters) & {*"staeiou"} - {*"eou"}
    name, domain, end, bo, ba = re.split(r"[@. ]", made.text(lines[1]))
    assert end.partition("'")[2] == "s"
    assert end.partition("'")[0] in ENGLISH.domains - {"com"}
    assert len({name, domain, bo, ba}) == 4


def test_a_spelled_word_and_its_letters_agree() -> None:
    """ "Nguyen, N-G-U-Y-E-N": that the letters spell what was said before says that the spelling is complete."""
    made = Substitution(["the name is nguyen", "N-G-U-Y-E-N"], ENGLISH, "key")
    assert made.text("N-G-U-Y-E-N").replace("-", "").lower() == made.text("nguyen") != "nguyen"


@pytest.mark.parametrize(
    "text", ["10 0 1 100 one zero oh ten eleven hundred", "is 9 a.m. for me, e.g. 30th, 7pm or so"]
)
def test_what_turn_taking_looks_for_stays(text: str) -> None:
    made = Substitution([text], ENGLISH, "key").text(text)
    assert re.sub(r"[2-9]", "", made) == re.sub(r"[2-9]", "", text)


def test_a_year_keeps_its_century() -> None:
    made = Substitution(["1987 2034 8719"], ENGLISH, "key").text("1987 2034 8719").split()
    assert [made[0][:2], made[1][:2]] == ["19", "20"]
    assert made[2][:2] == made[0][2:]
    assert made[2] not in ("8719", "1987")


def test_everything_that_the_agent_says_is_in_the_policy() -> None:
    """Of the settings only these are texts; the others are compared by the core."""
    policy = Policy("Hello.", must_be_heard=("We record.",), expects=(Expects("booking", "code"),))
    made = policy_of(policy, lambda text: "x" * len(text))
    changed = {one.name for one in fields(policy) if getattr(made, one.name) != getattr(policy, one.name)}
    assert changed == {"greeting", "must_be_heard", "expects", "wording"}
    assert made.expects == (Expects("xxxxxxx", "code"),)
    assert all(set(text) <= {"x"} for text in texts(made.wording))
    strings = {one.name for kind in (Policy, Expects) for one in fields(kind) if one.type == "str"}
    assert strings == {"greeting", "language", "phrase", "kind"}
    assert {one.type for one in fields(Wording)} == {"str"}


def test_every_text_field_of_an_event_is_replaced_or_known() -> None:
    """Replace a new text field of an event, then enter it here."""
    with_text = {
        (kind.__name__, one.name)
        for kind in (e.TranscriptUpdated, e.ReplyDelta, e.ToolWanted, e.ToolFinished, e.SpeechAudio,
                     e.Phrase, e.Word, e.CallStarted, e.EndRequested, e.KeyPressed, e.OutboxOverflowed)
        for one in fields(kind)
        if one.type == "str"
    }  # fmt: skip
    assert {name for _, name in with_text} == {
        *("text", "stable", "tentative", "arguments", "extra", "result", "stream_sid", "reason", "digit"),
        *("tool_call_id", "name", "port"),  # ids and fixed words
    }


def test_noise_depends_only_on_the_level() -> None:
    """All audio of the same level gives the same noise."""
    assert noise(b"\x55" * 320) == noise(b"\x55" * 320)
    assert noise(b"\x55" * 320) == noise(b"\xd5" * 320)
    assert noise(b"\xff" * 160) == b"\xff" * 160
