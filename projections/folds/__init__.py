"""evolve: state + event -> state, one function per event. What is laid over which rows. Pure."""
