"""Four simulated weeks of a company's logs, as counts a minute and series: what a detector of anomalies is measured on.

`python -m weeks` (`make weeks`) runs them through the processor `anomalies` and prints the table of its README. Kinds, amplitudes and places of
the incidents stand in `incidents.py`, and were written before any detector was.
"""
