"""What is true now: rows, the folds that make them, the feed and the table that keep them, and queries.

Imports eventstore only.
"""
