"""Puts it together on a machine: containers for Docker users, a local broker for everyone else. Outside the layers."""
