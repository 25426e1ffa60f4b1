"""Do the scripts run as a user runs them, and does every fault end in a line that helps?"""
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import exercises
import matplotlib
import pytest
from conftest import ROOT

import common
import numpy as np

A, B, C = exercises.NAMES
FIGURES = {
    A: ["fig2a_loss", "fig2b_loss_zoom", "fig2c_loss_500_epochs", "fig2d_weights", "fig2e_accuracy"],
    B: ["fig3a_accuracy", "fig3b_loss", "fig3c_hidden_weights"],
    C: ["fig4a_accuracy", "fig4b_loss", "fig4c_confusion_matrix"],
}
OLD = b"the figure of an earlier run"


def copy_to(path):
    """Copy the repository, with figures of an earlier run, into a folder with an odd name."""
    folder = path / "Ümit's lab 2"
    (folder / "figures").mkdir(parents=True)
    for script in ROOT.glob("*.py"):
        shutil.copy(script, folder)
    (folder / ".keras").symlink_to(ROOT / ".keras")
    for name in sum(FIGURES.values(), []):
        (folder / "figures" / f"{name}.png").write_bytes(OLD)
    return folder


@pytest.fixture
def folder(tmp_path):
    return copy_to(tmp_path)


@pytest.fixture
def quick_folder(folder):
    """The same with a stand-in for TensorFlow's loader: 2,000 images, and no 5 s to import it."""
    datasets = folder / "tensorflow" / "keras" / "datasets"
    datasets.mkdir(parents=True)
    for package in (datasets, *list(datasets.parents)[:2]):
        (package / "__init__.py").touch()
    (datasets / "mnist.py").write_text(
        "import os, numpy\n"
        "def load_data():\n"
        "    with numpy.load(os.environ['KERAS_HOME'] + '/datasets/mnist.npz') as file:\n"
        "        return [(file[f'x_{part}'][:2000], file[f'y_{part}'][:2000])\n"
        "                for part in ('train', 'test')]\n")
    return folder


def start(folder, name, *arguments, python=(), shell="", stdout=subprocess.PIPE, **variables):
    """Start a script from the folder above its own, with no terminal and no display."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("DISPLAY", "KERAS_HOME", "PYTHONUNBUFFERED")} | variables
    command = [sys.executable, *python, folder / f"{name}.py", *arguments]
    return subprocess.Popen(["sh", "-c", f'{shell} exec "$@"', "sh", *command], text=True,
                            cwd=folder.parent, env=environment, stdin=subprocess.PIPE,
                            stdout=stdout, stderr=subprocess.PIPE)


def finish(process, typed="", traceback=False):
    """Return the exit status, the output and the errors of a process."""
    output, errors = process.communicate(typed, timeout=1800)
    assert ("Traceback" in errors) == traceback, errors
    return process.returncode, output, errors


def redrawn(folder, name):
    """Return which figures of the script are new; fail if one is not whole, or more is left."""
    files = {file.stem: file.read_bytes() for file in (folder / "figures").iterdir()}
    assert set(files) == set(sum(FIGURES.values(), []))
    new = [figure for figure in FIGURES[name] if files[figure] != OLD]
    for figure in new:
        assert files[figure].startswith(b"\x89PNG") and files[figure].endswith(b"IEND\xaeB`\x82")
    return new


def table(output, name):
    """Return {row: (report, this run)} from the table; fail if its rows are not as they should."""
    lines = output[output.index(" " * 36):].splitlines()
    results = common.REPORT[exercises.EXERCISE[name]]["results"]
    assert lines[0].split() == ["report", "this", "run"]
    rows = {}
    for line, (words, printed, *_) in zip(lines[1:], results):
        assert line.startswith(f"{words:36} {printed:>20} ")
        run = line[57:].strip()
        rows[words] = float(printed.removeprefix("near ")), None if run == "-" else float(run)
    _, header, *reached = lines[1 + len(results):][:4]
    assert re.fullmatch(r"this run, epoch \d+ +training +test", header)
    for line, quantity in zip(reached, ("loss", "accuracy")):
        assert re.fullmatch(rf"{quantity:36} +\d\S+ +\d\S+", line)
    return rows


def edit(folder, name, *edits):
    (folder / f"{name}.py").write_text(exercises.edited(name, *edits))


def set_constant(folder, name, setting, value):
    """Give a constant of the copied script another value, whatever a student has given it."""
    script = folder / f"{name}.py"
    source, count = re.subn(rf"^{setting} = \S+", f"{setting} = {value}", script.read_text(),
                            flags=re.M)
    assert count == 1
    script.write_text(source)


def test_the_scripts_run_anywhere(folder):
    """Our warnings as errors, ASCII output, no display, a wrong backend, no home, an odd folder."""
    ours = [f"-Werror:::{module}" for module in ("__main__", "common")]
    processes = {name: start(folder, name, "--epochs", "3", python=ours,
                             HOME=str(folder / "nowhere"), MPLCONFIGDIR=matplotlib.get_cachedir(),
                             MPLBACKEND="no-such-backend", PYTHONIOENCODING="ascii")
                 for name in exercises.NAMES}
    finished = {name: finish(process) for name, process in processes.items()}
    for name, (status, output, errors) in finished.items():
        assert (status, errors) == (0, "")
        assert all(run is None for report, run in table(output, name).values())
        assert redrawn(folder, name) == FIGURES[name]
        for figure in FIGURES[name]:
            assert f"figures/{figure}.png".replace("/", os.sep) in output


@pytest.mark.parametrize("setting, value, allowed", [
    ("EPOCHS", 0, "int, from 1 to 1000000000"), ("EPOCHS", 1.5, "int, from 1 to 1000000000"),
    ("EPOCHS", "ten", "int, from 1 to 1000000000"), ("LEARNING_RATE", 0, "float, from 1e-09 to 1"),
    ("LEARNING_RATE", float("nan"), "float, from"), ("LEARNING_RATE", float("inf"), "float, from"),
    ("LEARNING_RATE", "fast", "float, from"), ("SEED", -1, "int, from 0 to 4294967295"),
    ("SEED", 2**32, "int, from 0 to 4294967295"), ("DIGIT", 10, "int, from 0 to 9"),
    ("HIDDEN_UNITS", 0, "int, from 1 to 1000000"), ("INIT_RANGE", -1, "float, from 0 to 1000"),
    ("SHARED_BIAS", "yes", "bool, from False to True"),
    ("PRECISION", np.float16, "np.float32 or np.float64"),
])
def test_a_wrong_setting_is_named(capsys, setting, value, allowed):
    """In the script, and on the command line where there is such an option."""
    module = exercises.load(B)
    good = getattr(module, setting)
    for arguments in ([], ["--" + setting.lower().replace("_", "-"), str(value)]):
        if arguments and setting not in ("EPOCHS", "LEARNING_RATE", "SEED"):
            continue
        setattr(module, setting, good if arguments else value)
        with pytest.raises(SystemExit) as end:
            common.read_settings("", vars(module), arguments)
        errors = capsys.readouterr().err
        assert end.value.code == 2 and errors.count("\n") == 1
        assert setting in errors or arguments and arguments[0] in errors
        assert re.search(f", but must be (of type )?{allowed}", errors) or (
            arguments and " invalid " in errors)


def test_a_wrong_setting_ends_a_script_before_tensorflow_is_imported(folder):
    (folder / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')")
    set_constant(folder, B, "HIDDEN_UNITS", "4.5")
    for process, words in ((start(folder, B), "HIDDEN_UNITS is 4.5, but must be of type int, from 1 "
                            "to 1000000"), (start(folder, A, "--speed", "9"), "unrecognized arguments")):
        status, output, errors = finish(process)
        assert (status, output) == (2, "")
        assert re.fullmatch(rf"\S+: error: {words}.*\n", errors)


def test_help_tells_the_defaults(folder):
    set_constant(folder, C, "EPOCHS", "500")
    set_constant(folder, C, "LEARNING_RATE", "0.7")
    status, output, errors = finish(start(folder, C, "--help"))
    assert (status, errors) == (0, "") and "of EPOCHS = 500" in output
    assert "of LEARNING_RATE = 0.7" in output


@pytest.mark.parametrize("obstacle", ["a file", "a folder not to be written"])
def test_a_figures_folder_that_cannot_be_written_is_said_first(quick_folder, obstacle):
    shutil.rmtree(quick_folder / "figures")
    if obstacle == "a file":
        (quick_folder / "figures").write_text("in the way")
    else:
        (quick_folder / "figures").symlink_to("/proc")  # where not even root can write
    status, output, errors = finish(start(quick_folder, A, "--epochs", "2"))
    assert (status, output) == (1, "") and re.fullmatch("error: .*figures.*\n", errors)


def test_a_long_run_without_a_terminal_is_not_silent(few, monkeypatch, capsys):
    clock = iter(range(0, 10_000, 4))  # seconds; one look at it an epoch
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    run, *_ = exercises.load(A).main(["--epochs=9"])
    lines = capsys.readouterr().out.splitlines()
    progress = [line for line in lines if line.startswith("epoch ")]
    assert 2 <= len(progress) <= 4
    epoch = int(re.match(r"epoch (\d+)", progress[0])[1])
    assert progress[0] == (f"epoch {epoch}: loss {run.loss[epoch]:.4f}, "
                           f"test_loss {run.test_loss[epoch]:.4f}")


# ---- Faults of a script: it runs on few images, with a stand-in for TensorFlow ------------------

@pytest.mark.report
@pytest.mark.parametrize("name", exercises.NAMES)
def test_a_blank_script(quick_folder, name):
    forward, backward = "forward_propagation", "backward_propagation"
    for first, *others in ((forward, backward), (backward,)):
        (quick_folder / f"{name}.py").write_text(exercises.blanked(name, "pass", first, *others))
        status, output, errors = finish(start(quick_folder, name))
        assert (status, output) == (1, "")
        assert re.match(rf"error: {name}.py, line \d+: [^#]*\w\): ", errors)
        assert errors.endswith(f": {exercises.returns_nothing(name, first, 2000)}\n")


@pytest.mark.report
@pytest.mark.parametrize("name, old, new, message", [
    (B, "W1 -= settings.LEARNING_RATE * dW1", "W1 -= settings.LEARNING_RATE * dW1 / 0",
     r"error: W1 is not finite at epoch 1; likely: too large a LEARNING_RATE, .*"),
    (A, "A = common.sigmoid(Z)", "A = Z", r"error: the loss is not finite at epoch 0; likely: no "
     r"sigmoid, or the logarithm of 0"),
    (B, "(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)", r"error: lab2_2_skeleton.py, line \d+: .*linear_"
     r"forward\(X, W1, b1\).*: W has shape \(784, 64\), not \(784, 784\)"),
    (A, "dW, db = common.linear_backward(dZ, X)", "dW, db = dZ.T @ X, dZ.sum(axis=1)", r"error: lab2_"
     r"skeleton.py, line \d+: .*: backward_propagation\(\) returns db as \(2000,\), but should return dW "
     r"\(1, 784\), db \(1,\)"),
    (A, "Y_train = (labels_train == DIGIT).astype(PRECISION).reshape(-1, 1)",
     "Y_train = (labels_train == DIGIT).astype(PRECISION)", r"error: lab2_skeleton.py, line \d+: .*"
     r"common.binary_cross_entropy\(A, Y_train\),: Y has shape \(2000,\), not \(2000, 1\)"),
    (A, "return A", "return A[:, 0]", r"error: lab2_skeleton.py, line \d+: .*: forward_propagation"
     r"\(\) returns A as \(2000,\), but should return A \(2000, 1\)"),
    (C, "return A1, A2", "return A1, A2 * np.nan", r"error: lab2_3_skeleton.py, line \d+: .*: forward_"
     r"propagation\(\) returns A2 with nan or inf in it, but .*"),
])
def test_a_wrong_script_ends_with_a_line(quick_folder, name, old, new, message):
    edit(quick_folder, name, (old, new))
    status, output, errors = finish(start(quick_folder, name, "--epochs", "9"))
    assert status == 1 and re.fullmatch(message + "\n", errors)


@pytest.mark.report
@pytest.mark.parametrize("new, error", [("(A2 - y) / m", "NameError: name 'y' is not defined"),
                                        ("(A2 - Y[:9]) / m", "ValueError: operands could not be")])
def test_a_script_that_fails_otherwise_keeps_pythons_traceback(quick_folder, new, error):
    edit(quick_folder, B, ("(A2 - Y) / m", new))
    status, output, errors = finish(start(quick_folder, B), traceback=True)
    assert status == 1 and f" dZ2 = {new} " in errors and f"\n{error}" in errors


@pytest.mark.report
def test_a_script_in_another_precision_is_told_once_and_runs(quick_folder):
    edit(quick_folder, B, ("(A2 - Y) / m", "(A2 - Y).astype(np.float64) / m"))
    status, output, errors = finish(start(quick_folder, B, "--epochs", "3"))
    assert status == 0 and table(output, B)
    assert errors.splitlines()[0] == ("note: backward_propagation() returns dW1 in float64, "
                                      "where float32 came in: slow, but not wrong")
    assert len(set(errors.splitlines())) == len(errors.splitlines())


@pytest.mark.report
@pytest.mark.parametrize("divisor, epochs", [(1, 3), (0, 1)])
def test_the_prompt_of_python_i_has_the_weights_and_the_run(quick_folder, divisor, epochs):
    """Of a run that fails, too; and Ctrl-C means there what it always does."""
    edit(quick_folder, C, ("LEARNING_RATE * dW1", f"LEARNING_RATE * dW1 / {divisor}"))
    process = start(quick_folder, C, "--epochs", "2", python=("-i",))
    status, output, errors = finish(process, "print(W1.shape, b2.shape, len(run.test_loss))\n"
                                    "import signal; print(signal.getsignal(signal.SIGINT).__name__)\n")
    assert status == 0 and output.endswith(f"(64, 784) (1,) {epochs}\ndefault_int_handler\n")


@pytest.mark.report
def test_main_can_be_called_from_another_program(quick_folder):
    """As from a notebook, whose own command line is no affair of the script's."""
    (quick_folder / "notebook.py").write_text(
        "import signal\n"
        "from lab2_skeleton import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "run, W, b = main(['--epochs', '2'])\n"
        "print(W.shape, len(run.loss), signal.getsignal(signal.SIGINT).__name__)\n")
    status, output, errors = finish(start(quick_folder, "notebook", "-f", "kernel.json"))
    assert (status, errors) == (0, "") and output.endswith("(1, 784) 3 default_int_handler\n")


@pytest.mark.report
def test_a_full_disk(quick_folder):
    """No file may grow beyond 8 blocks: the old figures stay, the numbers are not lost."""
    status, output, errors = finish(start(quick_folder, B, "--epochs", "2", python=("-B",),
                                          shell="ulimit -f 8;"))
    assert status == 1 and table(output, B)
    assert len(re.findall("^error: cannot write .*png: ", errors, flags=re.M)) == 3
    assert redrawn(quick_folder, B) == []


@pytest.mark.report
def test_a_reader_that_leaves(quick_folder):
    process = start(quick_folder, A, "--epochs", "2")
    process.stdout.close()
    process.stdout = None
    assert finish(process) == (0, None, "")


@pytest.mark.report
def test_two_runs_at_once(quick_folder):
    processes = [start(quick_folder, A, "--epochs", "9", python=[option]) for option in ("-O", "-OO")]
    for process in processes:
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
    assert redrawn(quick_folder, A) == FIGURES[A]


# ---- Faults around a script, with TensorFlow ----------------------------------------------------

@pytest.mark.report
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c(folder, presses):
    """On a terminal of 80 columns: one press ends the run, and a second one the program."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "rows", "24", "cols", "80"], stdin=theirs, check=True)
    process = start(folder, A, stdout=theirs)
    os.close(theirs)
    screen = ""
    while screen.count("test_loss") < 2:
        screen += os.read(ours, 1000).decode(errors="replace")
    process.send_signal(signal.SIGINT)
    while presses == 2 and process.poll() is None:  # the first needs a moment to be taken
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    with pytest.raises(OSError):  # the end of a terminal's output
        while True:
            screen += os.read(ours, 1000).decode(errors="replace")
    os.close(ours)
    status, output, errors = finish(process)
    assert status == (130 if presses == 1 else -signal.SIGINT)  # in a shell 130, too
    progress, _, rest = screen.replace("\r\n", "\n").partition("\n")
    for line in re.sub(r"\x1b\[\d*m|\x08", "", progress).split("\r"):
        assert len(line.rstrip()) < 80, "the progress bar does not fit the terminal"
    if presses == 1:
        epoch = re.fullmatch(r"stopped by Ctrl-C after epoch (\d+)\n", errors)[1]
        assert max(map(int, re.findall(r"(\d+)/10000", progress))) <= int(epoch) < 10_000
        assert table(rest, A)
        assert redrawn(folder, A) == FIGURES[A]
    else:
        assert errors == ""


@pytest.mark.report
def test_ctrl_c_before_the_first_epoch(quick_folder):
    """While TensorFlow is imported, which may swallow a KeyboardInterrupt."""
    (quick_folder / "tensorflow" / "__init__.py").write_text(
        "import time\n"
        "print('importing', flush=True)\n"
        "try:\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    pass\n")
    process = start(quick_folder, A, "--epochs", "2")
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    assert finish(process) == (-signal.SIGINT, "", "")
    assert redrawn(quick_folder, A) == []


@pytest.fixture
def silent_proxy():
    """The address of a proxy that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.report
def test_data_that_is_damaged_is_never_trained_on(folder, silent_proxy):
    """One byte changed, cut short, or gone; without a network, or with one that never answers."""
    data = (folder / ".keras" / "datasets" / "mnist.npz").read_bytes()
    changed = data[:5_000_000] + bytes([data[5_000_000] ^ 1]) + data[5_000_001:]
    source, patience = (folder / "common.py").read_text(), "setdefaulttimeout(15)"
    assert patience in source
    (folder / "common.py").write_text(source.replace(patience, "setdefaulttimeout(2)"))
    processes = []
    for number, (file, proxy) in enumerate([(changed, ""), (data[:5_000_000], ""), (None, ""),
                                            (None, silent_proxy)]):
        copy = folder.parent / str(number) / "lab2"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".keras"))
        (copy / ".keras" / "datasets").mkdir(parents=True)
        if file:
            (copy / ".keras" / "datasets" / "mnist.npz").write_bytes(file)
        processes.append((copy, start(copy, A, https_proxy=proxy or "http://127.0.0.1:9")))
    for copy, process in processes:
        status, output, errors = finish(process)
        assert status == 1
        assert re.fullmatch(r"error: cannot load .*mnist.npz: restore it with git checkout .keras, "
                            r"or connect to the network .*\n", errors)
        assert redrawn(copy, A) == []


@pytest.mark.report
def test_the_users_keras_home_is_respected_and_figures_is_made(folder):
    """Even without the three standard streams."""
    shutil.rmtree(folder / "figures")
    home = folder / "mine"
    (home / "datasets").mkdir(parents=True)
    shutil.copy(folder / ".keras" / "datasets" / "mnist.npz", home / "datasets")
    (folder / ".keras").unlink()
    status, output, errors = finish(start(folder, A, "--epochs", "1", KERAS_HOME=str(home),
                                          https_proxy="http://127.0.0.1:9",
                                          shell="exec <&- >&- 2>&-;"))
    assert (status, errors) == (0, "")
    assert sorted(f.stem for f in (folder / "figures").iterdir()) == FIGURES[A]
