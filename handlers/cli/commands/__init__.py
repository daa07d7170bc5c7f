"""One module per command of `agendum`; each is registered in handlers.cli.main."""
