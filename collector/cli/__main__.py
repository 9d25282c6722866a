"""`python -P -m collector.cli`: the same as the `logboom` command."""

from collector.cli import main

main()
