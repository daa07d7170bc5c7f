"""POP's routes: parse, command or query, answer. Endpoints check shape, never rules.

To add a route: a function `async (ask) -> Reply` in the file of its resource, and a line each in `routes` and
`handlers.documents.documented`. `server` finds the route of a request, and answers.
"""
