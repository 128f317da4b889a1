"""What a managed agent says without a break, until it is on record."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.transcript import heard_text


@dataclass(slots=True)
class Line:
    """`first`, `high`: its lowest and highest event id; `text`: the platform's text; `aligned`: the text that came with
    the audio; `audio_ms`: when audio last came; `cut_ms`: when it was interrupted; `heard`: what had provably been
    heard then; `corrected`: the platform's correction."""

    turn: int
    first: int
    high: int
    text: str = ""
    aligned: str = ""
    audio_ms: int = 0
    cut_ms: int | None = None
    heard: str = ""
    corrected: str | None = None

    def words(self) -> str:
        """The platform's text, or else the aligned text: a turn may be interrupted before its text is sent."""
        return self.text or " ".join(self.aligned.split())

    def heard_by(self, chars: int) -> str:
        """The whole words within the first `chars` characters, white space not counted."""
        return heard_text(((self.words(), self.words()),), chars, whole=False)

    def takes(self, text: str) -> bool:
        """Whether `text` is that of this line, which was interrupted before its text came; then the line has it."""
        own = (
            self.cut_ms is not None
            and not self.text
            and self.words()
            and " ".join(text.split()).startswith(self.words())
        )
        self.text = text if own else self.text
        return bool(own)

    def grows(self, event_id: int, text: str) -> bool:
        """Whether `text` is that of this line, too, with more at its end."""
        return event_id == self.high and text.startswith(self.text)
