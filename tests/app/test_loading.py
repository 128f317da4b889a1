"""Errors in the user's own module: named with file and line, before anything starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.app.loading import load_agent, load_llm_agents, try_agents
from telephony.errors import SettingsError
from telephony.settings import Settings, agent_name

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
    (
        "quite another name",
        "from telephony import Agent\nreceptionist = Agent(prompt='Hi')\n",
        "mine.py has no agent; did you mean receptionist?",
    ),
    ("no agent", "from telephony import Agent\nprompt = 'Hi'\n", "mine.py has no agent"),
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
        "a number that no call has",
        "from telephony import Limits\n\nagent = Agent(\n  prompt='Hi', limits=Limits(apologies=5000))\n",
        "mine.py:4: ValueError: Agent.limits.apologies is 5000; it must be from 0 to",
    ),
    (
        "a function's number",
        "from telephony import Limits\ndef agent(call):\n  return Agent(prompt='Hi', limits=Limits(tool_rounds=-1))\n",
        "mine.py:4: ValueError: Agent.limits.tool_rounds is -1",
    ),
    (
        "a function without its parameter",
        "def agent():\n  return Agent(prompt='Hi')\n",
        "mine.py:2: TypeError: agent() is called with the call alone: too many positional arguments",
    ),
    (
        "a function with two",
        "\nasync def agent(call, more):\n  return Agent(prompt='Hi')\n",
        "mine.py:3: TypeError: agent(call, more) is called with the call alone: missing a required argument: 'more'",
    ),
    ("a keyword", "def agent(*, call):\n  return Agent(prompt='Hi')\n", "mine.py:2: TypeError: agent(*, call) is"),
    ("a lambda", "agent = lambda: Agent(prompt='Hi')\n", "mine.py:2: TypeError: <lambda>() is called"),
    (
        "a partial",
        "from functools import partial\ndef f(a, b): ...\nagent = partial(f, 1, 2)\n",
        "mine.py:3: TypeError: partial() is called",
    ),
    (
        "an object",
        "class Chooses:\n  def __call__(self): ...\nagent = Chooses()\n",
        "mine.py:3: TypeError: Chooses() is called",
    ),
    (
        "a function of somebody else's",
        "from functools import partial\nimport json\nagent = json.loads\n",
        ": TypeError: the JSON object must be str",
    ),
    (
        "an error of several lines",
        "import pydantic\nclass Own(pydantic.BaseModel):\n  key: str\n  url: str\nOwn()\n",
        "mine.py:6: ValidationError: 2 validation errors for Own key Field required",
    ),
    (
        "a type of one's own",
        "class Order: ...\n@tool\ndef f(order: Order): ...\nagent = Agent(prompt='Hi')\n",
        "mine.py:3: TypeError: tool f: a model cannot write parameter order, whose type is Order; it can write str",
    ),
    (
        "a list of them",
        "class Order: ...\n@tool\ndef f(day: str, orders: list[Order]): ...\nagent = Agent(prompt='Hi')\n",
        "mine.py:3: TypeError: tool f: a model cannot write parameter orders, whose type is list[mine.Order]",
    ),
    (
        "a function as a type",
        "from typing import Callable\n@tool\ndef f(then: Callable[[], None] = print): ...\n",
        "mine.py:3: TypeError: tool f: a model cannot write parameter then, whose type is typing.Callable",
    ),
    (
        "a value as a type",
        "@tool\ndef f(count: 5): ...\n",
        "mine.py:2: TypeError: tool f: a model cannot write parameter",
    ),
    (
        "any() as a type",
        "@tool\ndef f(count: any): ...\n",
        "mine.py:2: TypeError: tool f: a model cannot write parameter",
    ),
    (
        "a type that is not known",
        "@tool\ndef f(order: 'Order'): ...\n",
        "mine.py:2: TypeError: tool f: its types cannot be read: name 'Order' is not defined",
    ),
    (
        "words for a type",
        "@tool\ndef f(days: 'list of str'): ...\n",
        "mine.py:2: TypeError: tool f: its types cannot be",
    ),
    (
        "a field of one's own",
        "import dataclasses, queue\n@dataclasses.dataclass\nclass Order:\n  rest: queue.Queue\n"
        "@tool\ndef f(order: Order): ...\n",
        "mine.py:6: TypeError: tool f: a model cannot write parameter order",
    ),
    (
        "a name with an underscore",
        "@tool\ndef f(_day: str): ...\n",
        "mine.py:2: TypeError: tool f: parameter _day must not begin",
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
    assert "\n" not in problems[0]


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


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("mine:agent", "mine:agent"),
        ("mine.py:agent", "mine:agent"),
        ("./mine.py:agent", "mine:agent"),
        ("./mine:agent", "mine:agent"),
        ("agents/mine.py:agent", "agents.mine:agent"),
        ("agents/mine:agent", "agents.mine:agent"),
        ("mine", "perhaps mine:agent"),
        ("mine.py", "perhaps mine:agent"),
        ("agents/mine.py", "perhaps agents.mine:agent"),
        ("mine.agent", "perhaps mine:agent"),
        ("mine.py:", "perhaps mine:agent"),
        ("mine:agent.py", "perhaps mine:agent"),
        ("/srv/mine.py:agent", "must name an agent as package.module:name, not '/srv/mine.py:agent'"),
        ("../mine.py:agent", "must name an agent as"),
        ("my-agent.py:agent", "must name an agent as"),
        (":agent", "must name an agent as"),
        ("my agent", "must name an agent as"),
    ],
)
def test_an_agents_file_may_be_named_as_a_path(given: str, name: str) -> None:
    """Below the current folder; of anything else the likely name is told."""
    try:
        found = agent_name(given)
    except ValueError as error:
        found = str(error)
    assert found == name or (" " in name and name in found)


def test_a_hook_is_tried_for_its_parameter(folder: Path) -> None:
    """As an agent function is: before the first call has ended."""
    (folder / "mine.py").write_text(HEAD + "agent = Agent(prompt='Hi')\ndef after(): ...\ndef good(event): ...\n")
    load_llm_agents(Settings(agent="mine:agent", after_call="mine:good"), load_agent("mine.py:agent"))
    with pytest.raises(SettingsError, match=r"AFTER_CALL=mine:after: mine.py:3: TypeError: after\(\) is called"):
        load_llm_agents(Settings(agent="mine:agent", after_call="mine:after"), load_agent("mine:agent"))
