"""The dependency rule: inner rings never import outer ones, and the core imports nothing that has a clock."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent / "telephony"

#: The first matching prefix decides. Module names are relative to `telephony`, with dots.
RINGS: list[tuple[str, int]] = [
    ("errors", 0),
    ("log_redaction", 0),
    ("valid_text", 0),
    ("loopback", 0),
    ("caller_number", 0),
    ("files", 0),
    ("audio", 0),
    ("vad.gate", 0),
    ("core", 1),
    ("contracts", 2),
    ("agent", 2),
    ("field_types", 2),
    ("tools", 2),
    ("tool_results", 0),
    ("tool_context", 2),
    ("key_entries", 2),
    ("settings", 2),
    ("clock", 2),
    ("network", 2),
    ("threads", 2),
    ("uploads", 2),
    ("text_normalization", 2),
    ("tape.codec", 2),
    ("tape", 3),
    ("twilio.media_stream", 2),
    ("twilio.frame_cutter", 2),
    ("twilio.twiml", 2),
    ("twilio.signature", 2),
    ("twilio.forwarded", 2),
    ("twilio.stream_token", 2),
    ("twilio.webhooks", 5),
    ("twilio.outbound_webhooks", 5),
    ("outbound.rules", 2),
    ("outbound.attempt", 2),
    ("outbound.attempts", 3),
    ("outbound", 5),
    ("messages.text", 2),
    ("messages.recipient", 2),
    ("messages.message", 2),
    ("messages.opt_out", 2),
    ("messages.proof", 2),
    ("storage", 3),
    ("messages.store", 3),
    ("messages", 5),
    ("twilio", 3),
    ("elevenlabs.faults", 2),
    ("elevenlabs.stt_codec", 2),
    ("elevenlabs.tts_codec", 2),
    ("elevenlabs.tts_contexts", 2),
    ("elevenlabs.agents_codec", 2),
    ("elevenlabs.post_call", 2),
    ("elevenlabs.webhooks", 5),
    ("elevenlabs", 3),
    ("openai.client", 3),
    ("openai", 2),
    ("vad", 3),
    ("observe", 3),
    ("runtime.reply", 3),
    ("runtime.tool_runs", 3),
    ("runtime", 4),
    ("llm_server.codec", 2),
    ("llm_server", 5),
    ("call_control.hours", 0),
    ("call_control", 5),
    ("console", 5),
    ("app", 6),
    ("own_number", 6),
    ("__main__", 7),
    ("cli", 7),
    ("examples", 7),
    ("testing", 7),
    ("offline", 7),
]
OUTSIDE = 8
#: Pure modules: no clock, event loop, randomness or logging.
PURE = (
    *(
        "errors",
        "log_redaction",
        "valid_text",
        "loopback",
        "caller_number",
        "core",
        "audio",
        "vad.gate",
        "text_normalization",
        "tool_results",
    ),
    *("openai.codec", "llm_server.codec", "outbound.rules", "outbound.attempt"),
    *("messages.text", "messages.recipient", "messages.message", "messages.opt_out", "messages.proof"),
    *(
        "openai.reasoning",
        "openai.tool_calls",
        "openai.written_calls",
        "openai.shapes",
        "openai.habits",
        "openai.events",
    ),
    *("twilio.media_stream", "twilio.frame_cutter", "twilio.twiml", "twilio.stream_token", "twilio.forwarded"),
    *("elevenlabs.stt_codec", "elevenlabs.tts_codec", "elevenlabs.faults"),
    *("elevenlabs.tts_contexts", "elevenlabs.agents_codec", "elevenlabs.post_call"),
    *("tape.codec", "tape.format", "tape.step_text", "tape.audio", "tape.engines", "tape.replay", "tape.timeline"),
    *("tape.compare", "tape.rehearsal.virtual_time", "tape.rehearsal.providers", "tape.rehearsal.world"),
    *("tape.rehearsal.rehearse", "tape.redaction.substitution", "tape.redaction.noise"),
    *("tape.redaction.alignment", "tape.rehearsal.expectations"),
    *(
        "call_control.documents",
        "call_control.outcomes",
        "call_control.phrases",
        "console.carrier.twiml",
        "console.carrier.playout",
        "console.carrier.checks",
        "console.words",
    ),
)
BANNED = set("asyncio time datetime random uuid math logging structlog websockets openai elevenlabs threading".split())
#: The embedded default is imported only where it is needed, inside a function.
LAZY = {
    ("app.app", "offline.local_services"),
    ("app.browser_phone", "offline"),
    ("app.browser_phone", "offline.tts"),
    ("app.browser_phone", "offline.worker"),
}


@functools.cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found[name] = ast.parse(path.read_text())
    return found


def ring(module: str) -> int:
    return next((r for prefix, r in RINGS if module == prefix or module.startswith(prefix + ".")), OUTSIDE)


def imports(tree: ast.Module) -> set[str]:
    """Absolute names of everything imported at any depth, including for type checking."""
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
    """A new module must be assigned to a ring."""
    assert [name for name in modules() if ring(name) == OUTSIDE] == []


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


def test_the_runtime_knows_contracts_only() -> None:
    """`runtime` imports no vendor."""
    found = modules()
    vendors = ("twilio", "elevenlabs", "openai", "vad", "tape", "observe")
    wrong = [
        f"{name} imports {other}"
        for name, tree in found.items()
        for other in ours(tree, set(found))
        if name.startswith("runtime.") and other.startswith(vendors)
    ]
    assert wrong == []


def test_nothing_is_imported_in_a_circle() -> None:
    """Import cycles are forbidden, including imports for type checking."""
    found = modules()
    graph = {name: ours(tree, set(found)) for name, tree in found.items()}
    sorter = TopologicalSorter(graph)
    sorter.prepare()  # raises CycleError, which names the cycle


def test_pure_modules_have_no_clock_and_no_vendor() -> None:
    """Time, randomness, tasks and logging never reach the core or a codec."""
    wrong = []
    for name, tree in modules().items():
        if any(name == p or name.startswith(p + ".") for p in PURE):
            wrong += [f"{name} imports {n}" for n in imports(tree) if n.partition(".")[0] in BANNED]
    assert wrong == []


def test_only_the_composition_root_names_vendors() -> None:
    """A vendor's shell is imported only by `app` and the rings outside it (tests, demo)."""
    shells = {"elevenlabs.stt", "elevenlabs.tts", "elevenlabs.agents", "openai.client", "vad.silero"}
    wrong = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in ours(tree, shells)
        if ring(name) < 6 and name.partition(".")[0] != other.partition(".")[0]
    ]
    assert wrong == []


def test_only_the_clock_reads_the_time() -> None:
    """Importing `time` outside `clock.py` would bypass the scaled clock."""
    allowed = {"clock", "runtime.reply", "runtime.llm_port", "app.app"}
    wrong = [
        name
        for name, tree in modules().items()
        if name not in allowed and ring(name) < 7 and any(n == "time" for n in imports(tree))
    ]
    assert wrong == []


def test_the_service_needs_every_package_that_is_installed_with_it() -> None:
    """What only tests, the local parts or the test kit import is in an extra."""
    dependencies = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    declared = {re.split(r"[^\w.-]", one)[0].lower() for one in dependencies if "python_version" not in one}
    homes = packages_distributions()
    imported = {
        distribution.lower()
        for name, tree in modules().items()
        if not name.startswith(("testing", "offline", "examples"))
        for module in imports(tree)
        for distribution in homes.get(module.partition(".")[0], ())
    }
    assert declared - imported == set()
