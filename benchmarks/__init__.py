"""Makes large captures from a fixed seed, and runs this program and its peers over them, side by side.

``python -m benchmarks --help``; what is made and measured: ``benchmarks/README.md``. Nothing here is installed.
"""
