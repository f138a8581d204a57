# /// script
# requires-python = ">=3.9"
# dependencies = ["typst==0.15.2"]
# ///
"""Converts Typst to PDF: INPUT OUTPUT. Pictures are read from the input's folder."""

import sys

import typst

source, output = sys.argv[1:]
typst.compile(source, output=output)
