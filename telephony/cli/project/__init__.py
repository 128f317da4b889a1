"""What `telephony new` makes a project of: `make` fills in the templates, `package_wheel` packs the running package,
and `first_call` records a call."""
