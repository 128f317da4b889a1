"""What turn-taking knows of languages: data, and functions over text and that data.

To add a language, write a module like `english.py` (a `Language`, see `language.py`) and name it in `registry.py`.
"""
