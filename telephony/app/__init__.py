"""The application: settings become a running service. The only room that names concrete vendors.

Begin with `app.py` (`create_app` and the wiring); `server.py` is the process with its signals and drain, `platforms.py`
what voice platforms may use, `loading.py` finds agents by name. May import every room but `cli`, `examples` and
`testing`.
"""
