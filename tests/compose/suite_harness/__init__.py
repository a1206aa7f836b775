"""A suite of containers, as compose.yaml makes it, for the tests of this folder."""
