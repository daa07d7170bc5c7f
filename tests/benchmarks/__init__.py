"""Measured by hand, `pytest -m benchmark -s`: each figure a ratio to what a user would build instead, in one run."""
