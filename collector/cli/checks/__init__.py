"""What `logboom doctor` looks at: one module for each place, a function for each look."""
