"""Audio as functions over bytes: mu-law, levels, frames, sample rates, tones, WAV files.

`pcmu` is mu-law at 8 kHz, one byte a sample; `pcm16` is 16-bit linear, mono. Uses only the standard
library and `audioop`, so the bytes are the same on every machine and Python version.
"""

import warnings

with warnings.catch_warnings():  # Python 3.11 and 3.12 warn; suppressed here for the whole package
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import audioop as audioop
