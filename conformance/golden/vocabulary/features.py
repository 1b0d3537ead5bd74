"""Rows of features."""

ROWS = [(4, 3), (2, 1), (7, 5), (16, 2), (3, 6)]
