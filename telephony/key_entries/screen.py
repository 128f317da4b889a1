"""Keeps what callers key in secretly from everything but the tool that asks: one filter between the leg and the call.

Theory of operation. While a sensitive entry is open, the screen replaces each digit by `MASKED_KEY` and the caller's
audio, which carries the tones of the keys, by silence, before anything else has seen them: inbox, core, tape, STT and
all observers know nothing more than how many keys there were. The digits are kept here until the core ends the entry,
and then given to the tool and erased. Tones are longer than the message that tells of them, and people type on: the
audio stays silent for `TAIL_FRAMES` after the last masked key, and keys stay masked for `KEY_FRAMES` after the end.
Frames are counted, not milliseconds, so that audio that comes late is covered too.
"""

from __future__ import annotations

from dataclasses import replace

from telephony.audio.level import FLOOR
from telephony.audio.mulaw import SILENCE
from telephony.core.dtmf import CLEARS
from telephony.core.events import MASKED_KEY, AudioReceived, Event, KeyPressed

TAIL_FRAMES = 15  # 300 ms
KEY_FRAMES = 75  # 1.5 s


class KeyScreen:
    """See the module text. One per call."""

    def __init__(self) -> None:
        self._open = False
        self._terminator = ""
        self._vault = bytearray()
        self._audio_frames = self._key_frames = 0  # how many more frames are covered

    def begin(self, terminator: str) -> None:
        """A sensitive entry is open from now on."""
        self._erase()
        self._open, self._terminator = True, terminator

    def end(self, keys: str = "") -> str:
        """The entry is over. Returns `keys` with the digits behind the masks, which are forgotten."""
        if not self._open:
            return keys
        self._open, self._audio_frames, self._key_frames = False, TAIL_FRAMES, KEY_FRAMES
        digits = iter(self._vault.decode())
        revealed = "".join(next(digits, "") if key == MASKED_KEY else key for key in keys)
        self._erase()
        return revealed

    def screened(self, event: Event) -> Event:
        """What the call may know of something that the leg reports."""
        if not self._open and not self._key_frames:
            return event
        match event:
            case AudioReceived(pcmu, speech=speech):
                covered = self._open or self._audio_frames > 0
                if not self._open:
                    self._audio_frames, self._key_frames = max(0, self._audio_frames - 1), self._key_frames - 1
                if covered:
                    return replace(event, pcmu=SILENCE * len(pcmu), speech=speech and 0, level=FLOOR)
            case KeyPressed(digit):
                self._audio_frames = TAIL_FRAMES
                if digit == self._terminator:
                    return event
                if digit == CLEARS:
                    self._erase()
                    return event
                if self._open:
                    self._vault += digit.encode()
                return KeyPressed(MASKED_KEY)
        return event

    def _erase(self) -> None:
        for at in range(len(self._vault)):
            self._vault[at] = 0
        self._vault = bytearray()
