"""Audio as functions over bytes: mu-law, levels, frames, sample rates, tones, WAV files.

`pcmu` is mu-law at 8 kHz, one byte a sample; `pcm16` is 16-bit linear, mono. Standard library and `audioop` alone: the
same bytes on every machine and every Python.
"""

import warnings

with warnings.catch_warnings():  # of 3.11 and 3.12; here once for the whole package: who uses it need not allow for it
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import audioop as audioop
