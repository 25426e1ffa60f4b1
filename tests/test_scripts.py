"""Do the scripts run as a user runs them, give the report's numbers, and explain every fault?"""
import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from scripts import ROOT, A, B, C, edited
from test_figures import FIGURES

import common

pytestmark = pytest.mark.full
DATA = Path(".keras/datasets/mnist.npz")
NUMPY_LOADS = "NumPy loads the images instead, because TensorFlow says:\n"
NO_TENSORFLOW = NUMPY_LOADS + "ModuleNotFoundError: No module named 'tensorflow'\n"


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
    return subprocess.Popen(
        [sys.executable, folder / f"{name}.py", *options], cwd=folder.parent,
        env=os.environ | variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    """Return the exit status, the output and the errors, less that TensorFlow is not installed."""
    output, errors = process.communicate(timeout=1800)
    return process.returncode, output, errors.replace(NO_TENSORFLOW, "")


def table(output):
    """Return {row: (report, this run)}, as text, from what a script prints."""
    names = {result.name for results in common.RESULTS.values() for result in results}
    rows = {}
    for line in output.splitlines():
        name = line[:36].strip()
        if name in names:
            rows[name] = line[37:57].strip(), line[58:].strip()
    return rows


# ---- Every way in leads to a run ---------------------------------------------------------
@pytest.mark.parametrize("name", [A, B, C])
def test_a_script_runs_anywhere(name, folder):
    """Warnings as errors, ASCII output, no display, no home, no network, a useless KERAS_HOME.

    And the MPLBACKEND of a notebook, whose package is not installed here.
    """
    process = start(
        folder, name, "--epochs=3", "--learning-rate=0.25", "--seed=7",
        HOME="nowhere", DISPLAY="", KERAS_HOME="/proc", https_proxy="http://127.0.0.1:9",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        MPLCONFIGDIR=matplotlib.get_cachedir(), PYTHONIOENCODING="ascii",
        PYTHONWARNINGS="error:::__main__,error:::common")
    status, output, errors = finish(process)
    assert (status, errors) == (0, "")
    for _, ours in table(output).values():
        assert ours == "not reached"
    assert "\nepoch     1 of 3: loss " in output
    assert "\nthis run, epoch 3 " in output
    assert "\nnot the report's settings: LEARNING_RATE = 0.25, SEED = 7\n" in output
    assert {path.name for path in (folder / "figures").iterdir()} == FIGURES[name]
    for figure in FIGURES[name]:
        assert f"\nfigures/{figure}\n" in output


@pytest.mark.parametrize("file, text, words", [
    ("tensorflow.py", "import os; os.write(2, b'LOG'); 1 / 0", "ZeroDivisionError: division by"),
    (f"{A}.py", "import tensorflow", "URL fetch failure on "),
    (f"{A}.py", "import os; os.environ['KERAS_BACKEND'] = 'missing'", "missing"),
])
def test_numpy_loads_the_images(file, text, words, folder):
    """If TensorFlow is broken, imported before common.py on a silent network, or has no backend."""
    edited(ROOT / "common.py", folder / "common.py", ("timeout(10)", "timeout(0.2)"))
    if file == f"{A}.py":
        pytest.importorskip("tensorflow")
        text += "\n" + (ROOT / file).read_text(encoding="utf-8")
    (folder / file).write_text(text, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start(folder, A, "--epochs=1", KERAS_HOME="nowhere", https_proxy=proxy)
        status, output, errors = finish(process)
    assert status == 0
    assert "this run, epoch 1 " in output
    assert NUMPY_LOADS in errors
    assert words in errors
    assert "LOG" not in errors


@pytest.mark.parametrize("content", [None, "damaged"])
def test_missing_or_damaged_data_end_a_run(content, folder):
    (folder / DATA).unlink()
    if content:
        (folder / DATA).write_text(content)
        (folder / "tensorflow.py").touch()  # else Keras removes the file
    status, _, errors = finish(start(folder, A, https_proxy="http://127.0.0.1:9"))
    assert status == 1
    said = errors.splitlines()[-1]
    assert said.startswith(f"error: {folder / DATA} is missing or damaged. Hidden")


# ---- The end of a run --------------------------------------------------------------------
def run_script(path, monkeypatch):
    """Run a script as python does, in this process."""
    monkeypatch.setattr(sys, "argv", [str(path), "--epochs=3"])
    return runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("name", [A, B, C])
def test_ctrl_c_loses_nothing(name, small_mnist, figures, tmp_path, monkeypatch, capsys):
    gradients = "dW, db = back" if name == A else "dW1, db1, dW2, db2 = back"
    path = edited(ROOT / f"{name}.py", tmp_path / f"{name}.py",
                  (gradients, f"raise KeyboardInterrupt; {gradients}"))
    left = run_script(path, monkeypatch)
    output = capsys.readouterr().out
    assert "\nstopped by Ctrl-C; " in output
    assert "this run, epoch 0 " in output
    assert set(figures) == FIGURES[name]
    assert len(left["run"].loss) == 1, "python -i has the run"


def test_ctrl_c_before_the_first_number_is_raised(small_mnist, tmp_path, monkeypatch):
    path = edited(ROOT / f"{A}.py", tmp_path / f"{A}.py",
                  ("            run.record(", "            raise KeyboardInterrupt\n"
                   "            run.record("))
    with pytest.raises(KeyboardInterrupt):
        run_script(path, monkeypatch)


def test_a_run_that_diverges_is_drawn(small_mnist, figures, tmp_path, monkeypatch, capsys):
    path = edited(ROOT / f"{C}.py", tmp_path / f"{C}.py",
                  ("test_loss=loss(A2_test, Y_test)", "test_loss=np.inf"))
    left = run_script(path, monkeypatch)
    output, errors = capsys.readouterr()
    assert errors.startswith("error: the loss in epoch 0 is not finite.")
    assert output.index("this run, epoch 0") < output.index("The training ended here")
    assert set(figures) == FIGURES[C]
    assert len(left["run"].loss) == 1


# ---- The numbers -------------------------------------------------------------------------
def test_the_numbers_of_the_report(folder):
    """The four runs, on all of MNIST, take place at the same time, each on one core."""
    edited(ROOT / f"{A}.py", folder / "double.py", ("= np.float32", "= np.float64"))
    (folder / "tensorflow.py").touch()  # NumPy loads the data, which takes less time
    processes = {}
    for name, epochs in ((A, 2500), ("double", 500), (B, 499), (C, 499)):
        processes[name] = start(folder, name, f"--epochs={epochs}", OPENBLAS_NUM_THREADS="1")
    rows = {}
    for name, process in processes.items():
        status, output, _ = finish(process)
        assert status == 0
        assert "not the report's" not in output
        rows[name] = table(output)

    for row in "training loss after 500 epochs", "test loss after 500 epochs":
        report, ours = map(float, rows[A][row])
        assert abs(ours - report) <= 3e-8
        report, ours = map(float, rows["double"][row])
        assert abs(ours - report) <= 1e-14
    report, ours = map(float, rows[A]["test loss starts to rise, epoch"])
    assert abs(ours - report) <= 20
    for name in B, C:
        for report, ours in rows[name].values():
            digits = len(report.partition(".")[2])
            assert f"{float(ours):.{digits}f}" == report
