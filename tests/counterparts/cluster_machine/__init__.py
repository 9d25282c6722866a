"""Several logbooms on the simulated cluster, moved step by step: their real intake, sources, ledgers and changelogs, and deaths at every point."""
