"""Do the scripts run as a user runs them, and does every fault end in a line that helps?"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import SCRIPTS
from test_figures import CURVES, OTHERS

import common

A, B, C = SCRIPTS
FIGURES = {name: sorted([*CURVES[name], OTHERS[name]]) for name in SCRIPTS}
OFFLINE = {"https_proxy": "http://127.0.0.1:9"}
full = pytest.mark.full
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
tensorflow = pytest.mark.skipif(not common.importlib.util.find_spec("tensorflow"),
                                reason="TensorFlow is not installed")


def start(folder, name, *arguments, python=(), **variables):
    """Start a script, or the command that follows -c, from the folder above its own."""
    script = ["-c", arguments[0]] if name == "-c" else [folder / f"{name}.py", *arguments]
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("DISPLAY", "KERAS_HOME", "PYTHONUNBUFFERED")} | variables
    return subprocess.Popen([sys.executable, *python, *script], text=True, env=environment,
                            cwd=folder if name == "-c" else folder.parent, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, typed="", traceback=False):
    """Return the exit status, the output and the errors of a process."""
    output, errors = process.communicate(typed, timeout=600)
    assert ("Traceback" in errors) == traceback, errors
    return process.returncode, output, errors


def run(*arguments, **options):
    return finish(start(*arguments, **options))


def edit(folder, name, old, new):
    path = folder / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert old in source
    path.write_text(source.replace(old, new), encoding="utf-8")


def drawn(folder):
    """Return the names of the figures; fail if one is not whole."""
    for file in (folder / "figures").glob("*.png"):
        assert file.read_bytes().endswith(b"IEND\xaeB`\x82")
    return sorted(file.name for file in (folder / "figures").iterdir())


def table(output, name):
    """Return {row: (report, this run)} from what a script prints, as text."""
    return {row: tuple(line[36:].split()[-2:]) for line in output.splitlines() for row, *_
            in common.REPORT["ABC"[SCRIPTS.index(name)]][1] if line.startswith(f"{row} ")}


@full
def test_the_scripts_run_anywhere(whole_folder):
    """Warnings as errors, ASCII output, no display, no home, no network, a useless KERAS_HOME."""
    ours = [f"-Werror:::{module}" for module in ("__main__", "common")]
    cache = common.matplotlib.get_cachedir()
    processes = [start(whole_folder, name, "--epochs", "3", python=ours, HOME="nowhere",
                       KERAS_HOME="/proc", MPLCONFIGDIR=cache, PYTHONIOENCODING="ascii", **OFFLINE)
                 for name in SCRIPTS]
    for name, process in zip(SCRIPTS, processes):
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
        assert {ours for _, ours in table(output, name).values()} == {"-"}
        assert all(f"figures/{figure}\n" in output for figure in FIGURES[name])
    assert drawn(whole_folder) == sorted(sum(FIGURES.values(), []))


@full
@pytest.mark.parametrize("name", SCRIPTS)
def test_options_change_the_constants(folder, name):
    edit(folder, name, "EPOCHS = ", "EPOCHS = 0 +")
    status, output, errors = run(folder, name, "--help")
    assert (status, errors) == (0, "") and "default: 138" in output and "Exercise" in output
    edit(folder, name, "    run.print_table()", "    print(EPOCHS, LEARNING_RATE, SEED)\n"
         "    run.print_table()")
    status, output, errors = run(folder, name, "--epochs=2", "--learning-rate=0.25", "--seed=7")
    assert (status, errors) == (0, "") and "\n2 0.25 7\n" in output
    assert output.startswith("loading MNIST through TensorFlow\nepoch     1 of 2: loss ")
    assert "not the report's settings: LEARNING_RATE = 0.25, SEED = 7" in output


@full
def test_figures_that_cannot_be_written(folder):
    (folder / "figures" / "fig3a_accuracy.png").mkdir(parents=True)
    status, output, errors = run(folder, B, "--epochs", "2")
    assert status == 1 and table(output, B)
    assert re.fullmatch(r"error: cannot write figures/fig3a_accuracy.png: .+\n", errors)
    assert (folder / "figures" / "fig3b_loss.png").is_file()
    shutil.rmtree(folder / "figures")
    (folder / "figures").write_text("in the way")
    status, output, errors = run(folder, B, "--epochs", "2")
    assert status == 1 and re.fullmatch(r"error: cannot make .*figures: .+\n", errors)
    assert "epoch" not in output


@full
@pytest.mark.parametrize("name, old, new, epoch", [
    (B, "W1 -= LEARNING_RATE * dW1", "W1 -= LEARNING_RATE * dW1 / 0", 1),
    (A, "A = common.sigmoid(Z)", "A = Z", 0), (C, "return A1, A2", "return A1, A2 * np.nan", 0),
    (A, "= initial_weights()\n", "= initial_weights()\n    X_train /= X_train.std(0)\n", 0),
])
def test_a_loss_that_is_not_finite(folder, name, old, new, epoch):
    edit(folder, name, old, new)
    status, output, errors = run(folder, name, "--epochs", "9")
    assert status == 1 and table(output, name) and drawn(folder) == FIGURES[name]
    assert f"error: the loss is not finite at epoch {epoch}; likely: too large a LEARNING" in errors


@full
@pytest.mark.parametrize("old, new, line, error", [
    ("(A - Y) / m", "(A - y) / m", "dZ = (A - y) / m", "NameError: name 'y' is not defined"),
    ("return A\n", "pass\n", "accuracy=common.accuracy(A, Y_train)", "ValueError: A () and Y (20"),
    ("return run, W, b", "np.save('no/folder', W)", "np.save('no/folder', W)", "FileNotFoundError"),
    ("import common", "import common\nimport nonsense", "import nonsense", "ModuleNotFoundError"),
    ("(labels_train == DIGIT)", "labels_train", "accuracy(A, Y_train)", "ValueError: Y must be z"),
    ("DIGIT = 0 ", "DIGIT = 12 ", "accuracy(A, Y_train)", "ValueError: Y must be zeros and ones"),
])
def test_an_error_in_the_script_keeps_pythons_traceback(folder, old, new, line, error):
    edit(folder, A, old, new)
    status, output, errors = finish(start(folder, A, "--epochs", "3"), traceback=True)
    assert status == 1 and line in errors and f"\n{error}" in errors


@full
def test_prompt_of_python_i(folder):
    """It has the run and the weights, after a failed run, too; main() works again."""
    for divisor, numbers in (("1", "3 4"), ("0", "2 2")):
        edit(folder, C, "LEARNING_RATE * dW1", f"LEARNING_RATE * dW1 / {divisor}")
        status, output, errors = finish(
            start(folder, C, "--epochs", "2", python=["-i"]), traceback=divisor == "0",
            typed="EPOCHS=3\nprint(W1.shape, b2.shape, len(run.test_loss), len(main()[0].loss))\n")
        assert status == 0 and output.endswith(f"(64, 784) (1,) {numbers}\n")
        edit(folder, C, f"LEARNING_RATE * dW1 / {divisor}", "LEARNING_RATE * dW1")


@full
def test_notebook(folder):
    """NumPy first, another backend, another handler of Ctrl-C, a constant set, main() twice."""
    status, output, errors = run(folder, "-c", """if True:
        import numpy as np, signal, matplotlib
        matplotlib.use("svg")
        signal.signal(signal.SIGINT, handler := lambda *_: None)
        import lab2_skeleton
        lab2_skeleton.EPOCHS, lab2_skeleton.INIT_RANGE = 2, np.float32(0.05)
        first, second = lab2_skeleton.main(), lab2_skeleton.main()
        assert first[0].loss == second[0].loss and len(first) == len(second[0].loss) == 3
        assert signal.getsignal(signal.SIGINT) is handler and matplotlib.get_backend() == "svg"
        """)
    assert (status, errors) == (0, "")


@full
@posix
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c(folder, presses):
    """The first ends the run after its epoch, and nothing is lost; a second ends the program."""
    edit(folder, A, "if epoch == EPOCHS", "print('waiting', flush=True); import time; "
         "time.sleep(1)\n            if epoch == EPOCHS")
    process = start(folder, A)
    process.stdout.readline()
    assert process.stdout.readline() == "waiting\n"
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    status, output, errors = finish(process, traceback=presses == 2)
    if presses == 1:
        assert (status, errors) == (130, "stopped by Ctrl-C\n") and "this run, epoch 0" in output
        assert drawn(folder) == FIGURES[A]
    else:
        assert status in (130, -signal.SIGINT) and "KeyboardInterrupt" in errors


# ---- The data, and TensorFlow -------------------------------------------------------------------

@full
@pytest.mark.parametrize("way", [pytest.param("TensorFlow", marks=tensorflow), "NumPy"])
def test_data_that_is_missing_or_damaged(whole_folder, way):
    """Other images, cut short, or gone; without a network, or with one that never answers."""
    data = (whole_folder / ".keras" / "datasets" / "mnist.npz").read_bytes()
    np.savez(whole_folder / "other.npz", **{name: np.ones((9, 28, 28), np.uint8) for name in
                                            ("x_train", "y_train", "x_test", "y_test")})
    other = (whole_folder / "other.npz").read_bytes()
    if way == "NumPy":  # as if TensorFlow were not installed
        edit(whole_folder, "common", "import numpy", "sys.modules['tensorflow']=None\nimport numpy")
    edit(whole_folder, "common", "setdefaulttimeout(10)", "setdefaulttimeout(2)")
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = {"https_proxy": f"http://127.0.0.1:{server.getsockname()[1]}"}
        processes = []
        for file, network in (other, OFFLINE), (data[:5_000_000], OFFLINE), (b"", silent):
            folder = whole_folder.parent / str(len(processes))
            shutil.copytree(whole_folder, folder)
            (folder / ".keras" / "datasets" / "mnist.npz").write_bytes(file)
            if not file:
                (folder / ".keras" / "datasets" / "mnist.npz").unlink()
            processes.append(start(folder, A, **network))
        for process in processes:
            status, output, errors = finish(process)
            assert status == 1 and "epoch" not in output and way in output
            assert re.fullmatch(r"error: .* cannot load MNIST: .*; a bad mnist.npz: git checkout "
                                r".keras\n", errors)


@full
@pytest.mark.parametrize("error", ["raise ImportError('DLL load failed')", "1 / 0", "x ="])
def test_a_tensorflow_that_cannot_be_imported(folder, error):
    """Its own message and the log that was hidden are shown; NumPy does not step in."""
    (folder / "tensorflow/keras/__init__.py").write_text(f"import os; os.write(2, b'LOG')\n{error}")
    status, output, errors = run(folder, A)
    assert status == 1 and "loading MNIST through TensorFlow" in output and "epoch" not in output
    assert re.match(r"(LOG|)error: .*__init__.py cannot load .*(DLL load|division|syntax)", errors)
    assert error == "x =" or errors.startswith("LOG")  # that one ends before its first line
    shutil.rmtree(folder / "tensorflow")
    (folder / "tensorflow.py").write_text("print('my first tensor')")
    status, output, errors = run(folder, A)
    assert status == 1 and re.match(r"error: .*lab 2/tensorflow.py cannot load .*'tensorflow' is "
                                    "not a package", errors.replace(os.sep, "/"))


@full
@posix
def test_loading_leaks_nothing(folder):
    status, output, errors = run(folder, "-c", """if True:
        import common, os
        common.load_mnist()
        before = os.listdir("/dev/fd")
        common.load_mnist()
        assert os.listdir("/dev/fd") == before
        os.write(2, b"standard error is back")
        os.close(2)
        common.sys.__stderr__ = None  # as in IDLE on Windows
        common.load_mnist()
        """)
    assert (status, errors) == (0, "standard error is back")
