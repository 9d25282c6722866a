"""What a component may do beyond the contract of its kind.

    exporters    beyond sending
    steps        beyond taking a batch: processors and connectors
    extensions   for servers, clients and the service
    receivers    where they listen, what they wait for
    options      of any kind, asked before anything is made

The core asks with `isinstance`: a class has a power by having its methods, all of them, and registers nothing.
`collector.testing.contract` tells of half a power, and of one that is called otherwise.
"""
