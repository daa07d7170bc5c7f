"""POP's routes: parse, command or query, answer. Endpoints check shape, never rules.

To add a route: a function `async (ask) -> Reply` in the file of its resource, and a line in `routes`.
"""
