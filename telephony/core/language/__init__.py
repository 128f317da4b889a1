"""What turn-taking knows about languages: data, and functions over text and that data.

To add a language, write a module like `german.py` (a `Language`, see `language.py`) and enter it in `registry.py`.
"""
