"""Campaigns in one file: ``exporting`` writes it, ``importing`` brings it into any database.

An archive is a zip file with one member for each collection, each a stream of BSON documents as
``bsondump`` reads it, and a manifest with their SHA-256, the licenses of what they hold and the
potentials that made it.
"""
