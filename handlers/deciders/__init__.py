"""decide: a command and the state of its stream -> one event, nothing (already true), or a refusal. Pure.

Only the command path calls these. A command that is *already true* yields None; one whose premise is *no longer true*
raises Rejected with "expected X, but Y".
"""
