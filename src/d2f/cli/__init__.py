"""The command line: one file per command; app.py lists them."""
