"""The caller's side of a redaction: which words are removed, and where in the audio they are. Pure.

A segment lies between two final transcripts. A word removed from its final is removed at the same position from its
partials. If the STT gave word times, the sound of that word is replaced; otherwise all voice of the segment is. Keys of
a longer entry are treated like numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from functools import lru_cache

from telephony.audio import audioop, mulaw
from telephony.audio.frames import FRAME_MS
from telephony.contracts.observer import Step
from telephony.core import events as e
from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.language.words import words
from telephony.core.policy import Policy
from telephony.tape.redaction.personal_data import DIGITS, Mask, Span

AROUND_MS = 160
"""How much of the caller's sound around a word is removed with it: the STT's times are not exact."""
KEY_MS = 300
KEYS_MS = 5_000
"""Keys that are no further apart belong to one entry."""


class CallerSide:
    """Decides what is removed of the caller; `redacted` returns an event of the caller's side without it."""

    def __init__(
        self,
        steps: Sequence[Step],
        mask: Mask,
        windows: Sequence[tuple[str, int, int]],
        policy: Policy,
        silence: bool,
    ) -> None:
        self._mask, self._silence, self._rules = mask, silence, policy.turn_taking
        self._windows = [(start, end) for side, start, end in windows if side == "caller"]
        self._keep = known_words(language_for(policy.language))
        self._frames = [step for step in steps if isinstance(step.event, e.AudioReceived)]
        self._index = {step.seq: index for index, step in enumerate(self._frames)}
        self._texts: dict[int, str] = {}  # step number -> the redacted transcript
        self._blank: set[int] = {i for i, step in enumerate(self._frames) if self._in_window(step.now_ms)}
        self._keys = self._entries(steps)
        self._joined = self._across(steps)
        self._segments(steps)

    @property
    def blanked_ms(self) -> int:
        return len(self._blank) * FRAME_MS

    def redacted(self, step: Step) -> e.Event:
        match step.event:
            case e.AudioReceived() as frame if self._index[step.seq] in self._blank:
                return replace(frame, pcmu=noise(frame.pcmu, self._silence))
            case e.TranscriptPartial():
                return e.TranscriptPartial(self._texts[step.seq])
            case e.TranscriptFinal() as final:
                text = self._texts[step.seq]
                return replace(final, text=text, words=_same_places(final, text))
            case e.KeyPressed():
                return e.KeyPressed(self._keys[step.seq])
        return step.event

    # --- words ------------------------------------------------------------------------------------------------------

    def _segments(self, steps: Sequence[Step]) -> None:
        partials: list[Step] = []
        begin = 0
        for step in steps:
            if isinstance(step.event, e.TranscriptPartial):
                partials.append(step)
            elif isinstance(step.event, e.TranscriptFinal):
                end = sum(1 for frame in self._frames if frame.seq < step.seq)
                self._segment(partials, step, begin, end)
                partials, begin = [], end
        self._segment(partials, None, begin, len(self._frames))

    def _segment(self, partials: Sequence[Step], final: Step | None, begin: int, end: int) -> None:
        gone: set[int] = set()  # indices of removed words of the final
        spoken = final.event if final is not None and isinstance(final.event, e.TranscriptFinal) else None
        if spoken is not None and final is not None:
            spans = [
                *self._mask.spans(spoken.text),
                *self._joined.get(final.seq, ()),
                *self._window_spans(spoken, begin, end),
            ]
            self._texts[final.seq] = self._mask.at(spoken.text, spans)
            gone = _numbers_of(spoken.text, spans)
        digits = spoken is not None and any(
            word.isdigit() or word in self._numerals(word) for i, word in enumerate(spoken.text.split()) if i in gone
        )
        surprised = False
        heard = any(
            index in self._blank for index in self._voiced(begin, end)
        )  # part of the segment was said in a window
        kept = set(words(self._texts[final.seq])) if final is not None else set()
        for step in partials:
            text = step.event.text if isinstance(step.event, e.TranscriptPartial) else ""
            spans = self._mask.spans(text, growing=True, digits=digits)
            surprised = surprised or bool(spans and not gone)
            if heard:  # words that are not in the final, or elsewhere in it
                spans = [*spans, *self._strange(text, kept)]
            self._texts[step.seq] = self._mask.at(text, [*spans, *_places(text, gone)])
        if gone or surprised:
            self._sound(spoken, gone, begin, end)

    def _across(self, steps: Sequence[Step]) -> dict[int, list[Span]]:
        """Step number of a final -> spans that are found only together with the finals beside it: people say long
        numbers in groups, with pauses between them."""
        finals = [(one.seq, one.event.text) for one in steps if isinstance(one.event, e.TranscriptFinal)]
        spans = self._mask.spans(" ".join(text for _, text in finals))
        found: dict[int, list[Span]] = {}
        at = 0
        for seq, text in finals:
            inside = [(max(0, start - at), min(len(text), end - at)) for start, end in spans]
            found[seq] = [(start, end) for start, end in inside if start < end]
            at += len(text) + 1
        return found

    def _numerals(self, word: str) -> Iterable[str]:
        return (word,) if self._mask.spans(word, digits=True) else ()

    def _window_spans(self, final: e.TranscriptFinal, begin: int, end: int) -> list[Span]:
        """Words said in a window, except those that turn-taking knows: they are common, and reveal nothing."""
        if not any(index in self._blank for index in self._voiced(begin, end)):
            return []
        found: list[Span] = []
        for number, match in enumerate(re.finditer(r"\S+", final.text)):
            timed = final.words[number] if len(final.words) == len(final.text.split()) else None
            inside = timed is None or any(
                i in self._blank for i in range(timed.start_ms // FRAME_MS, timed.end_ms // FRAME_MS + 1)
            )
            if inside and not all(word in self._keep for word in words(match.group())):
                found.append(match.span())
        return found

    def _strange(self, text: str, kept: set[str]) -> list[Span]:
        """Words of a partial that are neither known to turn-taking nor left in the final."""
        return [
            match.span()
            for match in re.finditer(r"\S+", text)
            if any(word not in self._keep and word not in kept for word in words(match.group()))
        ]

    # --- sound ------------------------------------------------------------------------------------------------------

    def _sound(self, final: e.TranscriptFinal | None, gone: set[int], begin: int, end: int) -> None:
        if final is None or not gone or len(final.words) != len(final.text.split()):
            voiced = self._voiced(begin, end)
            around = range(-AROUND_MS // FRAME_MS, AROUND_MS // FRAME_MS + 1)
            self._blank |= {i + by for i in voiced for by in around if 0 <= i + by < len(self._frames)}
            return
        for number in gone:
            word = final.words[number]
            first, last = (word.start_ms - AROUND_MS) // FRAME_MS, (word.end_ms + AROUND_MS) // FRAME_MS
            self._blank |= set(range(max(0, first), min(len(self._frames), last + 1)))

    def _voiced(self, begin: int, end: int) -> list[int]:
        """Frames with a window that may be voice: every window that would count as voice if voice came before it."""
        return [
            index
            for index in range(begin, end)
            if isinstance(frame := self._frames[index].event, e.AudioReceived)
            and frame.speech is not None
            and self._rules.is_voice(frame.speech, was_voice=True)
        ]

    def _in_window(self, ms: int) -> bool:
        return any(start <= ms <= end for start, end in self._windows)

    # --- keys -------------------------------------------------------------------------------------------------------

    def _entries(self, steps: Sequence[Step]) -> dict[int, str]:
        """Step number -> the redacted key. Entries of at least `DIGITS` digits are replaced in full."""
        entry: list[Step] = []
        found: dict[int, str] = {}
        pressed = [step for step in steps if isinstance(step.event, e.KeyPressed)]
        for step in [*pressed, None]:
            if step is None or (entry and step.now_ms - entry[-1].now_ms > KEYS_MS):
                found.update(self._entry(entry))
                entry = []
            if step is not None:
                entry.append(step)
        return found

    def _entry(self, entry: Sequence[Step]) -> dict[int, str]:
        keys = "".join(step.event.digit for step in entry if isinstance(step.event, e.KeyPressed))
        made = self._mask.text(keys, digits=sum(key.isdigit() for key in keys) >= DIGITS) if keys else ""
        if made != keys:
            for step in entry:
                near = (i for i, frame in enumerate(self._frames) if abs(frame.now_ms - step.now_ms) <= KEY_MS)
                self._blank |= set(near)
        return {step.seq: key for step, key in zip(entry, made, strict=True)}


def known_words(language: Language) -> frozenset[str]:
    """The words that turn-taking has rules for, without numbers. They are common, and reveal nothing about a person."""
    found: set[str] = set()
    for one in fields(language):
        value = getattr(language, one.name)
        if isinstance(value, frozenset):
            found |= {word for item in value for word in ((item,) if isinstance(item, str) else item)}
    return frozenset(found - language.digits - language.numerals.keys())


def _numbers_of(text: str, spans: Iterable[Span]) -> set[int]:
    """Indices of the words of `text` that overlap `spans`."""
    places = list(spans)
    return {
        number
        for number, match in enumerate(re.finditer(r"\S+", text))
        if any(match.start() < end and start < match.end() for start, end in places)
    }


def _places(text: str, numbers: set[int]) -> list[Span]:
    return [match.span() for number, match in enumerate(re.finditer(r"\S+", text)) if number in numbers]


def _same_places(final: e.TranscriptFinal, text: str) -> tuple[e.Word, ...]:
    """The timed words of a final with the text of its redaction."""
    found, at = [], 0
    for word in final.words:
        place = final.text.find(word.text, at)
        if place < 0:  # the words differ from the text: remove the word
            found.append(replace(word, text="x" * len(word.text)))
            continue
        at = place + len(word.text)
        found.append(replace(word, text=text[place:at]))
    return tuple(found)


# --- noise ----------------------------------------------------------------------------------------------------------


def noise(pcmu: bytes, silence: bool = False) -> bytes:
    """Noise with the length and, frame by frame, the level of `pcmu`, with the spectrum of speech; or silence."""
    if silence:
        return mulaw.SILENCE * len(pcmu)
    made = bytearray()
    for at in range(0, len(pcmu), 160):
        frame = mulaw.decode(pcmu[at : at + 160])
        begin = at * 2 % (len(_noise()) - 320)
        piece = _noise()[begin : begin + len(frame)]
        made += mulaw.encode(audioop.mul(piece, 2, audioop.rms(frame, 2) / max(1, audioop.rms(piece, 2))))
    return bytes(made)


@lru_cache(maxsize=1)
def _noise() -> bytes:
    """A second of noise (16-bit PCM at 8 kHz) that falls off towards high frequencies, the same on every machine."""
    state, smooth, samples = 1, 0, []
    for _ in range(8_000):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        smooth += ((state >> 8) % 8_001 - 4_000 - smooth) // 4
        samples.append(smooth)
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
