"""The application: turns settings into a running service. The only package that names concrete vendors.

Start with `app.py` (`create_app` and the wiring); `server.py` is the process with its signals and drain, `platforms.py`
the endpoints for voice platforms, `loading.py` loads agents by name and tries them, `keys.py` tries the vendors' keys,
`online_check.py` and `public_check.py` are `check --online`, `paths.py` is the service behind a path. May import every
package except `cli`, `examples` and `testing`.
"""
