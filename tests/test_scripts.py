"""Do the scripts run as a user runs them, give the report's numbers, and explain every fault?"""
import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from judge import ROOT, A, B, C, edited
from test_figures import FIGURES

import common

pytestmark = pytest.mark.full
DATA = Path(".keras/datasets/mnist.npz")


@pytest.fixture
def folder(tmp_path):
    """A copy of the repository in a folder with an odd name."""
    folder = tmp_path / "Ümit's lab 2"
    shutil.copytree(ROOT / ".keras", folder / ".keras")
    for path in ROOT.glob("*.py"):
        shutil.copy(path, folder)
    return folder


def start(folder, name, *options, **variables):
    """Start a script from the folder above its own."""
    return subprocess.Popen([sys.executable, folder / f"{name}.py", *options], text=True,
                            env=os.environ | variables, cwd=folder.parent,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    """Return the exit status, the output and the errors, without that of no TensorFlow at all."""
    output, errors = process.communicate(timeout=1800)
    absent = "TensorFlow cannot (No module named 'tensorflow'): NumPy loads it\n"
    return process.returncode, output, errors.replace(absent, "")


def table(output):
    """Return {row: (report, this run)} from what a script prints, as text."""
    rows = [result.name for _, results in common.REPORT.values() for result in results]
    return {line[:36].strip(): (line[36:57].strip(), line[57:].strip())
            for line in output.splitlines() if line[:36].strip() in rows}


def test_the_scripts_run_anywhere(folder):
    """Warnings as errors, ASCII output, no display, no home, no network, a useless KERAS_HOME."""
    processes = [start(
        folder, name, "--epochs=3", "--learning-rate=0.25", "--seed=7", HOME="nowhere", DISPLAY="",
        KERAS_HOME="/proc", MPLCONFIGDIR=common.matplotlib.get_cachedir(), PYTHONIOENCODING="ascii",
        PYTHONWARNINGS="error:::__main__,error:::common", https_proxy="http://127.0.0.1:9")
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
    (C, "test_loss=loss(A2_test, Y_test)", "test_loss=np.inf", 1, "error: the loss is not finite")])
def test_a_run_that_ends_early_loses_nothing(name, old, new, status, words, small_mnist, figures,
                                             tmp_path, monkeypatch, capsys):
    monkeypatch.delattr(common, "print")  # the silent one of small_mnist
    monkeypatch.setattr(sys, "argv", [name, "--epochs=3"])
    path = edited(ROOT / f"{name}.py", tmp_path / f"{name}.py", (old, new))
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(path), run_name="__main__")
    output, errors = capsys.readouterr()
    assert end.value.code == status and errors.startswith(words) and errors.count("\n") == 1
    assert table(output) and set(figures) == set(FIGURES[name])


@pytest.mark.parametrize("file, text, words", [
    ("tensorflow.py", "import os; os.write(2, b'LOG'); 1 / 0", "(division by zero; see "),
    ("tensorflow.py", "", "; see "), ("keras.py", "import tensorflow", "; see "),
    (f"{A}.py", "import tensorflow", "(URL fetch failure on "),
    (f"{A}.py", "import os; os.environ['KERAS_BACKEND'] = 'missing'", ": missing): "),
    (DATA, "damaged", f"{DATA} is missing or damaged; hidden "), (DATA, None, "is missing or ")])
def test_only_missing_data_stop_a_run(folder, file, text, words):
    """And not an own file, TensorFlow before common, no backend, or a network that is silent."""
    edited(ROOT / "common.py", folder / "common.py", ("timeout(10)", "timeout(0.2)"))
    (folder / file).unlink(missing_ok=True)
    if file == f"{A}.py":
        pytest.importorskip("tensorflow")
        text += "\n" + (ROOT / file).read_text(encoding="utf-8")
    if text is not None:
        (folder / file).write_text(text, encoding="utf-8")
    if text == "damaged":
        (folder / "tensorflow.py").touch()  # else Keras removes the file
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, output, errors = finish(start(
            folder, A, "--epochs=1", KERAS_HOME="nowhere", https_proxy=proxy))
    assert status == (file == DATA) and ("this run, epoch 1 " in output) == (file != DATA)
    said = errors.splitlines()[-1]
    assert words in said and "LOG" not in errors
    assert said.startswith("error: ") if status else said.endswith("): NumPy loads it")


def test_the_numbers_of_the_report(folder):
    """The four runs, on all of MNIST, take place at the same time, each on one core."""
    edited(ROOT / f"{A}.py", folder / "double.py", ("= np.float32", "= np.float64"))
    (folder / "tensorflow.py").touch()  # NumPy loads the data, which takes less time
    runs = [start(folder, name, f"--epochs={epochs}", OPENBLAS_NUM_THREADS="1")
            for name, epochs in ((A, 2500), ("double", 500), (B, 499), (C, 499))]
    results = [finish(run) for run in runs]
    assert not any(status or "not the report's" in output for status, output, _ in results)
    assert not any("needs more epochs" in output for _, output, _ in results[2:])
    a, a_double = ({row: float(report) - float(ours) for row, (report, ours) in table(
        output).items() if "needs" not in ours} for _, output, _ in results[:2])
    for row in "training loss after 500 epochs", "test loss after 500 epochs":
        assert abs(a[row]) <= 3e-8 and abs(a_double[row]) <= 1e-14, row
    assert abs(a["test loss starts to rise, epoch"]) <= 20
