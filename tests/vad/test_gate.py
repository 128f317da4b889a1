"""The gate in front of the detector: when the model is not run, and when its state is reset."""

from __future__ import annotations

from telephony.vad.gate import Gate

WINDOWS_2_S = 63


def test_the_model_is_not_run_on_near_silence() -> None:
    """After digital silence, -65 dBFS line noise would trigger the model, so it is not run below -70 dBFS. Quiet
    callers (-58 dBFS) pass the gate.
    """
    gate = Gate()
    assert [gate.closed(level) for level in (-960, -701, -700, -650, -580)] == [True, True, False, False, False]


def test_resets_in_quiet_after_two_seconds() -> None:
    """A minute of ringback makes a recurrent model slow to react. It is reset in quiet, at most every two seconds."""
    gate = Gate()
    assert not any(gate.heard(400) for _ in range(WINDOWS_2_S))
    assert [gate.heard(99) for _ in range(5)] == [False, False, False, False, True]
    assert not any(gate.heard(20) for _ in range(WINDOWS_2_S - 1))
    assert gate.heard(20)


def test_never_resets_within_a_word() -> None:
    """One window of voice restarts the count of quiet windows."""
    gate = Gate()
    for _ in range(100):
        gate.heard(300)
    assert not any(gate.heard(speech) for speech in (20, 20, 20, 20, 100, 20, 20, 20, 20))
    assert gate.heard(20)


def test_closed_gate_starts_the_two_seconds_again() -> None:
    """The closed gate has already reset the state, so the two seconds start again."""
    gate = Gate()
    for _ in range(100):
        gate.heard(300)
    assert [gate.closed(-960) and gate.faint_for_long() for _ in range(5)] == [False, False, False, False, True]
    assert not any(gate.heard(20) for _ in range(WINDOWS_2_S - 1))
    assert gate.heard(20)


def test_a_stop_consonant_on_a_silent_line_does_not_reset() -> None:
    """The closure of a "t" may be digital silence; a reset there would make the detector miss the rest of the word."""
    gate = Gate()
    for _ in range(10):
        assert not gate.closed(-200)
        assert [gate.closed(-960) and gate.faint_for_long() for _ in range(3)] == [False, False, False]
