"""Do the scripts run as a user runs them, and does every fault end in a line that helps?"""
import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from judge import A, B, C, edit, edited
from test_figures import FIGURES

import common

pytestmark = pytest.mark.full
OFFLINE = {"https_proxy": "http://127.0.0.1:9"}


def start(folder, name, *arguments, python=(), **variables):
    """Start a script from the folder above its own."""
    command = [sys.executable, *python, folder / f"{name}.py", *arguments]
    return subprocess.Popen(command, env=os.environ | variables, cwd=folder.parent, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, typed=""):
    """Return the exit status, the output and the errors, without that of no TensorFlow at all."""
    output, errors = process.communicate(typed, timeout=1800)
    absent = "TensorFlow cannot (No module named 'tensorflow'): NumPy loads it\n"
    return process.returncode, output, errors.replace(absent, "")


def table(output):
    """Return {row: (report, this run)} from what a script prints, as text."""
    rows = [result.name for _, results in common.REPORT.values() for result in results]
    return {line[:36].strip(): (line[36:57].strip(), line[57:].strip())
            for line in output.splitlines() if line[:36].strip() in rows}


def test_the_scripts_run_anywhere(folder):
    """Warnings as errors, ASCII output, no display, no home, no network, a useless KERAS_HOME."""
    ours = [f"-Werror:::{module}" for module in ("__main__", "common")]
    processes = [start(folder, name, "--epochs=3", "--learning-rate=0.25", "--seed=7", python=ours,
                       HOME="nowhere", DISPLAY="", KERAS_HOME="/proc", PYTHONIOENCODING="ascii",
                       MPLCONFIGDIR=common.matplotlib.get_cachedir(), **OFFLINE)
                 for name in (A, B, C)]
    for name, process in zip((A, B, C), processes):
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
        assert {ours for _, ours in table(output).values()} == {"needs more epochs"}
        assert "\nepoch     1 of 3: loss " in output and "\nthis run, epoch 3 " in output
        assert "\nnot the report's settings: LEARNING_RATE = 0.25, SEED = 7\n" in output
        assert all(f"figures/{figure}\n" in output for figure in FIGURES[name])
    assert {file.name for file in (folder / "figures").iterdir()} == set().union(*FIGURES.values())


@pytest.mark.parametrize("name, old, new, status, words", [
    (A, "dW, db = back", "raise KeyboardInterrupt; dW, db = back", 130, "stopped by Ctrl-C"),
    (B, ", loss=loss(A2, Y_train)", ", loss=np.nan", 1, "error: the loss is not finite at epoch 0"),
    (C, "test_loss=loss(A2_test, Y_test)", "test_loss=np.inf", 1, "error: the loss is not finite")])
def test_a_run_that_ends_early_loses_nothing(name, old, new, status, words, small_mnist, figures,
                                             tmp_path, monkeypatch, capsys):
    monkeypatch.delattr(common, "print")  # the silent one of small_mnist
    monkeypatch.setattr(sys, "argv", [name, "--epochs=3"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(edited(name, tmp_path, (old, new))), run_name="__main__")
    output, errors = capsys.readouterr()
    assert end.value.code == status and errors.startswith(words) and errors.count("\n") == 1
    assert table(output) and set(figures) == set(FIGURES[name])


@pytest.mark.parametrize("name, weights", [(A, "W, b"), (C, "W1, b1, W2, b2")])
def test_prompt_of_python_i(folder, name, weights):
    """After a run that failed, too, it has the run and the weights; main() works again."""
    process = start(folder, name, "--epochs=9", "--learning-rate=1e300", python=["-i"])
    status, output, _ = finish(process, f"EPOCHS, LEARNING_RATE = 2, 0.5\n"
                               f"print(len(run.loss), len([{weights}]), len(main()[0].loss))\n")
    assert status == 0 and output.endswith(f"\n2 {len(weights.split())} 3\n")


@pytest.mark.parametrize("own_file", ["none", "tensorflow.py"])  # then NumPy loads the data
@pytest.mark.parametrize("damage", [Path.unlink, lambda f: f.write_bytes(f.read_bytes() + b".")])
def test_data_that_is_missing_or_damaged(folder, damage, own_file):
    """And the network never answers."""
    edit(folder / "common.py", ("setdefaulttimeout(10)", "setdefaulttimeout(2)"))
    (folder / own_file).touch()
    damage(data := folder / ".keras" / "datasets" / "mnist.npz")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, output, errors = finish(start(folder, A, "--epochs=1", https_proxy=proxy))
    assert status == 1 and "epoch" not in output and errors.count("\n") <= 2
    assert errors.splitlines()[-1].startswith(f"error: {data} is missing or damaged; hidden ")


@pytest.mark.parametrize("file, line, words", [
    ("tensorflow.py", "1 / 0", "division by zero; see "), ("tensorflow.py", "", "; see "),
    ("keras.py", "import tensorflow", "; see "), (f"{B}.py", "import tensorflow", "URL fetch"),
    (f"{B}.py", "import os; os.environ['KERAS_BACKEND'] = 'missing'", "missing")])
def test_what_stops_tensorflow_stops_no_run(folder, file, line, words):
    """A file of the student's own, a backend that is missing, TensorFlow before common, offline."""
    path = folder / file
    if path.exists():
        pytest.importorskip("tensorflow")
        edit(path, ("import numpy", f"{line}\nimport numpy"))
    else:
        path.write_text(f"import os; os.write(2, b'LOG ')\n{line}")
    status, output, errors = finish(start(folder, B, "--epochs=3", KERAS_HOME="nowhere", **OFFLINE))
    assert status == 0 and "0.30765254" in output
    *logged, said = errors.splitlines()
    assert said.startswith("TensorFlow cannot (") and said.endswith("): NumPy loads it")
    assert words in said and (path.name == f"{B}.py" or path.name in said and not logged)
