"""`agendum openapi`: the document of everything on HTTP."""

from handlers.cli.screen import Output, Screen
from handlers.documents.openapi import document


def openapi() -> None:
    """Print the OpenAPI 3.1 document of the service: what another program needs to ask it."""
    Screen(Output.JSON).result(document())
