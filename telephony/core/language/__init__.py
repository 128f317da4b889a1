"""What turn-taking knows about languages: data, and functions over text and that data.

To add a language, write a module like `english.py` (a `Language`, see `language.py`) and enter it in `registry.py`.
"""
