"""The embedded default's parts: local speech recognition, synthesis and dialogue, for a machine without keys.

Begin with `local_services.py`, which puts them behind the vendors' own protocols.
"""
