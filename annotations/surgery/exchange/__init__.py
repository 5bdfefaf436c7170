"""Codebooks as files: JSON in the form of `annotations/codebook/schema.py`, and REFI-QDA's `.qdc`."""
