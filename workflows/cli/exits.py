"""Exit codes of the command line; with 0 every input has a stored end, rejects included."""

MISTAKE = 1
"""Nothing was done: the command or a file that it names is wrong."""

UNFINISHED = 2
"""Part of the work is left; the same command goes on with it."""

REJECTED = 3
"""All is done, but something was rejected and ``--strict`` was given."""

FAULT = 70
"""Facet itself is at fault; the number is ``EX_SOFTWARE`` of BSD's sysexits."""

KILLED_BY_SIGNAL = 128
"""Added to the number of the signal that ended the command."""

MEANINGS = {
    "0": "all is done",
    "1": "a mistake that you can mend, as standard error says, or a check that found a fault",
    "2": "part of the work is left, and the same command goes on with it",
    "3": "all is done, but an input was rejected and --strict was given",
    "70": "a fault of Facet itself, and --debug shows where",
    "128 + n": "ended by signal n, such as 130 by Ctrl-C and 143 by SIGTERM",
}
"""Every exit code in words, for ``facet --help`` and the documentation."""
