"""What a relaxed crystal must pass before a DFT calculation is spent on it, cheap to dear.

``limits`` holds what a rule says of them, ``geometry``, ``neutrality`` and ``prototype`` measure,
and ``sequence`` compares the two; measuring is done once, comparing again for every rule.
"""
