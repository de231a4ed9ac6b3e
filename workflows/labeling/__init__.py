"""Training frames made from crystals and labeled by any potential, in shards.

Nothing here imports ase or pymatgen before a crystal file or an ASE calculator asks for it, so
that packed crystals are labeled on machines that hold neither.
"""
