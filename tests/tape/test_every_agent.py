"""Every agent that may answer a call gives a tape that can be read; one whose tape could not be is refused first."""

from __future__ import annotations

import tempfile
import typing
import warnings
from dataclasses import fields
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telephony.agent import Agent, IncomingCall, LanguageSlip, ManagedAgent, Voice
from telephony.core.language.codes import is_tag
from telephony.core.policy import EntryKind, Expects, Limits, Policy, Speculate, Tuning, TurnTaking, Wording
from telephony.tape.format import plain
from telephony.tape.reader import read
from telephony.tape.recorder import header_for
from telephony.tape.writer import write

EDGES = (-1, 0, 1, 349, 350, 500, 999, 1_000, 1_001, 5_000, 10**6, 10**12, 10**12 + 1, 2**63, 10**4_000)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
numbers = st.sampled_from(EDGES) | st.integers(0, 1_000)
texts = st.text(st.characters(), max_size=20) | st.sampled_from(["", "caf\ud83d", "a\u2028b", "\x00", "{", "\ufeff"])


def values(kind: type) -> st.SearchStrategy[Any]:
    """Objects of a class of the policy, most of whose fields have their defaults; None for one that is refused."""
    hints = typing.get_type_hints(kind)
    given: dict[type, st.SearchStrategy[Any]] = {int: numbers, str: texts, bool: st.booleans()}
    plain_ones = {one.name: given[hints[one.name]] for one in fields(kind) if hints[one.name] in given}
    plain_ones |= {one.name: numbers for one in fields(kind) if hints[one.name] == int | None}
    chosen = st.sets(st.sampled_from(sorted(plain_ones)), max_size=2)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({n: plain_ones[n] for n in names})).map(
        lambda found: made(kind, found)
    )


def made(kind: type, found: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LanguageSlip)  # such an agent is refused at the start, but not in a call
        try:
            return kind(**found)
        except ValueError:
            return None


def agents() -> st.SearchStrategy[Agent | ManagedAgent | None]:
    turn_takings = st.builds(
        lambda taking, tuning: taking and tuning and made(TurnTaking, _all(taking) | {"tuning": tuning}),
        values(TurnTaking),
        values(Tuning),
    )
    pipeline = st.fixed_dictionaries(
        {"prompt": texts},
        optional={
            "greeting": texts,
            "name": texts,
            "model": texts,
            "must_be_heard": st.lists(texts, max_size=2),
            "expects": st.lists(values(Expects).filter(bool), max_size=1).map(tuple),
            "turn_taking": turn_takings.filter(bool),
            "limits": values(Limits),
            "wording": values(Wording),
            "voice": texts.map(lambda code: made(Voice, {"language": code})).filter(bool),
        },
    ).map(lambda found: made(Agent, found))
    managed = st.fixed_dictionaries(
        {"agent_id": st.just("agent_1"), "limits": values(Limits), "wording": values(Wording)},
        optional={"fallback": pipeline},
    ).map(lambda found: made(ManagedAgent, found))
    return pipeline | managed


def _all(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


def reads_back(agent: Agent | ManagedAgent) -> None:
    header = header_for(agent, IncomingCall("CA1", "+15550001111"), datetime(2026, 1, 5, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "tape", header, [])
        found = read(Path(folder) / "tape")
    assert found.good, found.problems
    assert plain(found.header.policy) == plain(header.policy)
    assert plain(found.header.engine_policy) == plain(header.engine_policy)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(agents())
def test_every_agent_that_can_be_made_gives_a_tape_that_can_be_read(agent: Agent | ManagedAgent | None) -> None:
    if agent is not None:
        reads_back(agent)


def numeric(kind: type) -> list[str]:
    hints = typing.get_type_hints(kind)
    return [one.name for one in fields(kind) if hints[one.name] in (int, int | None)]


NUMBERS = [
    *((Limits, name) for name in numeric(Limits)),
    *((TurnTaking, name) for name in numeric(TurnTaking)),
    *((Tuning, name) for name in numeric(Tuning)),
    (Expects, "length"),
]


@pytest.mark.parametrize(("kind", "name"), NUMBERS, ids=[f"{kind.__name__}.{name}" for kind, name in NUMBERS])
def test_each_number_is_refused_or_can_be_read(kind: type, name: str) -> None:
    """At each edge; a negative one and one of a thousand digits never pass."""
    refused = []
    for number in EDGES:
        part = kind(**{name: number})
        given = {
            Limits: {"limits": part},
            TurnTaking: {"turn_taking": part},
            Tuning: {"turn_taking": TurnTaking(tuning=part) if kind is Tuning else None},
            Expects: {"expects": (part,)},
        }[kind]
        try:
            agent = Agent(prompt="P.", **given)
        except ValueError as error:
            assert name in str(error)  # noqa: PT017
            refused.append(number)
        else:
            reads_back(agent)
    assert {-1, 10**4_000} <= set(refused)


def test_each_language_is_refused_or_can_be_read() -> None:
    """One list of codes, with former ones and all spellings of regions."""
    accepted = [a + b for a, b in product(LETTERS, LETTERS) if is_tag(a + b)]
    assert "xx" not in accepted
    assert {"en", "iw", "in", "mo", "sh", "nb"} <= set(accepted)
    for code in (*accepted, "EN", "pt-BR", "en_US", "zh-Hant-TW", "deu", "es-419", "xxx", "en ", "en\n"):
        reads_back(Agent(prompt="P.", voice=made(Voice, {"language": code})))
    for code in ("xx", "english", "e", "", "en-", "12", "\u212an", "en-\u0661\u0662", "en--US"):
        with pytest.warns(LanguageSlip, match="ISO 639-1"):
            agent = Agent(prompt="P.", voice=Voice(language=code))
        reads_back(agent)


def test_refusals_name_agent_and_field() -> None:
    with pytest.raises(ValueError, match=r"^Agent\.limits\.apologies is 5000; it must be from 0 to 1000$"):
        Agent(prompt="P.", limits=Limits(apologies=5_000))
    with pytest.raises(ValueError, match=r"^ManagedAgent\.limits\.tool_ms is -1; "):
        ManagedAgent("agent_1", limits=Limits(tool_ms=-1))
    with pytest.raises(ValueError, match=r"^Agent\.expects\[0\]\.turn_taking\.speculations is -1; "):
        Agent(prompt="P.", expects=(Expects("code", "code", turn_taking=TurnTaking(speculations=-1)),))
    with pytest.raises(ValueError, match=r"ManagedAgent\.language must be"):
        ManagedAgent("agent_1", language="english")


def test_every_class_of_the_policy_is_probed() -> None:
    """A new class in it must be added above."""
    kinds = {type(getattr(Policy(), one.name)) for one in fields(Policy)} - {str, bool, tuple}
    assert kinds == {Limits, TurnTaking, Wording}
    assert type(TurnTaking().tuning) is Tuning
    assert all(made(Expects, {"kind": kind}) for kind in EntryKind)
    assert all(made(TurnTaking, {"speculate": one}) for one in Speculate)
