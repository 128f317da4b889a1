"""Chat Completions of OpenAI and compatible servers: `codec.py` is the wire, `client.py` the shell."""
