"""What the service says of itself: the OpenAPI and AsyncAPI documents and the manual, made of the code. Pure."""
