"""Runs a call: connects ports, inbox and core through contracts only; no vendor is named here.

Start with `driver.py`. `call_registry.py` holds the live calls; `llm_port.py` runs `reply.py`, one reply of the model.
"""
