"""Measures the local STT with recordings: `scripts/bench stt --folder FOLDER` (telephony[offline]).

Each recording goes through the phone's codec to the recogniser in chunks of 100 ms, as on a call, and is committed
where our detector hears the speaker stop for 400 ms, as the core does. The columns:

  WER       word error rate: words wrong, missing or too many, by the number of words said (without case, punctuation
            and the difference between "mr" and "mister")
  final     the CPU time from a commit to its text, in ms: median and longest; so long it takes on a core of its own
  partials  what they take of a core while somebody speaks, in percent
  total     the same with finals and detector

The folder holds WAV files and `labels.json`: {name: {"file", "transcript"}}; without a transcript only the costs are
measured. Noise (no transcript wanted) is in its subfolder `noise`: the table says what it was taken for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from telephony.audio import wav
from telephony.audio.frames import frames
from telephony.core.language.words import words
from telephony.offline import stt
from telephony.offline.blocking import Answered, BlockingEngine, BlockingRecognizer
from telephony.vad.silero import SileroDetector
from tests.bench.turns.score import Rate

SPEECH = Path(__file__).parents[3].parent / "shared" / "speech"
CHUNK_FRAMES = 5
QUIET_MS = 400
TAIL = b"\xff" * 8 * 600
SAME = {"mister": "mr", "missus": "mrs", "doctor": "dr"}


class Measured:
    """The engine, with the CPU time of its partials and finals."""

    def __init__(self, engine: BlockingEngine) -> None:
        self._engine = engine
        self.partial_ms = self.final_ms = 0

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> Answered:
        answer = self._engine.ask(head, body, urgent=urgent)
        if urgent:
            self.final_ms += answer.result()[0]["cpu_ms"]
        else:
            self.partial_ms += answer.result()[0]["cpu_ms"]
        return answer


@dataclass(slots=True)
class Heard:
    """What became of one recording. Times in ms; `voiced_ms`: how long somebody spoke."""

    name: str
    length_ms: int
    said: list[str]
    text: str = ""
    finals_ms: list[int] = field(default_factory=list)
    partial_cpu_ms: int = 0
    cpu_ms: int = 0
    voiced_ms: int = 0

    @property
    def errors(self) -> int:
        return distance(self.said, spelled(self.text))

    @property
    def row(self) -> str:
        rate = f"{100 * self.errors / len(self.said):.0f} % ({self.errors}/{len(self.said)})" if self.said else "-"
        final = f"{median(self.finals_ms):.0f} / {max(self.finals_ms)}" if self.finals_ms else "-"
        spent = (self.partial_cpu_ms, self.cpu_ms)
        shares = [f"{100 * ms / self.voiced_ms:.0f}" if self.voiced_ms else "-" for ms in spent]
        return f"| {self.name} | {self.length_ms / 1000:.1f} | {rate} | {final} | {' | '.join(shares)} |"


def spelled(text: str) -> list[str]:
    return [SAME.get(word, word) for word in words(text.replace("-", " ").replace("'", ""))]


def distance(said: Sequence[str], found: Sequence[str]) -> int:
    """The fewest words to replace, leave out or add."""
    row = list(range(len(found) + 1))
    for i, one in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(found, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (one != other)))
    return row[-1]


def hear(path: Path, name: str, transcript: str, engine: BlockingEngine) -> Heard:
    """Plays one recording to a recogniser of its own."""
    pcmu, measured = wav.read_mono(path) + TAIL, Measured(engine)
    heard = Heard(name, len(pcmu) // 8, spelled(transcript))
    recognizer, detector, texts = BlockingRecognizer(measured), SileroDetector(), list[str]()
    began, quiet_ms, open_ = time.process_time(), 0, False
    for number, frame in enumerate(frames(pcmu)):
        recognizer.hear(frame)
        speech, _ = detector.hear(frame)
        if speech is not None and speech >= 500:
            quiet_ms, open_ = 0, True
        else:
            quiet_ms += 20
        heard.voiced_ms += 20 * (quiet_ms < 200 and open_)
        if open_ and quiet_ms >= QUIET_MS:
            before, open_ = measured.final_ms, False
            texts.append(recognizer.commit()[0])
            heard.finals_ms.append(measured.final_ms - before)
        elif number % CHUNK_FRAMES == 0:
            recognizer.partial()
    texts.append(recognizer.commit()[0])
    heard.text = " ".join(text for text in texts if text)
    heard.partial_cpu_ms = measured.partial_ms
    heard.cpu_ms = measured.partial_ms + measured.final_ms + round(500 * (time.process_time() - began))  # two detectors
    return heard


def total(found: Sequence[Heard]) -> str:
    """The errors of all recordings with a transcript, with Wilson's 95 % interval (which takes words for independent,
    and so is rather too narrow)."""
    said = [one for one in found if one.said]
    rate = Rate(sum(one.errors for one in said), sum(len(one.said) for one in said))
    low, high = rate.interval
    if not said:
        return "no transcripts"
    return (
        f"with a transcript: {rate.count} errors in {rate.total} words, {100 * rate.share:.1f} % "
        f"(95 %: {100 * low:.1f}-{100 * high:.1f})"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench stt", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=SPEECH, help="recordings with labels.json")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only files whose path begins so")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    if not (options.folder / "labels.json").is_file():
        sys.exit(f"{options.folder} has no labels.json: see scripts/bench stt --help")
    labels = json.loads((options.folder / "labels.json").read_text(encoding="utf-8"))
    found: list[Heard] = []
    with BlockingEngine(stt.ENGINE) as engine:
        print("| recording | s | WER | final ms | partials % | total % |\n|---|---|---|---|---|---|")
        for name, label in sorted(labels.items(), key=lambda item: str(item[1]["file"])):
            if str(label["file"]).startswith(options.only):
                found.append(hear(options.folder / label["file"], name, label.get("transcript") or "", engine))
                print(found[-1].row, flush=True)
        print(f"\n{total(found)}")
        for path in sorted((options.folder / "noise").glob("*.wav")):
            noise = hear(path, path.stem, "", engine)
            print(f"noise {noise.name}: {noise.text or 'no words'}")
        print(f"\nthe process: {psutil.Process(engine.pid).memory_info().rss >> 20} MiB")
    if options.json:
        rows = [{"name": x.name, "text": x.text, "errors": x.errors, "said": len(x.said)} for x in found]
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
