"""The command line: parsing and printing only; what a command does stands elsewhere.

Begin with `main.py`. `recordings.py` has the commands for recorded calls, `demo.py` and `demo_modes.py` the demo.
"""
