"""Runs the other teams' clients against the local ElevenLabs and says what each got. Exit code 1 if one fails.

python -m tests.clients PYTHON      # the interpreter of the venv that has them (scripts/clients makes one)
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telephony.clock import Clock
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs

SENTENCE = "Our opening hours are nine to five, every day but Sunday."
WORDS = "what are your hours"
SPEECH_MS = len(SENTENCE) * 70
CLIENTS_S = 90


def wrong(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with a client's results, in words."""
    problems = []
    for name, result in found.items():
        if result.get("errors"):
            problems.append(f"{name}: {result['errors']}")
        elif name.startswith("tts") and abs(result["ms"] - SPEECH_MS) > 200:
            problems.append(f"{name}: {result['ms']} ms of audio, not {SPEECH_MS}")
        elif result["text"] != (SENTENCE if name.startswith("tts") else WORDS):
            problems.append(f"{name}: {result['text']!r}")
        elif name.startswith("stt") and not result["interim"]:
            problems.append(f"{name}: no interim transcript")
    return problems


async def certificate(python: str, directory: Path) -> ssl.SSLContext:
    """A server's certificate for 127.0.0.1; its authority is `client.pem` in the directory."""
    making = await asyncio.create_subprocess_exec(python, "-m", "trustme", "-q", "-i", "127.0.0.1", "-d", directory)
    if await making.wait():
        raise SystemExit("no certificate could be made")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return context


async def run(python: str, script: str, url: str, authority: Path) -> list[str]:
    """Runs a client. What is wrong with it, in words."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    client = await asyncio.create_subprocess_exec(
        *(python, Path(__file__).with_name(script), url, SENTENCE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment | {"SSL_CERT_FILE": str(authority)},
    )
    try:
        async with asyncio.timeout(CLIENTS_S):
            out, err = await client.communicate()
    except TimeoutError:
        client.kill()
        out, err = await client.communicate()
    try:
        found = json.loads(out.decode().strip().rpartition("\n")[2])
    except ValueError:
        return [f"no result; its output ends with\n{err.decode()[-3_000:]}"]
    for name, result in found.items():
        print(f"  {script.partition('_')[0]} {name}: {result}")
    return wrong(found)


async def main(python: str) -> int:
    """Runs both clients against servers with and without TLS."""
    problems: list[str] = []
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        tls = await certificate(python, Path(name))
        async with LocalElevenLabs(clock=clock) as plain, LocalElevenLabs(clock=clock, tls=tls) as secure:
            for server, script in ((plain, "livekit_clients.py"), (secure, "pipecat_clients.py")):
                for _ in range(4):
                    server.stt.script.add(WORDS)
                problems += [
                    f"{script}: {problem}"
                    for problem in await run(python, script, server.base_url, Path(name) / "client.pem")
                ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
