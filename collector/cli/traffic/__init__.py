"""Sample traffic: what several services of several domains log, for `logboom demo`, `logboom send` and the benchmarks."""
