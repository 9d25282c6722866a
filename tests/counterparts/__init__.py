"""The other side of tests: cases of the peers, and what real systems need to be built and started."""
