"""What to do about it: deciders, scheduling, timers, the command path, endpoints, settings, the composition root."""
