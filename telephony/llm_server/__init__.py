"""Our agents as an OpenAI-compatible server (`/v1/chat/completions`), for a voice platform or any client.

Begin with `endpoint.py`; `answer.py` runs `reply()`, `idempotency.py` keeps a tool from acting twice.
"""
