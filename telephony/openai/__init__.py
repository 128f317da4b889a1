"""Chat Completions of OpenAI and compatible servers: `codec.py` is the pure codec, `client.py` the shell.

What servers do in their own way has a pure module each: `reasoning.py` and `written_calls.py` (text that is none),
`tool_calls.py` (how calls are streamed), `shapes.py` and `habits.py` (what a server refuses, and is not sent again).
"""
