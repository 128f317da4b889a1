"""Loads agents and functions named in settings as `package.module:name`, and tries them as a call would.

Whatever a user's module raises becomes a `SettingsError` with one sentence that names file and line.
"""

from __future__ import annotations

import ast
import asyncio
import difflib
import importlib
import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from telephony.agent import CHOICE_MS, Agent, AgentSource, IncomingCall, LanguageSlip, ManagedAgent, Reject
from telephony.app.platforms import LlmAgents
from telephony.app.user_errors import located, place_of
from telephony.core.language.codes import primary
from telephony.errors import SettingsError
from telephony.settings import Settings, agent_name
from telephony.text_normalization import rules_for, supported
from telephony.threads import Callers
from telephony.tools import Tool

_FIELDS = {"CallStatus": "ringing", "Direction": "inbound", "From": "+15005550006", "To": "+15005550007"}
TRIAL_CALL = IncomingCall("CA" + "0" * 32, _FIELDS["From"], _FIELDS["To"], form={"CallSid": "CA" + "0" * 32} | _FIELDS)
"""The call with which an agent function is tried before the service starts; the numbers belong to nobody."""


def load_agent(name: str, setting: str = "TELEPHONY_AGENT") -> AgentSource:
    """`package.module:attribute` -> an agent, or a function that returns one. Raises SettingsError."""
    module, found = _load(name, setting)
    if isinstance(found, Tool | type) or (not isinstance(found, Agent | ManagedAgent) and not callable(found)):
        raise SettingsError([f"{setting}={name} is neither an Agent nor a function that returns one"])
    if problems := _faults(found, _assigned(module, name.partition(":")[2])) + _unfit(found, "call", TRIAL_CALL):
        raise SettingsError([f"{setting}={name}: {problem}" for problem in problems])
    return found  # type: ignore[no-any-return]  # checked above as far as it can be


def load_llm_agents(settings: Settings, agents: AgentSource) -> LlmAgents:
    """The agents offered to voice platforms: the one that answers calls, and those in TELEPHONY_LLM_AGENTS. Raises
    SettingsError."""
    named = {name.partition(":")[2]: load_agent(name, "TELEPHONY_LLM_AGENTS") for name in settings.llm_agents}
    after = _load(settings.after_call, "TELEPHONY_AFTER_CALL")[1] if settings.after_call else None
    if after is not None and not callable(after):
        raise SettingsError([f"TELEPHONY_AFTER_CALL={settings.after_call} is not a function"])
    if problems := _unfit(after, "event", None):
        raise SettingsError([f"TELEPHONY_AFTER_CALL={settings.after_call}: {problem}" for problem in problems])
    return LlmAgents({settings.agent.partition(":")[2]: agents, **named}, after)


def try_agents(sources: Mapping[str, AgentSource], *, local_speech: bool = False) -> list[str]:
    """What goes wrong when the agent functions among `sources` (by name) are asked to answer `TRIAL_CALL`, and which
    agents the local speech parts cannot serve, if they are used. Not for use in a running event loop."""
    with _strictly():
        tried = [(name, asyncio.run(_try(source, local_speech))) for name, source in sources.items()]
    return [f"{name}: {problem}" for name, problems in tried for problem in problems]


def agent_for(name: str, call: IncomingCall = TRIAL_CALL) -> Agent:
    """The agent of the pipeline that `name` (`package.module:attribute`) stands for; a function is asked to answer
    `call`. Raises SettingsError. Not for use in a running event loop."""
    source = load_agent(name)
    choice: object = source
    if not isinstance(source, Agent | ManagedAgent):
        try:
            with _strictly():
                choice = asyncio.run(Callers("agent function").ask(source, call))
        except (Exception, SystemExit) as error:
            raise SettingsError([f"{name}: {located(error, place_of(source))}"]) from error
    if not isinstance(choice, Agent):
        raise SettingsError([f"{name} does not return an Agent, but {type(choice).__name__}"])
    return choice


async def _try(source: AgentSource, local_speech: bool) -> list[str]:
    if isinstance(source, Agent | ManagedAgent):
        return _not_english(source) if local_speech else []
    place = place_of(source) or "the agent function"
    try:
        async with asyncio.timeout(CHOICE_MS / 1_000):
            choice: object = await Callers("agent function").ask(source, TRIAL_CALL)
    except TimeoutError:
        return [f"{place}: the function takes longer than {CHOICE_MS} ms to choose an agent"]
    except (Exception, SystemExit) as error:
        cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ is not None else error
        return [located(cause, place)]
    if not isinstance(choice, Agent | ManagedAgent | Reject):
        return [f"{place}: the function returned {type(choice).__name__}, not an Agent, a ManagedAgent or a Reject"]
    _prepare(choice)
    return _faults(choice, place) + (_not_english(choice) if local_speech else [])


def _prepare(choice: object) -> None:
    """Reads the rules of the agent's language. In its first call this would take 50 ms from all other calls."""
    agent = choice.fallback if isinstance(choice, ManagedAgent) else choice
    if isinstance(agent, Agent) and supported(agent.voice.language):
        rules_for(agent.voice.language)


def _not_english(source: object) -> list[str]:
    """A sentence if the agent speaks a language that the local recogniser and voice do not know."""
    agent = source.fallback if isinstance(source, ManagedAgent) else source
    if not isinstance(agent, Agent) or primary(agent.voice.language) in ("en", ""):
        return []
    return [
        f"it speaks {agent.voice.language}, and the local recogniser and voice know English only: other languages need "
        "ELEVENLABS_API_KEY"
    ]


def _faults(source: object, place: str) -> list[str]:
    """What an agent has that only its own checks cannot see: settings of this machine."""
    agent = source.fallback if isinstance(source, ManagedAgent) else source
    if not isinstance(agent, Agent):
        return []
    with suppress(KeyError, ValueError, OSError):
        ZoneInfo(agent.time_zone)
        return []
    return [f"{place}: Agent.time_zone must be a name such as Europe/Dublin, not {agent.time_zone!r}"]


def _unfit(function: object, parameter: str, argument: object) -> list[str]:
    """What is wrong with the parameters of a user's function, which is called with one argument, if anything is."""
    if not callable(function) or isinstance(function, Agent | ManagedAgent):
        return []
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a function that is not written in Python
        return []
    try:
        signature.bind(argument)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        place = f"{found}: " if (found := place_of(function)) else ""
        return [f"{place}TypeError: {name}{signature} is called with the {parameter} alone: {error}"]
    return []


def _load(name: str, setting: str) -> tuple[ModuleType, Any]:
    try:
        module_name, _, attribute = agent_name(name).partition(":")
    except ValueError as error:
        raise SettingsError([f"{setting} {error}"]) from None
    try:
        with _strictly():
            module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise SettingsError([f"{setting}={name}: {located(error)}"]) from error
    if not hasattr(module, attribute):
        own = [one for one, value in vars(module).items() if getattr(value, "__module__", "") != Agent.__module__]
        agents = [one for one, value in vars(module).items() if isinstance(value, Agent | ManagedAgent)]
        close = difflib.get_close_matches(attribute, agents or own, n=1) or agents[:1]
        words = f"{_file(module)} has no {attribute}" + (f"; did you mean {close[0]}?" if close else "")
        raise SettingsError([f"{setting}={name}: {words}"])
    return module, getattr(module, attribute)


@contextmanager
def _strictly() -> Iterator[None]:
    """What is only a warning in a call is an error here, in the user's own line."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", LanguageSlip)
        yield


def _file(module: ModuleType) -> str:
    return Path(module.__file__).name if module.__file__ else module.__name__


def _assigned(module: ModuleType, attribute: str) -> str:
    """`file.py:12`: where the module assigns the name; without a line if that cannot be told."""
    with suppress(OSError, TypeError, SyntaxError):
        for node in ast.parse(inspect.getsource(module)).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(one, ast.Name) and one.id == attribute for one in targets):
                return f"{_file(module)}:{node.lineno}"
    return _file(module)
