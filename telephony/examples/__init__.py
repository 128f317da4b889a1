"""Agents that README and tests use."""
