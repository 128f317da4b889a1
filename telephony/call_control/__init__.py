"""What an agent can do with its call: put it through to a person, cold (`cold.py`) or warm (`warm.py`), and press keys
in other companies' menus (`press_keys.py`). Begin with `moves.py`: how a call leaves its stream and comes back.
"""
