"""Does blank.py leave what it should, and lose nothing?"""
import subprocess
import sys

import pytest
from scripts import ROOT, A, B, C

pytestmark = pytest.mark.full
ORIGINALS = {name: (ROOT / f"{name}.py").read_bytes() for name in (A, B, C)}


def run_blank(*paths):
    return subprocess.run([sys.executable, ROOT / "tests/blank.py", *paths], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("name", [A, B, C])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_the_bodies_of_four_functions_go(name, line_end, tmp_path):
    path = tmp_path / f"{name}.py"
    original = ORIGINALS[name].replace(b"\r\n", b"\n").replace(b"\n", line_end)
    path.write_bytes(original)
    run_blank(path)
    blank = path.read_bytes()
    assert blank.count(b"    ..." + line_end) == 4
    assert blank.count(b'"""') == original.count(b'"""'), "the docstrings stay"
    assert b"\n" not in blank.replace(line_end, b"")
    assert b"\r" not in blank.replace(line_end, b"")
    given = b"# ---- Given"
    assert blank.partition(given)[2] == original.partition(given)[2]


@pytest.mark.parametrize("source, blank", [
    ("def loss(A, Y): return 0\n", "def loss(A, Y): ...\n"),
    ("def loss(A, Y):\n  'Return it.'\n  return 0\n", "def loss(A, Y):\n  'Return it.'\n  ...\n"),
    ("def loss(A, Y):\n\treturn 0\n", "def loss(A, Y):\n\t...\n"),
])
def test_other_styles_stay_what_they_are(source, blank, tmp_path):
    path = tmp_path / "lab2_4_skeleton.py"
    path.write_bytes(source.encode())
    run_blank(path)
    assert path.read_bytes() == blank.encode()


def test_nothing_is_lost(tmp_path):
    path = tmp_path / "lab2_4_skeleton.py"
    first = ORIGINALS[A]
    second = ORIGINALS[B]
    copies = tmp_path / ".originals"
    for original, name in ((first, "lab2_4_skeleton.py"), (second, "lab2_4_skeleton_2.py"),
                           (second, "lab2_4_skeleton_2.py"), (first, "lab2_4_skeleton.py")):
        path.write_bytes(original)
        output = run_blank(path)
        assert f"copy .originals/{name} over it" in output
        assert (copies / name).read_bytes() == original
    assert len(list(copies.iterdir())) == 2
