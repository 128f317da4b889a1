"""The caller's frames and transcripts become an utterance.

Begin with `listening.py`. `voice_activity.py` counts detector windows, `loudness.py` tells the caller from talk behind
them, `segments.py` and `utterance.py` account for each word once.
"""
