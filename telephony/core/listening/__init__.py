"""Turns the caller's frames and transcripts into utterances.

Begin with `listening.py`. `voice_activity.py` counts detector windows, `loudness.py` tells the caller from talk in the
background, `utterance.py` keeps the words, and which of them have been answered before they were stable.
"""
