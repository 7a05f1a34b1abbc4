"""What training asks of the machine that it runs on."""

import ctypes
import re
import sys
from pathlib import Path

import tensorflow as tf


def emulates_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether training runs on a processor of the x86 kind that has no instructions for bfloat16, where Linux tells."""
    if tf.config.list_logical_devices("GPU") or not cpuinfo.exists():
        return False
    able = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)
    return bool(able) and not {"amx_bf16", "avx512_bf16"} & set(able[1].split())


def keep_memory() -> bool:
    """Has glibc keep what a step frees, for the next one asks for as much again; returns whether it does.

    Getting pages anew costs up to half of all time on virtual machines. Only one arena keeps all: the others give back
    every 64 MiB that fall empty, and M_MMAP_THRESHOLD may not be larger than half of that.
    """
    m_trim_threshold, m_top_pad, m_mmap_threshold, m_arena_max = -1, -2, -3, -8
    wanted = ((m_mmap_threshold, 2**25), (m_trim_threshold, -1), (m_top_pad, 2**28), (m_arena_max, 1))
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return bool(mallopt) and all(mallopt(option, value) for option, value in wanted)
