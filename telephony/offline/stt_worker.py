"""The process of the local STT: moonshine-voice with the English model `tiny-en` that its wheel contains.

    python -m telephony.offline.stt_worker

Request: 16-bit PCM at 16 kHz. Answer: {"text", "nothing", "cpu_ms"}; `nothing` is what the decoder makes
of silence ("You"), and so no word. The library's own voice detector is off: it splits sentences
and ends each part with a full stop. One thread: more of them take three times the CPU time and are no faster.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from telephony.offline.worker_process import Message, serve

FULL_SCALE = 1 / 32_768


def load() -> Callable[[dict[str, Any], bytes], Message]:
    os.environ["MOONSHINE_ORT_SINGLE_THREAD"] = "1"
    import moonshine_voice
    import numpy as np
    from moonshine_voice.transcriber import Transcriber

    model = Path(moonshine_voice.__file__).parent / "assets" / "tiny-en"
    if not model.is_dir():  # later versions fetch their models; we never do
        raise ImportError(f"moonshine-voice {moonshine_voice.__version__} contains no model: 0.1.0 does")
    transcriber = Transcriber(model, moonshine_voice.ModelArch.TINY, options={"vad_threshold": 0})

    def answer(head: dict[str, Any], pcm16: bytes) -> Message:
        began = time.process_time()
        samples = array("f", (np.frombuffer(pcm16, "<i2") * FULL_SCALE).astype("f4").tobytes())
        lines = transcriber.transcribe_without_streaming(samples, 16_000).lines
        text = " ".join(line.text.strip() for line in lines)
        return {"text": text, "nothing": nothing, "cpu_ms": round((time.process_time() - began) * 1_000)}, b""

    nothing = ""
    nothing = answer({}, bytes(32_000))[0]["text"]
    return answer


if __name__ == "__main__":
    serve(load)
