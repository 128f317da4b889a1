"""Audio as functions over bytes: mu-law, levels, frames, sample rates, tones, WAV files.

`pcmu` is mu-law at 8 kHz, one byte a sample; `pcm16` is 16-bit linear, mono. Standard library and `audioop` alone: the
same bytes on every machine and every Python.
"""
