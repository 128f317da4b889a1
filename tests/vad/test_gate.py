"""When the detector is not asked, and when it must forget."""

from __future__ import annotations

from telephony.vad.gate import Gate

WINDOWS_2_S = 63


def test_near_silence_is_not_asked_about() -> None:
    """After digital zeros a -65 dBFS line noise would trigger the model; below -70 dBFS it is not run. Quiet callers
    (-58 dBFS) are."""
    gate = Gate()
    assert [gate.closed(level) for level in (-960, -701, -700, -650, -580)] == [True, True, False, False, False]


def test_forgets_in_quiet_after_two_seconds() -> None:
    """A minute of ringback makes a recurrent model slow; it forgets once it is quiet, at most every two seconds."""
    gate = Gate()
    assert not any(gate.heard(400) for _ in range(WINDOWS_2_S))
    assert [gate.heard(99) for _ in range(5)] == [False, False, False, False, True]
    assert not any(gate.heard(20) for _ in range(WINDOWS_2_S - 1))
    assert gate.heard(20)


def test_never_forgets_in_a_word() -> None:
    """One window of voice starts the count of quiet ones again."""
    gate = Gate()
    for _ in range(100):
        gate.heard(300)
    assert not any(gate.heard(speech) for speech in (20, 20, 20, 20, 100, 20, 20, 20, 20))
    assert gate.heard(20)


def test_closed_gate_starts_the_two_seconds_again() -> None:
    """The state was zeroed by the gate: there is nothing to forget for a while."""
    gate = Gate()
    for _ in range(100):
        gate.heard(300)
    assert [gate.closed(-960) and gate.faint_for_long() for _ in range(5)] == [False, False, False, False, True]
    assert not any(gate.heard(20) for _ in range(WINDOWS_2_S - 1))
    assert gate.heard(20)


def test_a_stop_consonant_on_a_silent_line_is_no_reason_to_forget() -> None:
    """The closure of a "t" may be digital silence; a detector that forgot there would miss the rest of the word."""
    gate = Gate()
    for _ in range(10):
        assert not gate.closed(-200)
        assert [gate.closed(-960) and gate.faint_for_long() for _ in range(3)] == [False, False, False]
