"""Starts weir and its mock provider, and talks to both: what the end-to-end tests share.

Which topology is under test comes from the environment (settings.py); the tests do not know.
"""
