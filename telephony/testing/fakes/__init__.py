"""Local servers that speak the vendors' own protocols, with a switch for each fault."""
