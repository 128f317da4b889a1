"""The dependency rule: inner rings never import outer ones, and the heart imports nothing that has a clock."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parent.parent / "telephony"

#: The first prefix that fits decides. Modules are named from `telephony`, with dots.
RINGS: list[tuple[str, int]] = [
    ("errors", 0),
    ("bodies", 0),
    ("audio", 0),
    ("vad.gate", 0),
    ("call", 1),
    ("agent", 2),
    ("tools", 2),
    ("reply", 2),
    ("settings", 2),
    ("clock", 2),
    ("threads", 2),
    ("ports", 2),
    ("speakable", 2),
    ("observe.timeline", 3),
    ("tape.codec", 2),
    ("tape", 3),
    ("stt.scribe_wire", 2),
    ("tts.elevenlabs_wire", 2),
    ("tts.contexts", 2),
    ("llm.openai_wire", 2),
    ("twilio.media_stream", 2),
    ("twilio.twiml", 2),
    ("twilio.signature", 2),
    ("twilio.stream_token", 2),
    ("twilio.webhooks", 5),
    ("bridge.wire", 2),
    ("bridge.speech", 2),
    ("bridge.bridge", 2),
    ("bridge.post_call", 2),
    ("bridge.hooks", 5),
    ("bridge", 3),
    ("custom_llm.wire", 2),
    ("custom_llm.endpoint", 5),
    ("custom_llm", 3),
    ("mind", 3),
    ("sockets", 3),
    ("driver", 4),
    ("switchboard", 4),
    ("platforms", 5),
    ("loading", 5),
    ("app", 5),
    ("cli", 6),
    ("cli_tapes", 6),
    ("__main__", 6),
    ("demo", 6),
    ("demo_stage", 6),
    ("examples", 6),
    ("testing", 6),
    ("offline", 6),
    ("stt", 3),
    ("tts", 3),
    ("llm", 3),
    ("vad", 3),
    ("twilio", 3),
    ("observe", 3),
]
#: Contracts: package heads that anybody from ring 2 on may import.
CONTRACTS = {"stt", "tts", "llm", "vad", "observe"}
#: Pure: nothing with a clock, a loop, chance or a log.
PURE = ("errors", "call", "audio", "vad.gate", "twilio.media_stream", "twilio.twiml", "twilio.stream_token")
PURE_WIRES = (
    "stt.scribe_wire",
    "tts.elevenlabs_wire",
    "tts.contexts",
    "llm.openai_wire",
    "speakable",
    "custom_llm.wire",
)
PURE_TAPE = (
    *("tape.codec", "tape.format", "tape.words", "tape.sound", "tape.engines", "tape.replay", "tape.timeline"),
    *("tape.agenda", "tape.minds", "tape.world", "tape.rehearse", "tape.compare", "tape.personal", "tape.hearing"),
    "tape.shape",
)
PURE_BRIDGE = ("bridge.wire", "bridge.speech", "bridge.bridge", "bridge.post_call")
BANNED = set("asyncio time datetime random uuid math logging structlog websockets openai elevenlabs threading".split())
#: `app` reaches for the embedded default only when it is wanted, inside a function.
LAZY = {("app", "offline.local_services")}


@functools.cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found[name] = ast.parse(path.read_text())
    return found


def ring(module: str) -> int:
    if module in CONTRACTS:
        return 2
    return next((r for prefix, r in RINGS if module == prefix or module.startswith(prefix + ".")), 7)


def imports(tree: ast.Module) -> set[str]:
    """Absolute names of everything imported, at whatever depth, type-checking included."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(tree: ast.Module, known: set[str]) -> set[str]:
    return {n for name in imports(tree) if (n := name.removeprefix("telephony.")) != name and n in known}


def test_every_module_has_a_ring() -> None:
    """A new module must say where it belongs."""
    assert [name for name in modules() if ring(name) == 7] == []


def test_inner_rings_do_not_import_outer_ones() -> None:
    """Ring n imports rings 0 to n."""
    found = modules()
    wrong = [
        f"{name} (ring {ring(name)}) imports {other} (ring {ring(other)})"
        for name, tree in found.items()
        for other in ours(tree, set(found))
        if ring(other) > ring(name) and (name, other) not in LAZY
    ]
    assert wrong == []


def test_the_driver_and_the_switchboard_know_contracts_only() -> None:
    """No vendor is named in the middle of the house."""
    found = modules()
    for name in ("driver", "switchboard"):
        assert {other for other in ours(found[name], set(found)) if ring(other) == 3} == set()


def test_pure_modules_have_no_clock_and_no_vendor() -> None:
    """Time, chance, tasks and logs never reach the heart or a codec."""
    wrong = []
    for name, tree in modules().items():
        if any(name == p or name.startswith(p + ".") for p in (*PURE, *PURE_WIRES, *PURE_TAPE, *PURE_BRIDGE)):
            wrong += [f"{name} imports {n}" for n in imports(tree) if n.partition(".")[0] in BANNED]
    assert wrong == []


def test_only_the_composition_root_names_vendors() -> None:
    """A vendor's shell is imported by `app` (and by what stands outside: tests, demo), by nobody else."""
    shells = {"stt.scribe", "tts.elevenlabs", "llm.openai", "vad.silero", "bridge.socket"}
    wrong = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in ours(tree, shells)
        if ring(name) < 5 and not name.startswith(("tts.", "stt.", "llm.", "vad.", "bridge."))
    ]
    assert wrong == []


def test_the_clock_is_the_only_one() -> None:
    """`time` and `datetime.now` outside `clock.py` would escape the scaled clock."""
    allowed = {"clock", "reply", "mind", "app"}
    wrong = [
        name
        for name, tree in modules().items()
        if name not in allowed and ring(name) < 6 and any(n == "time" for n in imports(tree))
    ]
    assert wrong == []
