"""Our agents as an OpenAI-compatible server (`/v1/chat/completions`), for a voice platform or any client.

Start with `endpoint.py`; `answer.py` runs `reply()`; `idempotency.py` prevents a tool from acting twice.
"""
