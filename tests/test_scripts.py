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

FIGURES = {
    "lab2_skeleton": ["fig2a_loss", "fig2b_loss_zoom", "fig2c_loss_500_epochs", "fig2d_weights"],
    "lab2_2_skeleton": ["fig3a_accuracy", "fig3b_loss", "fig3c_hidden_weights"],
    "lab2_3_skeleton": ["fig4a_accuracy", "fig4b_loss", "fig4c_confusion_matrix"],
}
ROWS = {
    "lab2_skeleton": ["test loss, epoch 500", "training loss, epoch 500",
                      "test loss starts to rise, epoch", "test loss above training loss, epoch"],
    "lab2_2_skeleton": ["test accuracy, epoch 500", "test loss, epoch 500"],
    "lab2_3_skeleton": ["test accuracy, epoch 500", "test loss, epoch 500"],
}
OLD = b"the figure of an earlier run"


@pytest.fixture
def folder(tmp_path):
    """A copy of the repository with figures of an earlier run; its path is not plain ASCII."""
    folder = tmp_path / "Ümit's lab 2"
    (folder / "figures").mkdir(parents=True)
    for script in ROOT.glob("*.py"):
        shutil.copy(script, folder)
    (folder / ".keras").symlink_to(ROOT / ".keras")
    for name in sum(FIGURES.values(), []):
        (folder / "figures" / f"{name}.png").write_bytes(OLD)
    return folder


def start(folder, name, *arguments, python=(), shell="", stdout=subprocess.PIPE, **variables):
    """Start a script from the folder above its own, with no terminal and no display."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("DISPLAY", "KERAS_HOME")} | variables
    command = [sys.executable, *python, folder / f"{name}.py", *arguments]
    return subprocess.Popen(["sh", "-c", f'{shell} exec "$@"', "sh", *command], text=True,
                            cwd=folder.parent, env=environment, stdin=subprocess.DEVNULL,
                            stdout=stdout, stderr=subprocess.PIPE)


def finish(process):
    """Return the exit status, the output and the errors of a process, without a traceback."""
    output, errors = process.communicate(timeout=300)
    assert "Traceback" not in errors, errors
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
    header, *lines = output.splitlines()
    assert header.split() == ["report", "this", "run"]
    rows = [re.fullmatch(r"(.{36}) +(\S+) +(\S+)", line).groups()
            for line in lines[:len(ROWS[name])]]
    assert [row[0].rstrip() for row in rows] == ROWS[name]
    return {row.rstrip(): (float(report), None if run == "-" else float(run))
            for row, report, run in rows}


@pytest.mark.parametrize("name", exercises.NAMES)
def test_a_script_runs_anywhere(folder, name):
    """Warnings as errors, ASCII output, no display, a wrong backend, no home, an odd folder."""
    status, output, errors = finish(start(
        folder, name, "--epochs", "3", python=("-W", "error"), HOME=str(folder / "nowhere"),
        MPLCONFIGDIR=matplotlib.get_cachedir(), MPLBACKEND="no-such-backend",
        PYTHONIOENCODING="ascii"))
    assert (status, errors) == (0, "")
    assert all(run is None for report, run in table(output, name).values())
    assert redrawn(folder, name) == FIGURES[name]
    for figure in FIGURES[name]:
        assert f"figures/{figure}.png".replace("/", os.sep) in output


def set_constant(folder, name, setting, value):
    """Give a constant of the copied script another value, whatever a student has given it."""
    script = folder / f"{name}.py"
    edited, count = re.subn(rf"^{setting} = \S+", f"{setting} = {value}", script.read_text(),
                            flags=re.M)
    assert count == 1
    script.write_text(edited)


@pytest.mark.parametrize("setting, value, allowed", [
    ("EPOCHS", "0", "a whole number of at least 1"),
    ("EPOCHS", "1.5", "a whole number of at least 1"),
    ("EPOCHS", "'ten'", "a whole number of at least 1"),
    ("LEARNING_RATE", "0", "a finite number above 0"),
    ("LEARNING_RATE", "nan", "a finite number above 0"),
    ("LEARNING_RATE", "inf", "a finite number above 0"),
    ("SEED", "-1", "a whole number of at least 0"),
    ("DIGIT", "10", "a whole number from 0 to 9"),
    ("HIDDEN_UNITS", "0", "a whole number of at least 1"),
    ("INIT_SCALE", "-1", "a finite number of at least 0"),
])
def test_a_wrong_setting_is_named_at_once(folder, setting, value, allowed):
    """In the script, and on the command line where there is such an option."""
    (folder / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')")
    constant = f"float('{value}')" if value in ("nan", "inf") else value
    set_constant(folder, "lab2_2_skeleton", setting, constant)
    processes = [start(folder, "lab2_2_skeleton")]
    if setting in ("EPOCHS", "LEARNING_RATE", "SEED"):
        option = "--" + setting.lower().replace("_", "-")
        processes.append(start(folder, "lab2_skeleton", option, value.strip("'")))
    for process in processes:
        status, output, errors = finish(process)
        assert (status, output) == (2, "")
        assert re.fullmatch(rf"\S+: error: {setting} is {value}, but must be {allowed}\n", errors)


def test_help_tells_the_defaults(folder):
    set_constant(folder, "lab2_3_skeleton", "EPOCHS", "500")
    set_constant(folder, "lab2_3_skeleton", "LEARNING_RATE", "0.7")
    status, output, errors = finish(start(folder, "lab2_3_skeleton", "--help"))
    assert (status, errors) == (0, "") and "(default: 500)" in output and "(default: 0.7)" in output


@pytest.mark.parametrize("obstacle", ["a file", "a folder not to be written"])
def test_a_figures_folder_that_cannot_be_written_is_said_first(folder, obstacle):
    shutil.rmtree(folder / "figures")
    if obstacle == "a file":
        (folder / "figures").write_text("in the way")
    else:
        (folder / "figures").symlink_to("/proc")  # where not even root can write
    status, output, errors = finish(start(folder, "lab2_skeleton", "--epochs", "1000000"))
    assert (status, output) == (1, "") and re.fullmatch("error: .*figures.*\n", errors)


# ---- Faults in the middle of a run: the tests below take minutes --------------------------------

@pytest.fixture
def terminal():
    """The two ends of a terminal of 24 lines of 80 columns: ours, and the script's."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "rows", "24", "cols", "80"], stdin=theirs, check=True)
    yield ours, theirs
    os.close(ours)


@pytest.mark.report
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c(folder, terminal, presses):
    ours, theirs = terminal
    process = start(folder, "lab2_skeleton", stdout=theirs)
    os.close(theirs)
    screen = ""
    while "test_loss" not in screen:
        screen += os.read(ours, 1000).decode()
    for press in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    with pytest.raises(OSError):  # the end of a terminal's output
        while True:
            screen += os.read(ours, 1000).decode()
    status, output, errors = finish(process)
    assert status == 130
    progress, *lines = screen.replace("\r\n", "\n").split("\n")
    for line in re.sub(r"\x1b\[\d*m|\b", "", progress).split("\r"):
        assert len(line.rstrip()) < 80, "the progress bar does not fit the terminal"
    if presses == 1:
        epoch = re.fullmatch(r"stopped by Ctrl-C after epoch (\d+) of 10000\n", errors)[1]
        assert max(map(int, re.findall(r"(\d+)/10000", progress))) <= int(epoch) < 10_000
        assert table("\n".join(lines), "lab2_skeleton")
        assert redrawn(folder, "lab2_skeleton") == FIGURES["lab2_skeleton"]
    else:
        assert errors == "\nstopped by Ctrl-C\n"


@pytest.mark.report
def test_ctrl_c_before_the_first_epoch(folder):
    process = start(folder, "lab2_skeleton")
    time.sleep(1.5)  # TensorFlow is being imported
    process.send_signal(signal.SIGINT)
    status, output, errors = finish(process)
    assert (status, output) == (130, "") and errors.strip() in ("", "stopped by Ctrl-C")
    assert redrawn(folder, "lab2_skeleton") == []


@pytest.mark.report
def test_training_that_diverges(folder):
    status, output, errors = finish(start(folder, "lab2_2_skeleton", "--learning-rate", "1e38"))
    assert status == 1
    assert re.fullmatch(r"error: the loss is no longer finite at epoch \d+: .*smaller.*\n", errors)


@pytest.mark.report
def test_a_transposed_matrix(folder):
    script = folder / "lab2_2_skeleton.py"
    script.write_text(script.read_text().replace("(HIDDEN_UNITS, 784)", "(784, HIDDEN_UNITS)"))
    status, output, errors = finish(start(folder, "lab2_2_skeleton"))
    assert (status, output) == (1, "")
    assert "hidden layer: W has shape (784, 64), but must have (64, 784)" in errors
    assert "lab2_2_skeleton.py, line" in errors


@pytest.mark.report
def test_a_full_disk(folder):
    """No file may grow beyond 8 blocks: the old figures stay, the numbers are not lost."""
    status, output, errors = finish(start(folder, "lab2_2_skeleton", "--epochs", "2",
                                          python=("-B",), shell="ulimit -f 8;"))
    assert status == 1 and table(output, "lab2_2_skeleton")
    assert len(re.findall("^error: cannot write .*png: ", errors, flags=re.M)) == 3
    assert redrawn(folder, "lab2_2_skeleton") == []


@pytest.mark.report
def test_two_runs_at_once(folder):
    for process in [start(folder, "lab2_skeleton", "--epochs", "9", python=["-O"]) for _ in "12"]:
        status, output, errors = finish(process)
        assert (status, errors) == (0, "")
    assert redrawn(folder, "lab2_skeleton") == FIGURES["lab2_skeleton"]


@pytest.mark.report
def test_a_reader_that_leaves(folder):
    process = start(folder, "lab2_skeleton", "--epochs", "2")
    process.stdout.close()
    process.stdout = None
    assert finish(process) == (0, None, "")
    assert redrawn(folder, "lab2_skeleton") == FIGURES["lab2_skeleton"]


@pytest.mark.report
def test_no_standard_streams(folder):
    status, *_ = finish(start(folder, "lab2_skeleton", "--epochs", "2", shell="exec <&- >&- 2>&-;"))
    assert status == 0
    assert redrawn(folder, "lab2_skeleton") == FIGURES["lab2_skeleton"]


@pytest.fixture
def silent_proxy():
    """The address of a proxy that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.report
@pytest.mark.parametrize("damage, network", [("one byte changed", "none"), ("cut short", "none"),
                                             ("gone", "none"), ("gone", "silent")])
def test_data_that_is_damaged_is_never_trained_on(folder, silent_proxy, damage, network):
    data = (folder / ".keras" / "datasets" / "mnist.npz").read_bytes()
    (folder / ".keras").unlink()
    file = folder / ".keras" / "datasets" / "mnist.npz"
    file.parent.mkdir(parents=True)
    if damage == "one byte changed":
        file.write_bytes(data[:5_000_000] + bytes([data[5_000_000] ^ 1]) + data[5_000_001:])
    elif damage == "cut short":
        file.write_bytes(data[:5_000_000])
    begin = time.monotonic()
    proxy = "http://127.0.0.1:9" if network == "none" else silent_proxy
    status, output, errors = finish(start(folder, "lab2_skeleton", https_proxy=proxy))
    assert status == 1 and time.monotonic() - begin < 30
    assert re.fullmatch(r"error: cannot load .*mnist.npz: restore it with: git checkout .keras, "
                        r"or connect to the network .*\n", errors)
    assert redrawn(folder, "lab2_skeleton") == []


@pytest.mark.report
def test_the_users_keras_home_is_respected_and_figures_is_made(folder):
    shutil.rmtree(folder / "figures")
    home = folder / "mine"
    (home / "datasets").mkdir(parents=True)
    shutil.copy(folder / ".keras" / "datasets" / "mnist.npz", home / "datasets")
    (folder / ".keras").unlink()
    status, output, errors = finish(start(folder, "lab2_skeleton", "--epochs", "1",
                                          KERAS_HOME=str(home), https_proxy="http://127.0.0.1:9"))
    assert (status, errors) == (0, "")
    assert sorted(f.stem for f in (folder / "figures").iterdir()) == FIGURES["lab2_skeleton"]
