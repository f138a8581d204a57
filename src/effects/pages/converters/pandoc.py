# /// script
# requires-python = ">=3.9"
# dependencies = ["pypandoc_binary==1.17"]
# ///
"""HTML to LaTeX or Typst by pandoc: FORMAT INPUT OUTPUT [pandoc's own options]."""

import subprocess
import sys

import pypandoc

target, source, output, *options = sys.argv[1:]
command = [pypandoc.get_pandoc_path(), "--from", "html", "--to", target, "--standalone"]
sys.exit(subprocess.run([*command, *options, "--output", output, "--", source]).returncode)
