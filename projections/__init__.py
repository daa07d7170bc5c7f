"""What is true now: rows, the folds that make them, the feed and the table that keep them, and queries.

From the ground up: the words that all use (rows, views, overlay, store, run, verdict); indexes; folds and queues; the
partition, which is made of these; table and queries around it; audit, catalogue and group on top. No import runs
upwards. Imports eventstore only.
"""
