"""What agents ask of logboom, over the Model Context Protocol: the questions of the pages and the API, for the same visitor, in answers that a model
can hold.

    tools.py     what there is to call, by name, with the models of its arguments
    reading.py   records, counts, patterns, deployments, the report, why a record was judged so
    issues.py    issues; what is done about them, where the options allow it
    redacted.py  what no agent should read is hidden, as it is before a model is told of an issue
    answers.py   how much is told, that it is data, and how far it got
    server.py    the SDK's side: the extra `mcp`, loaded with the first request
    endpoint.py  `/mcp` of the console
"""
