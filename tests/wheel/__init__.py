"""The package as its users install it: `scripts/wheel`."""
