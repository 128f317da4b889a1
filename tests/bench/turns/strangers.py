"""The voices of the speech engines on this machine that were not used to choose any number: flite, festival and hibari.

    apt-get install flite festival festvox-kdlpc16k festvox-us-slt-hts

The first two are programs, hibari is the local TTS (`telephony[offline]`), whose one voice makes three speakers. The
end of a word is estimated: with the programs from its letters. A clip is one phrase, so its last word ends exactly.
"""

from __future__ import annotations

import atexit
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from telephony.audio import wav
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.tts import ENGINE, LocalVoice

FLITE = ("awb", "rms", "slt", "kal16")
FESTIVAL = ("ked_diphone", "cmu_us_slt_arctic_hts")
HIBARI = {
    "own": LocalVoice(),
    "low": LocalVoice(pitch=0.67, size_of_speaker=1.1),
    "high": LocalVoice(pitch=1.18, size_of_speaker=0.92),
}
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Stranger:
    """A voice of another engine. `name`: `flite/NAME`, `festival/NAME` or `hibari/NAME`; `words_per_minute` and
    `pitch` (0-99) as with espeak: 165 and 45 are the voice's own (only hibari's pitch changes)."""

    name: str
    words_per_minute: int = 165
    pitch: int = 45

    @property
    def key(self) -> str:
        return f"{self.name}|{self.words_per_minute}|{self.pitch}"

    def say(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        """(mu-law at 8 kHz, the end of each word in ms). Raises CalledProcessError or NotInstalled."""
        engine, _, voice = self.name.partition("/")
        if engine == "hibari":
            pcmu, ends = BlockingSynthesizer(_hibari(), self._speaker(HIBARI[voice])).say(text)
            return pcmu, tuple(ends[word.end() - 1] for word in re.finditer(r"\S+", text))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            command = self._flite(voice, text, path) if engine == "flite" else self._festival(voice, path)
            given = None if engine == "flite" else text
            subprocess.run(command, input=given, text=True, check=True, capture_output=True, timeout=TIMEOUT_S)
            pcmu = wav.read_mono(path)
        return pcmu, _ends(text, len(pcmu) // 8)

    def _speaker(self, own: LocalVoice) -> LocalVoice:
        return replace(own, pace=self.words_per_minute / 165, pitch=own.pitch * (1 + (self.pitch - 45) / 200))

    def _flite(self, voice: str, text: str, path: Path) -> Sequence[str]:
        settings = ("--setf", f"duration_stretch={165 / self.words_per_minute:.3f}")
        return ("flite", "-voice", voice, *settings, "-t", text, "-o", str(path))

    def _festival(self, voice: str, path: Path) -> Sequence[str]:
        stretch = f"(Parameter.set 'Duration_Stretch {165 / self.words_per_minute:.3f})"
        return ("text2wave", "-eval", f"(voice_{voice})", "-eval", stretch, "-o", str(path))


@lru_cache(maxsize=1)
def strangers() -> tuple[str, ...]:
    """The names of the voices that this machine has; () without the programs."""
    found = [f"flite/{name}" for name in FLITE if shutil.which("flite")]
    if shutil.which("text2wave") and shutil.which("festival"):
        asked = "(print (voice.list))"
        listed = subprocess.run(
            ("festival", "--pipe"), input=asked, text=True, capture_output=True, check=False, timeout=TIMEOUT_S
        ).stdout
        found += [f"festival/{name}" for name in FESTIVAL if name in re.findall(r"\w+", listed)]
    if importlib.util.find_spec(ENGINE.package):
        found += [f"hibari/{name}" for name in HIBARI]
    return tuple(found)


@lru_cache(maxsize=1)
def _hibari() -> BlockingEngine:
    """The engine of this process, which ends with it."""
    engine = BlockingEngine(ENGINE).__enter__()
    atexit.register(engine.__exit__, None, None, None)
    return engine


def _ends(text: str, total_ms: int) -> tuple[int, ...]:
    letters = [len(word) for word in text.split()]
    return tuple(total_ms * sum(letters[: index + 1]) // sum(letters) for index in range(len(letters)))
