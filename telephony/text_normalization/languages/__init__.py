"""The data of each language. A module has one function, `language(region)`; to add a language, add a module to
`MODULES` in the package above, and its strings to `tests/text_normalization/`."""
