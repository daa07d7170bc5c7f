"""Whom a request goes to: the owners of partitions, here or one hop away; and where it waits while one moves."""
