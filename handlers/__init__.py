"""What to do about it. The map: each package or module imports only what stands below it.

    cli           the command line
    app           the composition root (its stages: assembly), makes a worker

    documents     what the service says of itself (pure)
    endpoints     HTTP: parse, command or query, answer
    inbox         the same by topic
    edge          what both doors share: what everyone may ask of runs
    intake        from open wire objects to commands (pure)

    routing       to the owner of a partition, here or one hop away
    command_path  at the owner: lock, decide, append, wait for the verdict
    deciders      a command and a state -> an event, nothing or a refusal (pure)
    scheduling    who is next
    timers        what time alone brings about
    gateway       how all of these reach the owners: the interface that routing fulfils

    executor      pulls agendas over HTTP and runs their operations
    converting    workflows of others made into agendas (pure)

    access        who asks, and what he may
    process       what every process has: settings, logs, metrics, health, listeners, doors to Kafka
    client        the HTTP API, typed
    wire          POP's JSON (pure)
    clock         time and chance

import-linter holds it (the contract `handlers` in pyproject.toml); what is pure knows no I/O, no clock, no chance.
"""
