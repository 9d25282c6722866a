"""The API of Kubernetes, over connections of its own (`api`), as a pod reaches it or a kubeconfig says. A thread for each list, and no event loop.

api.py          requests
kubeconfig.py   where to ask and as whom, as kubectl knows it
options.py      the options that choose between the two
discovery.py    which kinds of objects there are
lists.py        a list in pages, and what changes of it
watching.py     a list that is kept in memory
pace.py         how soon is asked again
"""
