"""The running package as a wheel: what a project made with `telephony new` installs here and in its image.

It is packed from the installed files, whether they came from a wheel, a git address or a clone: the project gets the
version that was tried out, without a network and without a build tool. The package is pure Python, and a wheel is a zip
of it with the metadata of the installation and a list of hashes (PEP 427).
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import telephony
from telephony.errors import TelephonyError

ROOT = Path(telephony.__file__).parent
WHEEL = "Wheel-Version: 1.0\nGenerator: telephony new\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class NotInstalled(TelephonyError):
    """The package is on the path, but not installed."""

    code = "package_not_installed"


def pack_wheel(folder: Path) -> Path:
    """Writes the wheel into `folder` and returns its path. Raises NotInstalled, OSError."""
    try:
        installed = distribution("telephony")
    except PackageNotFoundError:
        raise NotInstalled(
            "telephony itself is not installed: pip install it first (from its wheel or clone)"
        ) from None
    name = f"telephony-{installed.version}"
    path = folder / f"{name}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for inner, content in _content(installed, f"{name}.dist-info"):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{inner},sha256={digest},{len(content)}\n")
            wheel.writestr(_entry(inner), content)
        record.append(f"{name}.dist-info/RECORD,,\n")
        wheel.writestr(_entry(f"{name}.dist-info/RECORD"), "".join(record))
    return path


def versions_in_use() -> list[str]:
    """`name==version` of each package that the running one needs, and of those that they need, as installed here."""
    found: dict[str, str] = {}
    todo = ["telephony"]
    while todo:
        try:
            one = distribution(todo.pop())
        except PackageNotFoundError:  # for another system or Python
            continue
        if one.name not in found:
            found[one.name] = one.version
            todo += [re.split(r"[^\w.-]", line)[0] for line in one.requires or () if "extra ==" not in line]
    return sorted((f"{name}=={version}" for name, version in found.items() if name != "telephony"), key=str.lower)


def package_files() -> list[Path]:
    """What belongs to the package: everything below it that is no document (or picture of one), no bytecode and not
    hidden."""
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and path.suffix not in (".md", ".png") and not _left_out(path.relative_to(ROOT))
    )


def _left_out(path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def _content(installed: Distribution, info: str) -> Iterator[tuple[str, bytes]]:
    for path in package_files():
        yield path.relative_to(ROOT.parent).as_posix(), path.read_bytes()
    # PKG-INFO: in a clone's own folder, what setuptools leaves there is found first.
    metadata = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    yield f"{info}/METADATA", metadata.encode()
    for name in ("entry_points.txt", "licenses/LICENSE"):
        if (text := installed.read_text(name)) is not None:
            yield f"{info}/{name}", text.encode()
    yield f"{info}/WHEEL", WHEEL.encode()


def _entry(name: str) -> zipfile.ZipInfo:
    """A file with a fixed date, so that the same package gives the same wheel."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
