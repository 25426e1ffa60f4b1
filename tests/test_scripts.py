"""Do the scripts run as a user runs them, and does every fault end in a line that helps?"""
import importlib.util
import os
import runpy
import socket
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, SCRIPTS, edit, edited
from test_figures import FIGURES

import common

pytestmark = pytest.mark.full
A, B, C = SCRIPTS
OFFLINE = {"https_proxy": "http://127.0.0.1:9"}
NO_TENSORFLOW = ("import numpy", "sys.modules['tensorflow'] = None\nimport numpy")


def start(folder, name, *arguments, python=(), **variables):
    """Start a script from the folder above its own or, with -c, a command in the folder itself."""
    script = ["-c", *arguments] if name == "-c" else [folder / f"{name}.py", *arguments]
    return subprocess.Popen([sys.executable, *python, *script], env=os.environ | variables,
                            cwd=folder if name == "-c" else folder.parent, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, typed=""):
    """Return the exit status, the output and the errors of a process."""
    output, errors = process.communicate(typed, timeout=1800)
    return process.returncode, output, errors


def table(output, name):
    """Return {row: (report, this run)} from what a script prints, as text."""
    _, results = common.REPORT["ABC"[SCRIPTS.index(name)]]
    return {row: (line[36:57].strip(), line[57:].strip()) for line in output.splitlines()
            for row, *_ in results if line.startswith(f"{row} ")}


def test_the_scripts_run_anywhere(folder):
    """Warnings as errors, ASCII output, no display, no home, no network, a useless KERAS_HOME."""
    ours = [f"-Werror:::{module}" for module in ("__main__", "common")]
    processes = [start(folder, name, "--epochs", "3", python=ours, HOME="nowhere", DISPLAY="",
                       KERAS_HOME="/proc", MPLCONFIGDIR=common.matplotlib.get_cachedir(),
                       PYTHONIOENCODING="ascii", **OFFLINE) for name in SCRIPTS]
    for name, process in zip(SCRIPTS, processes):
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
        assert {ours for _, ours in table(output, name).values()} == {"needs more epochs"}
        assert all(f"figures/{figure}\n" in output for figure in FIGURES[name])
    saved = list((folder / "figures").iterdir())
    assert {file.name for file in saved} == set().union(*FIGURES.values())
    assert all(file.read_bytes().endswith(b"IEND\xaeB`\x82") for file in saved), "not whole"


@pytest.mark.parametrize("name", SCRIPTS)
def test_options_change_the_constants(name, few, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--epochs=2", "--learning-rate=0.25", "--seed=7"])
    script = runpy.run_path(str(ROOT / f"{name}.py"), run_name="__main__")
    assert (script["EPOCHS"], script["LEARNING_RATE"], script["SEED"]) == (2, 0.25, 7)
    assert len(script["run"].loss) == 3 and len(script["W" if name == A else "W2"].shape) == 2
    output = capsys.readouterr().out
    assert output.startswith("epoch     1 of 2: loss ") and table(output, name)
    assert "not the report's settings: LEARNING_RATE = 0.25, SEED = 7" in output


CTRL_C = ("if epoch == EPOCHS", "raise KeyboardInterrupt\n            if epoch == EPOCHS")
NOT_FINITE = "error: the loss is not finite at epoch {}: LEARNING_RATE too large, "


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name, change, status, words", [
    (A, CTRL_C, 130, "stopped by Ctrl-C"),
    (B, (", loss=loss(A2, Y_train)", ", loss=loss(A2, Y_train) / (1 - epoch)"), 1,
     NOT_FINITE.format(1)),
    (C, ("test_loss=loss(A2_test, Y_test)", "test_loss=np.inf"), 1, NOT_FINITE.format(0)),
])
def test_a_run_that_ends_early_loses_nothing(name, change, status, words, few, tmp_path,
                                             monkeypatch, capsys):
    path = edited(name, tmp_path, change)
    monkeypatch.setattr(sys, "argv", [name, "--epochs=3"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(path), run_name="__main__")
    output, errors = capsys.readouterr()
    assert end.value.code == status and errors.startswith(words) and errors.count("\n") == 1
    assert table(output, name) and set(few) == FIGURES[name]


@pytest.mark.parametrize("divisor, numbers", [(1, "3 4"), (0, "2 2")])
def test_prompt_of_python_i(folder, divisor, numbers):
    """It has the run and the weights, after a failed run, too; main() works again."""
    edit(folder / "common.py", NO_TENSORFLOW)
    edit(folder / f"{C}.py", ("LEARNING_RATE * dW1", f"LEARNING_RATE * dW1 / {divisor}"))
    status, output, errors = finish(
        start(folder, C, "--epochs", "2", python=["-i"]),
        "EPOCHS = 3\nprint(W1.shape, b2.shape, len(run.test_loss), len(main()[0].loss))\n")
    assert status == 0 and output.endswith(f"(64, 784) (1,) {numbers}\n")


@pytest.mark.parametrize("file", ["other images", "none"])
@pytest.mark.parametrize("way", ["TensorFlow", "NumPy"])
def test_data_that_is_missing_or_damaged(folder, way, file):
    """And the network never answers."""
    edit(folder / "common.py", ("setdefaulttimeout(10)", "setdefaulttimeout(2)"))
    if way == "NumPy":
        edit(folder / "common.py", NO_TENSORFLOW)
    elif not importlib.util.find_spec("tensorflow"):
        pytest.skip("TensorFlow is not installed")
    data = folder / ".keras" / "datasets" / "mnist.npz"
    data.unlink()
    if file == "other images":
        np.savez(data, **{f"{letter}_{part}": np.ones((9, 28, 28), np.uint8)
                          for letter in "xy" for part in ("train", "test")})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, output, errors = finish(start(folder, A, https_proxy=proxy))
    assert status == 1 and "epoch" not in output
    tensorflow, error = errors.splitlines()
    assert tensorflow.startswith("TensorFlow cannot (") and error.startswith("error: ")
    assert all(words in error for words in (str(data), "hidden folders", "ZIP", "git checkout"))


WITH_TENSORFLOW = pytest.mark.skipif(not importlib.util.find_spec("tensorflow"),
                                     reason="TensorFlow is not installed")


@pytest.mark.parametrize("name, code, words", [
    ("tensorflow.py", "1 / 0", "division by zero; see "), ("tensorflow.py", "", "; see "),
    pytest.param("keras.py", "import tensorflow", "; see ", marks=WITH_TENSORFLOW),
    pytest.param("", "KERAS_BACKEND=torch", "torch", marks=WITH_TENSORFLOW),
    pytest.param("", "import tensorflow", "URL fetch", marks=WITH_TENSORFLOW)])
def test_what_stops_tensorflow_stops_no_run(folder, name, code, words):
    """A file of the student's own, a backend that is missing, TensorFlow before common, offline."""
    variables = dict([code.split("=")]) if "=" in code else {}
    if name:
        (folder / name).write_text(f"import os; os.write(2, b'LOG ')\n{code}")
    elif not variables:
        edit(folder / f"{B}.py", ("import numpy", f"{code}\nimport numpy"))
    status, output, errors = finish(start(folder, B, "--epochs", "3", KERAS_HOME="nowhere",
                                          **variables, **OFFLINE))
    assert status == 0 and "0.30765254" in output
    line = errors.splitlines()[-1]
    assert line.startswith("TensorFlow cannot (") and words in line and line.endswith("loads it")
    assert name in line and (not name or len(errors.splitlines()) == 1)
