"""Errors in the user's own module: named with file and line, before anything starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.app.loading import load_agent, load_llm_agents, try_agents
from telephony.errors import SettingsError
from telephony.settings import Settings

HEAD = "from telephony import Agent, IncomingCall, Voice, tool\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project folder, which is the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("mine", None)


WRONG = [
    (
        "a text for a tuple",
        "agent = Agent(\n  prompt='Hi', keyterms='Bella')\n",
        "mine.py:2: TypeError: Agent.keyterms",
    ),
    (
        "an undecorated tool",
        "def f(): ...\nagent = Agent(prompt='Hi', tools=(f,))\n",
        "mine.py:3: TypeError: Agent.tools",
    ),
    (
        "an untyped parameter",
        "@tool\ndef f(day): ...\nagent = Agent(prompt='Hi')\n",
        "mine.py:2: TypeError: tool f: parameter day",
    ),
    (
        "a wrong language",
        "agent = Agent(prompt='Hi', voice=Voice(language='english'))\n",
        "mine.py:2: LanguageSlip: Voice.language must be an ISO 639-1 code",
    ),
    (
        "a country for a language",
        "agent = Agent(prompt='Hi',\n  voice=Voice(language='jp'))\n",
        "mine.py:3: LanguageSlip: Voice.language must be an ISO 639-1 code such as en, de or pt-BR, not 'jp'; write ja",
    ),
    (
        "a function's wrong language",
        "def agent(call):\n  return Agent(prompt='Hi', voice=Voice(language='Klingon'))\n",
        "mine.py:3: LanguageSlip: Voice.language",
    ),
    ("a wrong time zone", "\nagent: Agent = Agent(prompt='Hi', time_zone='Dublin')\n", "mine.py:3: Agent.time_zone"),
    (
        "an error at import",
        "import json\nagent = json.loads('{')\n",
        "mine.py:3: JSONDecodeError: Expecting property name",
    ),
    ("a syntax error", "agent = Agent(prompt='Hi'\n", "mine.py:2: SyntaxError"),
    (
        "a missing module",
        "import no_such_library\n",
        "mine.py:2: ModuleNotFoundError: No module named 'no_such_library'",
    ),
    ("a module that exits", "import sys\nsys.exit('no database')\n", "mine.py:3: SystemExit: no database"),
    ("another name", "agents = Agent(prompt='Hi')\n", "mine.py has no agent; did you mean agents?"),
    ("no agent", "agent = 'Hi'\n", "neither an Agent nor a function"),
    ("a tool instead", "@tool\ndef agent() -> str: ...\n", "neither an Agent nor a function"),
    (
        "a function that raises",
        "def agent(call: IncomingCall) -> Agent:\n  return {}[call.caller]\n",
        "mine.py:3: KeyError: '+15005550006'",
    ),
    (
        "an async function that raises",
        "async def agent(call):\n  raise OSError('no route')\n",
        "mine.py:3: OSError: no route",
    ),
    ("a function that exits", "import sys\ndef agent(call):\n  sys.exit('gone')\n", "mine.py:4: SystemExit: gone"),
    (
        "a function without a return",
        "def agent(call):\n  Agent(prompt='Hi')\n",
        "mine.py:2: the function returned NoneType",
    ),
    (
        "a function's wrong agent",
        "def agent(call):\n  return Agent(prompt='Hi', tools='x')\n",
        "mine.py:3: TypeError: Agent.tools",
    ),
    (
        "a function's time zone",
        "def agent(call):\n  return Agent(prompt='Hi', time_zone='')\n",
        "mine.py:2: Agent.time_zone",
    ),
    (
        "a function that hangs",
        "import asyncio\nasync def agent(call):\n  await asyncio.Event().wait()\n",
        "mine.py:3: the function takes longer than 3000 ms",
    ),
]


@pytest.mark.parametrize(("source", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_file_and_line(folder: Path, source: str, message: str) -> None:
    (folder / "mine.py").write_text(HEAD + source)
    try:
        agents = load_llm_agents(Settings(agent="mine:agent"), load_agent("mine:agent")).agents
        problems = try_agents(agents)
    except SettingsError as error:
        problems = error.problems
    assert len(problems) == 1
    assert message in problems[0]


@pytest.mark.parametrize(
    "source",
    [
        "agent = Agent(prompt='Hi', time_zone='Europe/Dublin')\n",
        "def agent(call):\n  assert call.form['CallStatus'] == 'ringing'\n  return Agent(prompt='Hi')\n",
        "from telephony import Reject\nasync def agent(call):\n  return Reject()\n",
    ],
)
def test_what_would_answer_a_call_is_no_problem(folder: Path, source: str) -> None:
    (folder / "mine.py").write_text(HEAD + source)
    assert try_agents({"agent": load_agent("mine:agent")}) == []
