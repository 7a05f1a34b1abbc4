"""What is known of processors, and what is asked of memory."""

import platform
import subprocess
import sys

import pytest
import tensorflow as tf

from tf_homo import machine


def test_memory_is_kept_where_glibc_keeps_it(monkeypatch):
    program = "from tf_homo import machine; print(machine.keep_memory())"  # of its own: it holds for a whole process
    kept = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert kept.strip() == str(sys.platform == "linux" and platform.libc_ver()[0] == "glibc")
    monkeypatch.setattr(sys, "platform", "win32")
    assert not machine.keep_memory()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fma avx2", True), ("fma avx512f avx512_bf16", False), ("fma amx_bf16 amx_tile", False), (None, False)],
)
def test_a_processor_without_bfloat16_is_known(flags, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "Features : fp asimd bf16\n" if flags is None else f"processor : 0\nflags\t\t: {flags}\nbugs : x\n"
    )
    assert machine.emulates_bfloat16(cpuinfo) is expected
    assert not machine.emulates_bfloat16(tmp_path / "elsewhere")
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["/gpu:0"])
    assert not machine.emulates_bfloat16(cpuinfo)
