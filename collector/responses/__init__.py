"""Responses: what is done about an alert, as the connector `alerting` decides it and exporters carry it out.

    proposed ──► approved ──► started ──► done ───► helped
        │                        │          └─────► did_not_help
        └► denied, expired       └► failed, expired               held: a guard kept one back

    words.py     names of commands and events
    response.py  a `Response` as columns of a batch, and back; one declaration for both sides
    outcome.py   what comes of an attempt to act
    asking.py    `Desk`: an exporter asks whether it may act now, and tells what came of it: commands to the connector
    acting.py    `Acts`: what exporters that act have in common;  http_acting.py  the same over HTTP

What a log says is no authority: targets stand in the configuration, and once more on the list of the exporter.
"""
