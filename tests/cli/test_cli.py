"""The command line as a user runs it: in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from telephony.cli.model_servers import ModelServer, model_servers
from telephony.settings import describe, load, stand_ins
from telephony.testing.serving import serve_app

#: An environment without settings and without the developer's own keys.
BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
BARE["PYTHONPATH"] = str(Path(__file__).parents[2])  # this package, whichever is installed
#: Keys, and providers that cannot be reached.
NOWHERE = {
    "TWILIO_AUTH_TOKEN": "t", "OPENAI_API_KEY": "o", "ELEVENLABS_API_KEY": "e",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "ELEVENLABS_BASE_URL": "http://127.0.0.1:9",
}  # fmt: skip


def telephony(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telephony", *arguments],
        cwd=cwd, env=BARE | environ, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def agent(tmp_path: Path) -> str:
    (tmp_path / "my_agent.py").write_text("from telephony.agent import Agent\nagent = Agent(prompt='Hi')\n")
    return "my_agent:agent"


def test_help_names_every_command_in_whole_sentences(tmp_path: Path) -> None:
    """The first screen that a new user sees lists all commands."""
    shown = telephony("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command, what in (("serve", "Answer calls."), ("demo", "Run a complete call"), ("check", "settings.")):
        assert re.search(rf"^  {command} +.*{re.escape(what)}", shown.stdout, re.MULTILINE), shown.stdout


def test_check_shows_what_is_set_and_what_is_local(tmp_path: Path, agent: str) -> None:
    """Keys are shown as "(set)", never in full; an agent in the current directory is found."""
    shown = telephony("check", "--offline", cwd=tmp_path, TELEPHONY_AGENT=agent, OPENAI_API_KEY="sk-hush")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^\* OPENAI_API_KEY +\(set\)$", shown.stdout, re.MULTILINE)
    assert "sk-hush" not in shown.stdout + shown.stderr
    assert re.search("^stt +local", shown.stdout, re.MULTILINE)


CARRIER = {"PUBLIC_URL": "https://calls.example.com", "TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC" + "1" * 32}
SPEECH = {"ELEVENLABS_API_KEY": "e"}
MODEL = {"OPENAI_API_KEY": "o"}


@pytest.mark.parametrize(
    ("keys", "local", "warnings"),
    [
        ({}, {"carrier", "stt", "llm", "tts"}, 0),
        (MODEL, {"carrier", "stt", "tts"}, 0),
        ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, {"carrier", "stt", "tts"}, 0),
        ({"offline": "1"} | CARRIER, {"stt", "llm", "tts"}, 2),
        (CARRIER | MODEL, {"stt", "tts"}, 1),
        (CARRIER | SPEECH | MODEL, set(), 0),
        ({"TELEPHONY_AGENT": "mine:agent"}, {"carrier", "stt", "llm", "tts"}, 1),
        ({"TELEPHONY_AGENT": "mine:agent"} | MODEL, {"carrier", "stt", "tts"}, 0),
        ({"TELEPHONY_AGENT": "mine:agent", "offline": "1"} | CARRIER, {"stt", "llm", "tts"}, 2),
    ],
)
def test_local_parts_are_named_with_what_is_missing_and_real_callers_are_a_warning(
    keys: dict[str, str], local: set[str], warnings: int
) -> None:
    """Without a carrier, local parts are as they should be, but for a model that does not know one's own agent; callers
    from outside would meet them unawares."""
    settings = load(keys, offline="offline" in keys, env_file=None)
    lines = dict(describe(settings))
    assert {part for part, what in lines.items() if what.startswith("local")} == local
    assert all("set)" in lines[part] for part in local)
    assert len(stand_ins(settings)) == warnings
    assert all("Set " in sentence or "set " in sentence for sentence in stand_ins(settings))


def test_that_callers_would_meet_local_parts_is_said_by_check(tmp_path: Path, agent: str) -> None:
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT=agent, **CARRIER, **MODEL)
    assert shown.returncode == 0, shown.stderr
    assert len(re.findall("^WARNING  Callers will .*ELEVENLABS_API_KEY", shown.stdout, re.MULTILINE)) == 1


@pytest.mark.parametrize("command", ["serve", "check"])
def test_wrong_settings_are_all_named_and_nothing_starts(tmp_path: Path, command: str) -> None:
    """One line each on stderr and exit code 2, including errors in .env and a missing agent."""
    (tmp_path / ".env").write_text("PORT=http\nELEVENLABS_MODEL=eleven_v3\n")
    shown = telephony(command, cwd=tmp_path, TELEPHONY_FALLBACK_NUMBER="1", TELEPHONY_AGENT="nowhere:agent")
    assert (shown.returncode, shown.stdout) == (2, "")
    lines = [line for line in shown.stderr.splitlines() if line.startswith("- ")]
    assert {line.split()[1].split("=")[0].rstrip(",") for line in lines} == {
        "PORT", "ELEVENLABS_MODEL", "TELEPHONY_FALLBACK_NUMBER", "TELEPHONY_AGENT",
    }  # fmt: skip


def test_an_agent_that_raises_when_imported_is_reported_in_a_sentence(tmp_path: Path) -> None:
    """An error in the user's file is reported in one line, without a traceback."""
    (tmp_path / "slip.py").write_text("agent = 1 / 0\n")
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT="slip:agent")
    assert shown.returncode == 2
    assert "ZeroDivisionError" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("command", ["serve", "check", "demo"])
def test_a_missing_extra_is_named_before_anything_starts(tmp_path: Path, agent: str, command: str) -> None:
    """One sentence with the command that installs it, exit code 2."""
    hidden = "import sys\nsys.modules['moonshine_voice'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    path = f"{tmp_path}{os.pathsep}{BARE['PYTHONPATH']}"
    shown = telephony(command, "--offline", cwd=tmp_path, TELEPHONY_AGENT=agent, PYTHONPATH=path)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "pip install 'telephony[offline]'" in shown.stderr
    assert "moonshine-voice (with wheels for Linux with glibc 2.34" in shown.stderr
    assert "ELEVENLABS_API_KEY" in shown.stderr


def test_with_keys_nothing_of_the_extra_is_needed(tmp_path: Path, agent: str) -> None:
    hidden = "import sys\n" + "".join(
        f"sys.modules['{name}'] = None\n" for name in ("moonshine_voice", "hibari", "onnxruntime", "soxr")
    )
    (tmp_path / "sitecustomize.py").write_text(hidden)
    path = f"{tmp_path}{os.pathsep}{BARE['PYTHONPATH']}"
    keys = {"OPENAI_API_KEY": "o", "ELEVENLABS_API_KEY": "e", "TWILIO_AUTH_TOKEN": "t"}
    code = "import telephony.app.app, telephony.cli.demo, sys; sys.exit('telephony.offline.stt' in sys.modules)"
    environ = BARE | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT=agent, PYTHONPATH=path, **keys)
    assert shown.returncode == 0, shown.stderr
    assert "local" not in shown.stdout.partition("agent ")[2]


@pytest.mark.parametrize("source", ["agent = one", "def agent(call):\n    return one", "agent = many"])
def test_an_agent_of_another_language_needs_a_key(tmp_path: Path, source: str) -> None:
    """The local recogniser and voice are English: it is said at once, and not as a bad call."""
    (tmp_path / "mine.py").write_text(
        "from telephony import Agent, ManagedAgent, Voice\n"
        "one = Agent(prompt='Hallo', voice=Voice(language='de-AT'))\n"
        f"many = ManagedAgent('agent_1', fallback=one)\n{source}\n"
    )
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT="mine:agent")
    assert shown.returncode == 2
    assert "speaks de-AT" in shown.stderr
    assert "know English only: other languages need ELEVENLABS_API_KEY" in shown.stderr
    key = telephony("check", cwd=tmp_path, TELEPHONY_AGENT="mine:agent", ELEVENLABS_API_KEY="el-1")
    assert key.returncode == 0, key.stderr


def test_a_model_server_on_this_machine_is_offered_in_words(tmp_path: Path, agent: str) -> None:
    """With the two settings that use it; nothing is used unasked."""
    offered = ModelServer("http://localhost:11434/v1", ("llama3.2", "qwen3", "phi4", "gemma3"))
    assert "OPENAI_BASE_URL=http://localhost:11434/v1 and OPENAI_MODEL=llama3.2" in offered.offer
    assert "gemma3" not in offered.offer
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT=agent, OPENAI_BASE_URL="http://localhost:11434/v1")
    assert shown.returncode == 0, shown.stderr
    assert re.search("^stt +local", shown.stdout, re.MULTILINE)
    assert re.search("^llm +http://localhost:11434/v1", shown.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("status", "body", "models"),
    [
        (200, '{"object": "list", "data": [{"id": "llama3.2"}, {"id": "qwen3"}]}', ("llama3.2", "qwen3")),
        (200, '{"data": [{"id": "evil\\u001b[2J"}]}', (r"evil\x1b[2J",)),
        (200, '{"data": []}', None),
        (200, '{"data": 7}', None),
        (200, '{"data": [1]}', None),
        (200, "[]", None),
        (200, "<html>", None),
        (401, '{"error": "key"}', None),
        (404, "", None),
    ],
)
async def test_only_what_lists_models_is_a_model_server(status: int, body: str, models: tuple[str, ...] | None) -> None:
    """Other services on these ports, and what they answer, are not taken for one."""
    app = Starlette(routes=[Route("/v1/models", lambda request: Response(body, status))])
    async with asyncio.timeout(60), serve_app(app) as url:
        found = await asyncio.to_thread(model_servers, [9, int(url.rpartition(":")[2])])
    assert [server.models for server in found] == ([] if models is None else [models])


@pytest.mark.parametrize("command", ["serve", "check", "demo"])
def test_an_agent_function_is_tried_before_anything_starts(tmp_path: Path, command: str) -> None:
    """It is asked to answer a call, as it would be later; what it raises is named with file and line, exit code 2."""
    (tmp_path / "mine.py").write_text("def agent(call):\n    return {}[call.caller]\n")
    shown = telephony(command, "--offline", cwd=tmp_path, TELEPHONY_AGENT="mine:agent")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "mine.py:2: KeyError: '+15005550006'" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_check_names_what_a_language_lacks(tmp_path: Path) -> None:
    """A line for each language; it is no error."""
    (tmp_path / "polish.py").write_text(
        "from telephony import Agent, Voice\nagent = Agent('P.', voice=Voice(language='pl'))\n"
    )
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT="polish:agent", ELEVENLABS_API_KEY="k", OPENAI_API_KEY="k")
    assert shown.returncode == 0, shown.stderr
    assert re.search("^language pl: phrases in English: all .*; no listeners' words", shown.stdout, re.MULTILINE)


def test_a_voice_model_that_cannot_hold_a_call_is_reported_with_the_reason(tmp_path: Path) -> None:
    """Also one that an agent names."""
    (tmp_path / "slow.py").write_text(
        "from telephony import Agent, Voice\nagent = Agent('P.', voice=Voice(model='eleven_v4_conversational'))\n"
    )
    shown = telephony("check", cwd=tmp_path, TELEPHONY_AGENT="slow:agent")
    assert shown.returncode == 2
    assert "eleven_v4_conversational cannot be used on a call: it speaks through another socket" in shown.stderr


def test_options_override_the_environment(tmp_path: Path) -> None:
    """`--port` is validated like PORT."""
    shown = telephony("serve", "--port", "99999", cwd=tmp_path, PORT="8000")
    assert shown.returncode == 2
    assert "99999" in shown.stderr


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path, agent: str) -> None:
    """The second `telephony serve`, or another server at the usual port: which setting to change, exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        shown = telephony("serve", cwd=tmp_path, TELEPHONY_AGENT=agent, PORT=str(port))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert f"- PORT={port} is taken: " in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "local_part" not in shown.stderr


def test_the_demo_refuses_a_missing_recording(tmp_path: Path) -> None:
    """The error comes before anything is started."""
    shown = telephony("demo", "--caller", "missing.wav", cwd=tmp_path)
    assert shown.returncode == 2
    assert "missing.wav" in shown.stderr


@pytest.mark.parametrize("module", ["typer", "asyncio", "telephony.cli.recordings", "dotenv"])
def test_ctrl_c_while_the_commands_are_loaded_is_no_traceback(tmp_path: Path, module: str) -> None:
    """The first half second, on a slow machine more."""
    (tmp_path / ".env").write_text("MINE=1\n")
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    shown = telephony("version", cwd=tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{BARE['PYTHONPATH']}")
    assert (shown.returncode, shown.stdout, shown.stderr) == (130, "", "")


def test_version(tmp_path: Path) -> None:
    """The output for a bug report: the version."""
    assert re.match(r"telephony \d+\.\d+", telephony("version", cwd=tmp_path).stdout)


def test_serve_says_where_it_is_and_stops_on_sigterm(tmp_path: Path, agent: str) -> None:
    """One log line when it is ready, exit code 0 on SIGTERM; unreachable providers do not keep it from starting."""
    environ = BARE | NOWHERE | {"PORT": "0", "TELEPHONY_AGENT": agent, "TELEPHONY_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "telephony", "serve"]
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if '"serving"' in line)
        with urllib.request.urlopen(json.loads(line)["url"] + "/healthz", timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 0, rest
        assert "Traceback" not in rest


def test_the_collector_works_during_calls_but_not_on_what_the_start_created(tmp_path: Path) -> None:
    """To look through that takes 50 ms, in which no call is served."""
    (tmp_path / "mine.py").write_text(
        "import atexit, gc, telephony\n"
        "atexit.register(lambda: print('collector', gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects())))\n"
        "agent = telephony.Agent(prompt='Hi')\n"
    )
    command = [sys.executable, "-m", "telephony", "serve", "--port", "0"]
    environ = BARE | NOWHERE | {"TELEPHONY_AGENT": "mine:agent", "TELEPHONY_LOG_FORMAT": "json"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert next(line for line in process.stderr if '"serving"' in line)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    enabled, kept, others = out.split()[-3:]
    assert enabled == "True"
    assert int(kept) > 20 * int(others)
