"""Chat Completions of OpenAI and compatible servers: `codec.py` is the pure codec, `client.py` the shell."""
