"""When and where crystals are relaxed, screened and reported: the only package that wires."""
