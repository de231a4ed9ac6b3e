"""Crystals carried in files to machines that cannot reach the database, and results carried back.

A spool is a folder: ``spool.json`` says what is asked, ``crystals.jsonl`` holds the crystals,
``results/`` what they became, ``suspended/`` those that were on their way when a run had to stop.
"""
