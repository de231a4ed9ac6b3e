"""Exit codes of the command line; 0 means that every input has a stored end."""

MISTAKE = 1
"""Nothing was done: the command or a file that it names is wrong."""

UNFINISHED = 2
"""Part of the work is left; the same command goes on with it."""

REJECTED = 3
"""All is done, but something was rejected and ``--strict`` was given."""
