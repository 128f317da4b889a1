"""The decoding process: pocketsphinx holds the GIL for 15-100 ms per phrase, and calls must not wait for that.

    python -m telephony.offline.stt_worker

Standard input: a line of JSON {"grammar": JSGF text}, then requests: two four-byte integers (big-endian), the
request's number and the length in bytes of the 16-bit PCM at 16 kHz that follows. Standard output: one line of JSON
per request, {"id", "text", "words": [[word, start_ms, end_ms]], "fits"}. A fit says how well a word matches its sound:
log10 of its likelihood relative to the best sounds, per frame of 10 ms (0 is perfect, -1 good, -2 bad). The process
ends when its input does, so it never outlives its parent.
"""

from __future__ import annotations

import json
import math
import random
import struct
import sys
from array import array
from typing import Any, BinaryIO

from telephony.audio import audioop

FRAME_MS = 10
FLOOR = 40
"""Standard deviation of a faint noise (-58 dBFS) mixed into all audio: the model was not trained on digital silence."""


def main() -> None:
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    decoder = Decoder(json.loads(stdin.readline())["grammar"])
    while (request := _read(stdin)) is not None:
        number, pcm16 = request
        stdout.write(json.dumps({"id": number} | decoder.decode(pcm16)).encode() + b"\n")
        stdout.flush()


def _read(stream: BinaryIO) -> tuple[int, bytes] | None:
    """The next request, or None at the end of the input."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    number, length = struct.unpack(">II", head)
    body = stream.read(length)
    return (number, body) if len(body) == length else None


class Decoder:
    """Decodes complete utterances against a grammar."""

    def __init__(self, grammar: str) -> None:
        import pocketsphinx

        self._decoder: Any = pocketsphinx.Decoder(lm=None, loglevel="FATAL", samprate=16_000)
        self._decoder.add_jsgf_string("phrases", grammar)
        self._decoder.activate_search("phrases")
        chance = random.Random(16_000)
        self._floor = array("h", (int(chance.gauss(0, FLOOR)) for _ in range(16_000))).tobytes()

    def decode(self, pcm16: bytes) -> dict[str, Any]:
        decoder = self._decoder
        floor = (self._floor * (len(pcm16) // len(self._floor) + 1))[: len(pcm16)]
        decoder.start_utt()
        decoder.process_raw(audioop.add(pcm16, floor, 2), False, True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        if hypothesis is None:
            return {"text": "", "words": [], "fits": []}
        words, fits = [], []
        for segment in decoder.seg():
            if segment.word.startswith(("<", "+", "[")):
                continue
            frames = segment.end_frame - segment.start_frame + 1
            word = segment.word.partition("(")[0]
            words.append((word, segment.start_frame * FRAME_MS, (segment.end_frame + 1) * FRAME_MS))
            fits.append(math.log10(max(segment.ascore, 1e-300)) / frames)
        return {"text": hypothesis.hypstr, "words": words, "fits": fits}


if __name__ == "__main__":
    main()
