"""Compiles the screen's hot modules where Cython and a C compiler are at hand; without them they run as they are."""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

# Of consul_sniff/screen, in the order in which they import each other.
HOT = ("words", "records", "layers", "table", "conversations", "gossip", "repeats", "handover", "digests", "units", "ahead", "asleep", "sums", "tallies", "gathering",
       "hellos", "heads", "names", "others", "pieces", "early", "fragments", "streams", "flows",
       "screen")
JOBS = min(os.cpu_count() or 1, 8)  # at once; a compiler takes 150 MB
DECODERS = ("lzw", "msgpack_reader", "msgpack_walker")  # likewise, of consul_sniff/decoders
ATTRIBUTION = ("strangers",)
SHARED = "consul_sniff._shared"  # what Cython would put in each of them: 150 KB


def extensions() -> list[Extension]:
    """The extension modules; none where they cannot be made (they count on 64-bit sizes, low byte first)."""
    if sys.maxsize < 2**62 or sys.byteorder != "little" or sys.implementation.name != "cpython":
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    root = Path("consul_sniff")
    hot = [*[f"screen/{name}" for name in HOT], *[f"decoders/{name}" for name in DECODERS], *[f"attribution/{name}" for name in ATTRIBUTION]]
    flags = ["-g0"] if sys.platform != "win32" else []
    made: list[Extension] = []
    for jobs in (JOBS, 0):  # where several processes cannot be had, one after the other
        try:
            made = cythonize(
                [*[Extension(f"consul_sniff.{name.replace('/', '.')}", [str(root / f"{name}.py")], extra_compile_args=flags) for name in hot],
                 Extension(SHARED, [], extra_compile_args=flags)],
                # Bounds checks stay on: they cost a tenth, and hostile bytes meet them.
                compiler_directives={"language_level": 3, "boundscheck": True, "wraparound": False, "cdivision": True},
                show_all_warnings=False,
                nthreads=jobs,
                shared_utility_qualified_name=SHARED,
            )
            break
        except Exception as error:  # noqa: BLE001 - the install must succeed without the compiled screen
            if not jobs:
                print(f"consul-sniff: the screen stays uncompiled: {error}", file=sys.stderr)  # noqa: T201
    for extension in made:  # cythonize drops it; without a compiler the install goes on
        extension.optional = True
    return made


if __name__ == "__main__":  # the processes that cythonize starts may read this file, too
    setup(ext_modules=extensions(), options={"build_ext": {"parallel": JOBS}})
