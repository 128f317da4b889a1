"""The documents agree with the code: settings, commands, examples, links, names, files and figures.

`DOCUMENTS` are README.md, CHANGELOG.md and every .md file under telephony/ and tests/bench/; a new one is watched by
itself. `python -m tests.test_docs_parity` prints the table of settings.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import io
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import telephony
from telephony import uploads
from telephony.app.app import Service
from telephony.cli.commands import app
from telephony.core.language.registry import language_for
from telephony.core.managed.tools import TOOLS_AT_ONCE
from telephony.core.policy import PRESETS, TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.webhooks import routes, store
from telephony.llm_server import endpoint, exchange
from telephony.runtime.call_registry import CallRegistry
from telephony.settings import SETTINGS, Settings, load
from tests.bench.cli import BENCHES
from tests.bench.latency.expect import OWN_MS, QUICK, SLOW, TAIL_MS, markdown

ROOT = Path(__file__).parent.parent
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "telephony").rglob("*.md")),
        *sorted((ROOT / "tests" / "bench").rglob("*.md")),
    )
}
TODAY = {name: text for name, text in DOCUMENTS.items() if name != "CHANGELOG.md"}
"""The changelog also names what is no more."""
CORE = "telephony/core/README.md"
TURN_TAKING = "telephony/core/turn_taking/README.md"
MANAGED = "telephony/elevenlabs/README.md"
CUSTOM_LLM = "telephony/llm_server/README.md"
SETTINGS_PAGE = "telephony/SETTINGS.md"
BENCH = "tests/bench/README.md"
README_LINES = 225
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAMES = [one.metadata["env"] for one in SETTINGS]
COMMANDS: Any = typer.main.get_command(app)
documents = pytest.mark.parametrize("name", DOCUMENTS)


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def inline(text: str) -> list[str]:
    """What stands in backticks, outside code blocks."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(text))]


def flowing(name: str) -> str:
    """A document as one line, so that a sentence may be wrapped anywhere."""
    return " ".join(DOCUMENTS[name].split())


# --- settings -------------------------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value).replace(str(Path.home()), "~", 1)
    if isinstance(value, bool):
        return str(int(value))
    return "" if value in ((), None) else str(value)


def settings_table() -> str:
    """One row for each setting, in the order of `Settings`."""
    unset = Settings()
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for one in SETTINGS:
        default = as_text(getattr(unset, one.name))
        lines.append(f"| `{one.metadata['env']}` | {f'`{default}`' if default else ''} | {one.metadata['help']} |")
    return "\n".join(lines)


def test_the_table_of_settings_has_each_with_its_default_and_help() -> None:
    """`python -m tests.test_docs_parity` prints the table as it should be."""
    found = re.findall(r"^\| setting \|.*?(?=^$)", DOCUMENTS[SETTINGS_PAGE], re.MULTILINE | re.DOTALL)
    assert [table.strip().splitlines() for table in found] == [settings_table().splitlines()]


def test_the_example_file_has_every_setting_with_its_default() -> None:
    """What is commented out shows the default; what is not is what one has to fill in."""
    found = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    unset = Settings()
    assert found == {one.metadata["env"]: as_text(getattr(unset, one.name)) for one in SETTINGS}


def test_the_example_file_as_it_is_runs_offline(tmp_path: Path) -> None:
    """`cp .env.example .env` changes nothing; with every line active it still gives the defaults."""
    assert load({}, env_file=ROOT / ".env.example").offline
    everything = tmp_path / ".env"
    everything.write_text(re.sub(r"^#([A-Z_]+=)", r"\1", EXAMPLE, flags=re.MULTILINE))
    assert load({}, env_file=everything) == load({}, env_file=None)


def test_all_settings_named_in_the_documents_exist() -> None:
    """No document promises a setting that does not exist."""
    infra = ((ROOT / "infra" / name).read_text() for name in ("Dockerfile", "compose.yaml", "Caddyfile"))
    text = "\n".join((*DOCUMENTS.values(), EXAMPLE, *infra))
    named = set(re.findall(r"\b(?:TELEPHONY|TWILIO|OPENAI|ELEVENLABS)_[A-Z_]+\b", text))
    assert named - set(NAMES) == set()


# --- links and files ------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The headings of a document, as they are linked to."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(name: str) -> Iterator[tuple[Path, str]]:
    """(file, anchor) of each link that stays in the repository."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(DOCUMENTS[name])):
        path, _, anchor = target.partition("#")
        yield ((ROOT / name).parent / path).resolve() if path else ROOT / name, anchor


@documents
def test_links_lead_somewhere(name: str) -> None:
    for path, anchor in links(name):
        assert path.exists(), path
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{path}#{anchor}"


def test_the_readme_leads_to_every_document() -> None:
    """Following links from README.md, a reader reaches all of them."""
    reached, todo = set(), ["README.md"]
    while todo:
        name = todo.pop()
        reached.add(name)
        linked = {str(path.relative_to(ROOT)) for path, _ in links(name) if path.suffix == ".md"}
        todo += sorted((linked & set(DOCUMENTS)) - reached)
    assert reached == set(DOCUMENTS)


def test_the_readme_stays_an_introduction() -> None:
    """Reference belongs beside the code that it explains."""
    assert len(DOCUMENTS["README.md"].splitlines()) <= README_LINES


OTHERS = {"_state.py", "utils.py", "helpers.py", "agent.py", "my_agent.py", "my_agents.py", "test_my_agent.py"}
"""Files that are named and are not here: those of other projects, those that we do not have, and the reader's own."""


@documents
def test_modules_that_are_named_exist(name: str) -> None:
    """Paths of modules in backticks, as seen from the document, from the package, or from the root."""
    for path in re.findall(r"[\w./]+\.py\b", " ".join(inline(DOCUMENTS[name]))):
        places = ((ROOT / name).parent / path, ROOT / "telephony" / path, ROOT / path)
        assert path in OTHERS or any(place.exists() for place in places), path


# --- commands -------------------------------------------------------------------------------------------------------


def commands(text: str) -> Iterator[list[str]]:
    """All command lines as words: those in code blocks, and those of ours in backticks."""
    for block in fenced(text, "sh"):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words
    for code in inline(text):
        if re.match(r"(?:[A-Z_]+=\S+ )*(?:scripts/|telephony(?: |$))", code):
            yield shlex.split(code)


@functools.cache
def bench_help(bench: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        BENCHES[bench](["--help"])
    return out.getvalue()


def options(words: list[str]) -> set[str]:
    """The options of a command of ours. Fails if there is no such command."""
    program, rest = words[0], words[1:]
    if program.startswith("scripts/"):
        assert (ROOT / program).stat().st_mode & 0o111, program
        if program == "scripts/bench":
            bench = rest[0] if rest and not rest[0].startswith("-") and not rest[0].isupper() else "load"
            assert bench in BENCHES, bench
            return set(re.findall(r"--[\w-]+", bench_help(bench)))
        if program not in ("scripts/demo", "scripts/serve", "scripts/telephony"):
            return set()
        rest = [program.removeprefix("scripts/"), *rest] if program != "scripts/telephony" else rest
    command = COMMANDS
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{program} {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    return {"--help"} | {option for parameter in command.params for option in parameter.opts}


@documents
def test_commands_exist_with_their_options(name: str) -> None:
    """A reader can run each as it is written."""
    for words in commands(DOCUMENTS[name]):
        while re.match(r"[A-Z_]+=", words[0]):
            words = words[1:]
        if words[0] == "cp":
            assert (ROOT / words[1]).exists(), words
            continue
        assert words[0].startswith("scripts/") or words[0] == "telephony", words
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= options(words), " ".join(words)


@documents
def test_options_in_tables_of_commands_exist(name: str) -> None:
    """A row that begins with a command names options of that command."""
    for row in re.findall(r"^\| `(?:telephony|scripts/).*$", DOCUMENTS[name], re.MULTILINE):
        command, *others = inline(row)
        given = {code.split()[0] for code in others if code.startswith("--")}
        assert given <= options(shlex.split(command)) | {"--help"}, row


def test_every_command_is_documented() -> None:
    """Scripts in the README, commands and benches in one of the documents."""
    scripts = {f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir()} - {"scripts/setup"}
    assert {code for code in inline(DOCUMENTS["README.md"]) if code in scripts} == scripts
    named = {" ".join(words) for text in TODAY.values() for words in commands(text)}
    for bench in BENCHES:
        assert any(line.startswith(f"scripts/bench {bench}") for line in named), bench
    known = set(inline("\n".join(TODAY.values())))
    for command, found in COMMANDS.commands.items():
        for line in [f"{command} {inner}" for inner in getattr(found, "commands", ())] or [command]:
            assert line in known or any(one.startswith(f"telephony {line}") for one in named), line


# --- examples and names ---------------------------------------------------------------------------------------------

EXAMPLES = [(name, code) for name, text in TODAY.items() for code in fenced(text, "python") if name != CORE]
TESTS = [
    (name, code, node.name)
    for name, code in EXAMPLES
    for node in ast.parse(code).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
]


def executed(name: str, code: str) -> dict[str, Any]:
    """What the code defines."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, name, "exec"), names)
    return names


@pytest.mark.parametrize(("name", "code"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_run(name: str, code: str) -> None:
    """Examples that do not run are the first thing that a newcomer meets."""
    assert executed(name, code)


def test_the_sketch_in_the_design_is_python() -> None:
    """It shows the idea of the driver, in names that it does not import."""
    for code in fenced(DOCUMENTS[CORE], "python"):
        ast.parse(code)


@pytest.mark.parametrize(("name", "code", "test"), TESTS, ids=[f"{name}-{test}" for name, _, test in TESTS])
async def test_tests_that_the_documents_show_pass(
    name: str, code: str, test: str, request: pytest.FixtureRequest
) -> None:
    """As they stand, with the fixtures that they ask for."""
    function = executed(name, code)[test]
    outcome = function(**{wanted: request.getfixturevalue(wanted) for wanted in inspect.signature(function).parameters})
    if inspect.isawaitable(outcome):
        await outcome


def test_the_change_that_a_reader_is_to_make_can_be_made() -> None:
    """The page on recorded calls has its reader edit a rule."""
    assert "`rules.hold_after_ms` (it occurs once)" in flowing("telephony/tape/README.md")
    rule = ROOT / "telephony" / "core" / "turn_taking" / "barge_in.py"
    assert rule.read_text().count("rules.hold_after_ms") == 1


def test_the_documents_show_tests() -> None:
    """Tests over sockets, of scripted callers and of recorded calls."""
    wanted = {parameter for _, code, _ in TESTS for parameter in re.findall(r"\b(?:caller|carrier|replay)\b", code)}
    assert wanted == {"caller", "carrier", "replay"}
    assert any("local_stack" in code for _, code, _ in TESTS)


@pytest.mark.parametrize("name", TODAY)
def test_names_that_are_mentioned_exist(name: str) -> None:
    """Dotted names of the package, and what is said of the public names, the service and its registry."""
    for code in inline(TODAY[name]):
        if re.fullmatch(r"telephony(?:\.\w+)+(?::\w+)?", code):
            pkgutil.resolve_name(code)
        for attribute in re.findall(r"\bapp\.state\.service\.(\w+)", code):
            assert attribute in Service.__dataclass_fields__, code
        for attribute in re.findall(r"\bregistry\.(\w+)\(", code):
            assert hasattr(CallRegistry, attribute), code
        try:
            tree = ast.parse(code.lstrip("@"))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in telephony.__all__:
                known = inspect.signature(getattr(telephony, node.func.id)).parameters
                assert {keyword.arg for keyword in node.keywords} <= set(known) | {"read_only"}, code
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "TurnTaking":
                assert hasattr(TurnTaking, node.attr), code


# --- figures --------------------------------------------------------------------------------------------------------

COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def test_the_expected_latencies_are_those_of_the_rules() -> None:
    """When a wait changes, so does what to expect: `scripts/bench latency --expect` prints the table."""
    assert markdown(TurnTaking()) in DOCUMENTS[BENCH]
    low, high, text = QUICK.drawn, SLOW.drawn, flowing(BENCH)
    assert f"partial transcripts after {low.partial_ms} ms, finals after {QUICK.final_ms}-{SLOW.final_ms}" in text
    assert f"first token after {low.first_token_ms}, first audio after {low.first_byte_ms}-{high.first_byte_ms}" in text
    assert f"{TAIL_MS + OWN_MS} ms for the detector and the service" in text


def test_the_waits_are_those_of_the_rules() -> None:
    """Each row of the table, and its examples; and every number that stands behind a field's name."""
    rows = re.findall(r"^\|[^|]*\|([^|]*)\| `(\w+)` \| ([\d,]+) \|$", DOCUMENTS[TURN_TAKING], re.MULTILINE)
    assert {field for _, field, _ in rows} == {
        "shortest_wait_ms", "entry_ms", "unheard_ms", "silence_ms",
    }  # fmt: skip
    rules = TurnTaking()
    endpointing = Endpointing(rules, language_for("en"))
    for examples, field, ms in rows:
        assert getattr(rules, field) == int(ms.replace(",", "")), field
        for text in re.findall(r'"([^"]+)"', examples):
            assert endpointing.wait(Evidence(text, AnswerContext())).ms == getattr(rules, field), text
    for text in DOCUMENTS.values():
        for field, ms in re.findall(r"`(\w+_ms)`\s+\((\d+) ms\)", text):
            where = rules if hasattr(rules, field) else rules.tuning
            assert getattr(where, field) == int(ms), field


def test_the_presets_are_those_of_the_rules() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) % \|$", DOCUMENTS[TURN_TAKING], re.MULTILINE)
    assert {name: int(percent) * 10 for name, percent in rows} == PRESETS


def test_the_limits_of_what_platforms_may_ask_are_those_of_the_code() -> None:
    """Sizes, times and counts, in the sentences that name them."""
    size, seconds = store.MAX_BYTES >> 20, store.BODY_MS // 1_000
    at_once, tools = COUNTS[uploads.CONCURRENT].capitalize(), COUNTS[TOOLS_AT_ONCE].capitalize()
    for name, sentence in (
        (MANAGED, f"A body may have {size} MB and take {seconds} seconds. {at_once} may arrive at once"),
        (MANAGED, f"{tools} tools of a call may run at once"),
        (MANAGED, f"a function that takes longer than {routes.ANSWER_MS} ms is not waited for"),
        (CUSTOM_LLM, f"a body above {endpoint.BODY_BYTES >> 20} MB"),
        (CUSTOM_LLM, f"After {exchange.BUFFER_MS} ms without a word"),
    ):
        assert sentence in flowing(name), sentence
    for event in agents_codec.WANTED_EVENTS:
        assert f"`{event}`" in DOCUMENTS[MANAGED], event
    for header in (endpoint.AGENT_HEADER, endpoint.CALL_HEADERS[0], routes.KEY_HEADER):
        assert header in f"{DOCUMENTS[MANAGED]} {DOCUMENTS[CUSTOM_LLM]}".lower(), header


def test_the_pythons_are_those_that_the_setup_accepts() -> None:
    setup = (ROOT / "scripts" / "setup").read_text()
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in setup
    assert "with Python 3.11, 3.12 or 3.13" in flowing("README.md")


def test_the_setup_empties_nothing_that_a_link_points_to(tmp_path: Path) -> None:
    """A .venv that is a link belongs to another clone."""
    clone, other = tmp_path / "clone", tmp_path / "other"
    for folder in (clone / "scripts", clone / "infra", other):
        folder.mkdir(parents=True)
    for name in ("scripts/setup", "pyproject.toml", "infra/constraints.txt"):
        shutil.copy(ROOT / name, clone / name)
    (other / "kept").touch()
    (clone / ".venv").symlink_to(other)
    bare = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}
    done = subprocess.run([clone / "scripts" / "setup"], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is a symbolic link" in done.stderr
    assert [path.name for path in other.iterdir()] == ["kept"]


# --- packaging and containers ---------------------------------------------------------------------------------------


def test_the_constraints_name_versions_and_nothing_else() -> None:
    """Names and versions that satisfy what the project asks for: no hosts, no paths, no editable installs."""
    lines = (ROOT / "infra" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) and re.fullmatch(r"[\w.]+", v) for name, v in pinned.items())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {re.split(r"[^A-Za-z0-9_-]", line)[0].lower() for line in wanted}
    assert names - {name.lower() for name in pinned} == set()


def test_what_callers_said_is_not_committed_by_accident() -> None:
    """The documents name the folder `tapes` for TELEPHONY_TAPES; `tests/tapes` is committed on purpose."""
    assert "`TELEPHONY_TAPES=tapes`" in DOCUMENTS["telephony/tape/README.md"]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/tapes/", "/data/", "/out/", ".env"} <= set(ignored)
    assert "tapes/" not in ignored


def test_the_container_is_stopped_later_than_the_service_needs() -> None:
    """Docker kills after ten seconds by default, and with that every call."""
    compose = (ROOT / "infra" / "compose.yaml").read_text()
    drain = int(re.findall(r'TELEPHONY_DRAIN_SECONDS: "(\d+)"', compose)[0])
    graces = [int(seconds) for seconds in re.findall(r"stop_grace_period: (\d+)s", compose)]
    assert len(graces) == 2
    assert min(graces) >= drain + 20
    assert "read_only: true" in compose


def services() -> dict[str, str]:
    """Service -> its part of compose.yaml."""
    compose = (ROOT / "infra" / "compose.yaml").read_text()
    parts = compose.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0].split("\n\n")
    return {part.split(":")[0].strip(): part for part in parts}


@pytest.mark.parametrize(
    "line",
    [
        *("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", "max-size: ", "max-file: "),
        *("mem_limit: ", "cpus: ", "pids_limit: ", "nofile: ", "/tmp:size="),
    ],
)
def test_no_container_can_take_the_machine(line: str) -> None:
    """Each, the proxy too: no rights but those it needs, a limit for everything it could use up, logs that rotate."""
    assert sorted(services()) == ["proxy", "telephony"]
    assert [name for name, part in services().items() if line not in part] == []


def test_images_are_exact() -> None:
    """A tag such as caddy:2 is another program tomorrow: at least the patch release is named, or the digest."""
    compose, dockerfile = ((ROOT / "infra" / name).read_text() for name in ("compose.yaml", "Dockerfile"))
    images = re.findall(r"^\s*image: (\S+)", compose, re.M) + re.findall(r"^FROM (\S+)", dockerfile, re.M)
    assert len(images) == 3
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+|@sha256:", image)] == []


def test_the_proxy_lets_through_what_the_service_takes_and_waits_no_longer() -> None:
    """Its limits are those of the largest and slowest genuine request, the upload after a call; others are cut off."""
    caddy = (ROOT / "infra" / "Caddyfile").read_text()
    assert f"max_size {store.MAX_BYTES // 2**20}MiB" in caddy
    body_s = int(re.findall(r"read_body (\d+)s", caddy)[0])
    assert store.BODY_MS / 1000 <= body_s <= 60
    assert re.search(r"read_header \d+s", caddy)


def test_the_image_runs_as_nobody_in_particular_and_gets_signals() -> None:
    """Non-root; exec form, so that SIGTERM reaches the service and not a shell; a health check on /healthz."""
    lines = (ROOT / "infra" / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER telephony"]
    assert [line for line in lines if line.startswith("CMD ")] == ['CMD ["telephony", "serve"]']
    assert any("/healthz" in line for line in lines)


if __name__ == "__main__":
    print(settings_table())
