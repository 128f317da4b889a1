"""Turns the caller's frames and transcripts into utterances.

Begin with `listening.py`. `voice_activity.py` counts detector windows, `loudness.py` tells the caller from talk in the
background, `segments.py` and `utterance.py` make sure that each word counts exactly once.
"""
