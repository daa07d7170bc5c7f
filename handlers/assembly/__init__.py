"""The stages in which `handlers.app` makes a worker, each from those before: connected, keeping, watching, deciding,
listening. They construct, and decide nothing; nobody but the composition root imports them.
"""
