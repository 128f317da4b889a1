"""The user's own recordings for `scripts/bench turns --folder FOLDER`.

The folder, or folders in it, hold WAV files and `labels.json` or `truth.json`, each a JSON object:

    {"NAME": {"file": "calls/a.wav",                  relative to the labels' folder; or NAME.wav next to the labels
              "segments": [[0.52, 1.90], [2.61, 4.05]],      speech, in seconds; or
              "segments": [{"start": 0.52, "end": 1.90, "text": "I want to"}, ...],
              "transcript": "i want to cancel my order",     optional: the words, if the segments have none
              "complete": true,                        the last segment ends a finished turn (default: see below)
              "backchannel": false,                    true: said while the agent talks, needs no answer
              "corpus": "LibriSpeech", "licence": "CC BY 4.0",         optional; they name the row of the table
      "label_type": "exact"}, ...}             exact, energy, or rttm (a meeting: labels good to 100 ms)

A gap of 0.25-1.5 s between segments counts as a pause of the caller; a longer one may be an end and is not counted. The
words of a transcript are spread over the segments in proportion to their length. Where there are no words, the STT
gives a placeholder every 0.3 s. `complete` defaults to true unless the labels are `rttm` (an excerpt of a meeting has
no end). Audio may be any WAV that `telephony.audio.wav` reads; it is put on a quiet line, with 1.2 s before and 2.5 s
after it.

WAV files in a folder `noise` need no labels: up to eight pieces of each, of a second at most and not quieter than
-50 dBFS, are played while the agent talks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from telephony.audio import wav
from telephony.errors import TelephonyError
from telephony.testing.recorded_stt import SpokenWord
from tests.bench.turns import sound as snd
from tests.bench.turns.corpus import LEAD_MS, TAIL_MS, Case, Recording
from tests.bench.turns.sentences import HELLO, STATEMENTS

PLACEHOLDER_MS = 300
PIECE_MS, PIECES, QUIET_DB = 1_000, 8, -50
LABELS = ("labels.json", "truth.json")


class BadLabels(TelephonyError):
    """The labels of a folder cannot be used; the message says where."""

    code = "bad_labels"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One entry of a labels file."""

    name: str
    path: Path
    segments: tuple[tuple[int, int, str], ...]
    transcript: str
    complete: bool
    backchannel: bool
    exact: bool
    source: str = ""

    @property
    def wordless(self) -> bool:
        """The STT gives placeholders only."""
        return not self.transcript and not any(text for _, _, text in self.segments)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a noise, from `start_ms` of its file, played `gap_ms` into the agent's talk."""

    name: str
    path: Path
    start_ms: int
    gap_ms: int


def pieces(folder: Path) -> list[Piece]:
    """The pieces of the noises in `folder`."""
    found = []
    for path in sorted((folder / "noise").glob("*.wav")):
        samples = snd.decoded(wav.read_mono(path))
        length = PIECE_MS * snd.PER_MS
        last = max(0, len(samples) - length)
        for number, at in enumerate(sorted({last * index // (PIECES - 1) for index in range(PIECES)})):
            if snd.rms_db(samples[at : at + length]) > QUIET_DB:
                gap = 1_500 + 4_000 * number // PIECES
                found.append(Piece(f"noise/{path.stem}/{number}", path, at // snd.PER_MS, gap))
    return found


def load_piece(piece: Piece) -> Case:
    """The piece on a quiet line, trimmed to its sound."""
    start = piece.start_ms * snd.PER_MS
    samples = snd.decoded(wav.read_mono(piece.path))[start : start + PIECE_MS * snd.PER_MS]
    begin, end = snd.edges(samples)
    sound = samples[begin : end - (end - begin) % snd.PER_MS]
    whole = np.concatenate([snd.quiet(LEAD_MS), sound, snd.quiet(TAIL_MS)])
    whole = np.pad(whole, (0, -len(whole) % 160)).astype(np.float32)
    segments = ((LEAD_MS, LEAD_MS + snd.ms(sound)),)
    recording = Recording(snd.encoded(snd.line(whole, 1)), segments)
    return Case(piece.name, "noise", piece.path.stem, STATEMENTS[1], piece.gap_ms, recording)


def labelled(folder: Path) -> list[Labelled]:
    """All labelled recordings in `folder`. Raises BadLabels if there are none, or a label is invalid."""
    found: list[Labelled] = []
    for name in LABELS:
        for path in sorted(folder.rglob(name)):
            found += _entries(path)
    if not found:
        raise BadLabels(f"{folder} holds no labels.json or truth.json with recordings in it")
    return found


def load(entry: Labelled) -> Case:
    """The recording on a quiet line. Raises BadAudio for a file that cannot be read."""
    lead, tail = snd.quiet(LEAD_MS), snd.quiet(TAIL_MS)
    samples = np.concatenate([lead, snd.decoded(wav.read_mono(entry.path)), tail])
    samples = np.pad(samples, (0, -len(samples) % 160))
    segments = tuple((start + LEAD_MS, end + LEAD_MS) for start, end, _ in entry.segments)
    kind = "backchannel" if entry.backchannel else "turn" if entry.complete else "unfinished"
    return Case(
        f"{entry.path.parent.name}/{entry.name}",
        kind,
        entry.transcript or " | ".join(text for _, _, text in entry.segments),
        STATEMENTS[0] if entry.backchannel else HELLO,
        2_500 if entry.backchannel else 600,
        Recording(snd.encoded(snd.line(samples.astype(np.float32), 1)), segments, tuple(_words(entry))),
        complete=entry.complete,
        exact=entry.exact,
        source=entry.source,
    )


def _entries(path: Path) -> Iterable[Labelled]:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise BadLabels(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadLabels(f"{path} should be an object with an entry for each recording")
    for name, entry in content.items():
        audio = _audio(path.parent, name, str(entry.get("file", "")))
        try:
            segments = tuple(_segment(segment) for segment in entry["segments"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BadLabels(f"{path}: the segments of {name} are not [start, end] in seconds") from error
        if not segments or any(end <= start for start, end, _ in segments):
            raise BadLabels(f"{path}: {name} has no segments, or one that ends before it begins")
        meeting = entry.get("label_type") == "rttm"
        yield Labelled(
            name,
            audio,
            tuple(sorted(segments)),
            str(entry.get("transcript") or ""),
            bool(entry.get("complete", not meeting)),
            bool(entry.get("backchannel", False)),
            not meeting,
            _source(entry, path.parent),
        )


def _source(entry: dict[str, Any], folder: Path) -> str:
    """The corpus (or repository, or folder) and its licence, without remarks behind a semicolon."""
    named = str(entry.get("corpus") or entry.get("repo") or folder.name)
    licence = re.sub(r"\s*;[^)]*", "", str(entry.get("licence") or "licence unknown"))
    return f"{named}, {licence}"


def _audio(folder: Path, name: str, file: str) -> Path:
    places = (folder / file, folder / Path(file).name, folder / f"{name}.wav")
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise BadLabels(f"{folder}: no recording for {name}: neither {file or 'a `file`'} nor {name}.wav exists")
    return found


def _segment(segment: Any) -> tuple[int, int, str]:
    if isinstance(segment, dict):
        return round(segment["start"] * 1_000), round(segment["end"] * 1_000), str(segment.get("text", ""))
    return round(segment[0] * 1_000), round(segment[1] * 1_000), ""


def _words(entry: Labelled) -> list[SpokenWord]:
    texts = [text.split() for _, _, text in entry.segments]
    if entry.transcript and not any(texts):
        texts = _spread(entry.transcript.split(), [end - start for start, end, _ in entry.segments])
    if entry.wordless:
        texts = [["word"] * max(1, (end - start) // PLACEHOLDER_MS) for start, end, _ in entry.segments]
    found = []
    for (start, end, _), words in zip(entry.segments, texts, strict=True):
        found += [
            SpokenWord(word, LEAD_MS + start + (end - start) * (index + 1) // len(words))
            for index, word in enumerate(words)
        ]
    return found


def _spread(words: list[str], lengths: list[int]) -> list[list[str]]:
    """Divides the words among stretches in proportion to their lengths."""
    total, done, passed, parts = sum(lengths), 0, 0, []
    for length in lengths:
        passed += length
        upto = len(words) * passed // total
        parts.append(words[done:upto])
        done = upto
    return parts
