"""Measures what a request costs in weir and in its peers, on loopback."""
