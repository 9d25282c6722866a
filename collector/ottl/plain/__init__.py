"""OTTL over plain Python values: what every expression means, once for one value of each thing that it reads.

    syntax ──compiling──► `Expression`: the places that it reads, and a function of their values

    kinds.py                  what a value may be beyond JSON: times, durations, ids
    getters.py                what a parameter makes of a value: OTTL's getters
    places.py                 `attributes["x"]`, `resource.schema_url`, … → places of a batch
    comparing, calculating    operators
    function.py               how a converter is declared; the others hold them by subject
    compiling.py              the tree → an `Expression`

All of it is pure: no value is changed in place, so values are shared. Whoever has many records asks once for each distinct
combination of what an expression reads (`collector.ottl.statements`).
"""
