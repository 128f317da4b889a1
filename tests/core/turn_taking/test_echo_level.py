"""How loud the caller is, and the echo on the line: levels in tenths of dBFS."""

from __future__ import annotations

import pytest

from telephony.core.listening.loudness import SILENT
from telephony.core.turn_taking.echo import AS_LOUD, BELOW_CALLER, SURELY_BELOW_CALLER, EchoLevel

CALLER, ECHO = -200, -300


def heard(*caller: int) -> EchoLevel:
    """The caller has spoken at these levels."""
    level = EchoLevel()
    for one in caller:
        level.caller_spoke(one)
    return level


@pytest.mark.parametrize("by", [BELOW_CALLER, SURELY_BELOW_CALLER])
def test_an_echo_is_quieter_than_the_caller(by: int) -> None:
    """Nothing is, as long as the caller was not heard; but it may be one then."""
    assert not heard().is_quieter(SILENT, by)
    assert heard().may_be_echo(0)
    for above, quieter in ((0, True), (1, False)):
        assert heard(CALLER).is_quieter(CALLER - by + above, by) is quieter
        assert heard(CALLER).may_be_echo(CALLER - BELOW_CALLER + above) is quieter


@pytest.mark.parametrize(
    ("levels", "caller"), [((-200,), -200), ((-200, -100), -100), ((-200, -300), -225), ((-200, -300, -400), -269)]
)
def test_the_level_of_the_caller_falls_slowly(levels: tuple[int, ...], caller: int) -> None:
    """A louder utterance counts at once, a quieter one by a quarter."""
    level = heard(*levels)
    assert level.is_quieter(caller, 0)
    assert not level.is_quieter(caller + 1, 0)


def known(level: EchoLevel) -> int | None:
    """The level of the echo, as far as it is known."""
    return next((at - AS_LOUD for at in range(0, SILENT, -1) if level.is_known(at)), None)


def test_the_last_echo_is_known() -> None:
    """Words without a voice show that there is one, and change nothing about one that is known."""
    level = heard()
    assert known(level) is None
    level.echoed(SILENT)
    assert level.is_known(SILENT + AS_LOUD)
    assert not level.is_known(SILENT + AS_LOUD + 1)
    level.echoed(ECHO)
    assert known(level) == ECHO
    level.echoed(SILENT)
    assert known(level) == ECHO
    level.echoed(ECHO - 50)
    assert known(level) == ECHO - 50


P, Q = (ECHO, True), (ECHO, False)
LOUD = (CALLER - BELOW_CALLER + 1, True)


@pytest.mark.parametrize(
    ("sounds", "echo"),
    [
        ([P], None), ([P, P], ECHO), ([(ECHO - 30, True), P], ECHO), ([P, Q, P], None), ([P, Q, P, P], ECHO),
        ([Q, Q], None), ([LOUD, LOUD], None), ([P, LOUD, P], None), ([P, P, Q], ECHO),
        ([P, P, (ECHO - 9, True)], ECHO - 9),
    ],
)  # fmt: skip
def test_two_sounds_that_begin_with_the_agent_are_an_echo(sounds: list[tuple[int, bool]], echo: int | None) -> None:
    """(level, whether it began right after the agent did): in a row, and quieter than the caller."""
    level = heard(CALLER)
    for at, prompt in sounds:
        level.sounded(at, prompt=prompt)
    assert known(level) == echo


@pytest.mark.parametrize(("above", "kept"), [(AS_LOUD + 1, True), (AS_LOUD, False), (-50, False)])
def test_a_caller_who_interrupts_is_no_echo(above: int, kept: bool) -> None:
    """One as quiet as the echo may have been taken for it; and the sounds before were not in a row."""
    level = heard(CALLER)
    level.sounded(ECHO, prompt=True)
    level.interrupted(ECHO)
    level.sounded(ECHO, prompt=True)
    assert known(level) is None
    level.sounded(ECHO, prompt=True)
    level.interrupted(ECHO + above)
    assert level.is_known(SILENT) is kept
