"""The console: pages for people, `/api/v1` for programs, over one filter and one way into the stores. It only reads; what people change are commands."""
