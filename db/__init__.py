"""Documents, queries and indexes of Facet in MongoDB; knows nothing of physics.

Import from the submodules: ``db.client`` opens a database, ``db.documents`` holds what is stored,
``db.writes`` and ``db.queries`` store and find it.
"""
