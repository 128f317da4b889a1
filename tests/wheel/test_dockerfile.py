"""What `scripts/wheel` makes of a Dockerfile."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.wheel.dockerfile import BuildFailed, build

STEPS = """# A comment.
FROM python:3.13 AS build
WORKDIR /src
COPY one.txt two.txt ./
COPY parts parts
RUN python -c "open('made.txt', 'w').write(open('parts/three.txt').read())"
FROM python:3.13
RUN useradd somebody \\
    && install --directory /data
COPY --from=build /src /app/in
WORKDIR /app
ENV A=1 B="2 3"
USER somebody
CMD ["serve", "it"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "parts").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "parts/three.txt"):
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text(STEPS)
    return folder


def test_the_steps_are_done_below_the_folder(context: Path, tmp_path: Path) -> None:
    stage = build(context / "Dockerfile", context, tmp_path / "root", Path(sys.executable), dict(os.environ))
    found = {path.relative_to(stage.root).as_posix() for path in stage.root.rglob("*") if path.is_file()}
    assert found == {f"app/in/{name}" for name in ("one.txt", "two.txt", "made.txt", "parts/three.txt")}
    assert (stage.at("in") / "made.txt").read_text() == "parts/three.txt"
    assert (stage.environ, stage.command) == ({"A": "1", "B": "2 3"}, ["serve", "it"])


@pytest.mark.parametrize("step", ["RUN apt-get install x", "ADD x y", "COPY missing.txt ./", "RUN python -c 1/0"])
def test_a_step_that_fails_or_cannot_be_done_is_an_error(context: Path, tmp_path: Path, step: str) -> None:
    """None is passed over: the check would be worth nothing."""
    (context / "Dockerfile").write_text(f"FROM python:3.13\n{step}\n")
    with pytest.raises(BuildFailed):
        build(context / "Dockerfile", context, tmp_path / "root", Path(sys.executable), dict(os.environ))
