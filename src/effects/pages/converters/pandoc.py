# /// script
# requires-python = ">=3.9"
# dependencies = ["pypandoc_binary==1.17"]
# ///
"""Converts HTML to LaTeX or Typst with pandoc: FORMAT INPUT OUTPUT [options of pandoc]."""

import subprocess
import sys

import pypandoc

target, source, output, *options = sys.argv[1:]
command = [pypandoc.get_pandoc_path(), "--from", "html", "--to", target, "--standalone"]
sys.exit(subprocess.run([*command, *options, "--output", output, "--", source]).returncode)
