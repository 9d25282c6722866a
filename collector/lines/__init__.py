"""The bare line of a body: what stands under the colours of a terminal and the wrapping of a container.

A body may be coloured (ANSI escape sequences), a line of a container runtime (CRI: `2026-… stdout F …`), a JSON object
around a line (Docker's json-file, fluent-bit, Vector, GELF, loguru, journald), and these in each other. `envelopes` takes
that off one body, `bare` off a column of them. The record keeps its body as sent: whoever judges what a program said
reads the bare line, by these functions or as `body.line` in a condition.

A line that is itself JSON or logfmt of a logger keeps its fields, for they say something; but its message, which begins somewhere inside and is
escaped, stands above it in what is judged (`messages`, `Unwrapped.spoken`).
"""
