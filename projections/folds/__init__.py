"""evolve: state + event -> state, for runs, one function per event. What is laid over which rows. Pure."""
