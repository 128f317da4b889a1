"""The command line: parsing and printing only; the commands are implemented elsewhere.

Start with `main.py`. `recordings.py` has the commands for recorded calls, `demo.py` and `demo_modes.py` the demo.
"""
