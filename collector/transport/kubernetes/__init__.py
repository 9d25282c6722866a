"""The API of Kubernetes: lists that are followed (`watching`), over connections of their own (`api`). A thread for each list, and no event loop."""
