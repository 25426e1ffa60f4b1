"""What the three exercises share. In the shapes, m is the number of images, one in each row."""
import argparse
import contextlib
import hashlib
import os
import socket
import sys
import time
import warnings
from collections import namedtuple
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent
MNIST = ROOT / ".keras" / "datasets" / "mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"  # of mnist.npz
os.environ["KERAS_HOME"] = str(ROOT / ".keras")  # where Keras, once imported, looks for the data
warnings.filterwarnings("ignore", ".* in matmul")  # false, on Apple silicon (NumPy issue 28687)

# ---- Data and settings -------------------------------------------------------------------------
# The report prints no settings; these, from public scripts for its lab, give its numbers, up to
# rounding (of float32 in A). Epochs count updates: the report's 500th epoch in B and C is 499.
Result = namedtuple("Result", "name digits rounding quantity epoch")
START = {"INIT_RANGE": 0.05, "SEED": 138}
REPORT = {
    "A": ({"DIGIT": 0, "LEARNING_RATE": 1.0, **START}, [
        Result("training loss after 500 epochs", "0.030048830759622978", 5e-8, "loss", 500),
        Result("test loss after 500 epochs", "0.025196727549756617", 5e-8, "test_loss", 500),
        Result("test loss starts to rise, epoch", "2380", None, "rises_from", None),
        Result("test loss above training loss, epoch", "near 4000", None, "above_from", None)]),
    "B": ({"DIGIT": 0, "HIDDEN_UNITS": 64, "LEARNING_RATE": 0.8, "SHARED_BIAS": True, **START}, [
        Result("test accuracy in the 500th epoch", "0.9913", 5e-5, "test_accuracy", 499),
        Result("test loss in the 500th epoch", "0.02696", 5e-6, "test_loss", 499)]),
    "C": ({"HIDDEN_UNITS": 64, "LEARNING_RATE": 0.8, "SHARED_BIAS": True, **START}, [
        Result("test accuracy in the 500th epoch", "0.9238", 5e-5, "test_accuracy", 499),
        Result("test loss in the 500th epoch", "0.3298", 5e-5, "test_loss", 499)])}


def read_options(doc, epochs, learning_rate, seed):
    """Return the settings, from the command line unless in a notebook; doc: for --help."""
    parser = argparse.ArgumentParser(description=doc and doc.splitlines()[0])
    for option, kind, value in (("--epochs", int, epochs), ("--seed", int, seed),
                                ("--learning-rate", float, learning_rate)):
        parser.add_argument(option, type=kind, default=str(value), help="default: %(default)s")
    given = parser.parse_args(None if hasattr(sys.modules["__main__"], "__file__") else [])
    if given.epochs < 1 or not 0 < given.learning_rate < np.inf or not 0 <= given.seed < 2**32:
        parser.error("EPOCHS and LEARNING_RATE must be above 0, and SEED from 0 to 4294967295")
    return given.epochs, given.learning_rate, given.seed


def load_mnist(precision=np.float32):
    """Return (X_train, labels_train), (X_test, labels_test): X (m, 784), from 0, paper, to 1, ink;
    labels (m,), the digits. Without the file, end the program with status 1."""
    print("loading MNIST through TensorFlow", flush=True)
    usual_timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(10)  # seconds; on a silent network Keras would wait for minutes
    try:
        with hidden_log() if sys.__stderr__ else contextlib.nullcontext():  # not in IDLE
            from tensorflow.keras.datasets import mnist
        data = mnist.load_data()
    except Exception as error:  # whatever it is, NumPy can load the same file
        *_, reason = ["", *str(error).partition("\n\n")[0].splitlines()]  # of a traceback, the end
        own = [f"; see {file}" for file in ROOT.glob("*") if file.stem in ("tensorflow", "keras")]
        print(f"TensorFlow cannot ({reason}{''.join(own)}): NumPy loads it", file=sys.stderr)
        if not MNIST.exists() or hashlib.sha256(MNIST.read_bytes()).hexdigest() != SHA256:
            sys.exit(f"error: {MNIST} is missing or damaged; hidden folders get lost when copied "
                     "by hand or uploaded: take .keras from the ZIP again, or git checkout .keras")
        with np.load(MNIST) as file:
            data = [(file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "test")]
    finally:
        socket.setdefaulttimeout(usual_timeout)
    return [((images.reshape(-1, 784) / np.float32(255)).astype(precision, copy=False), labels)
            for images, labels in data]  # the report's pixels are rounded to float32, too


@contextlib.contextmanager
def hidden_log():
    """Hide what TensorFlow logs while it is imported; no setting stops all of it."""
    with open(os.devnull, "wb") as nowhere, open(os.dup(2), "wb") as stderr:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr.fileno(), 2)


# ---- The maths of a layer ----------------------------------------------------------------------
def linear_forward(X, W, b):
    """Return Z = X W^T + b (m, units) from X (m, inputs), W (units, inputs), b (section II.A)."""
    return X @ W.T + b


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), of Z's shape (equation 1)."""
    with np.errstate(over="ignore"):  # where exp(-Z) is too large, it is inf, and A is 0
        return 1 / (1 + np.exp(-Z))


def linear_backward(dZ, X):
    """Return dW (units, inputs) and db (units,), sums over X (m, inputs) and dZ (m, units)."""
    return dZ.T @ X, dZ.sum(axis=0)


def accuracy(A, Y):
    """Return the fraction of images classified correctly; A, Y: (m, outputs), else ValueError."""
    if np.ndim(A) != 2 or np.shape(A) != np.shape(Y):
        raise ValueError(f"A {np.shape(A)} and Y {np.shape(Y)} need one shape: (images, outputs)")
    if A.shape[1] == 1:
        return np.mean((A > 0.5) == Y)
    return np.mean(A.argmax(axis=1) == Y.argmax(axis=1))  # the largest output is the answer


# ---- A run -------------------------------------------------------------------------------------
class Run(contextlib.AbstractContextManager):
    """The numbers of a training run: four lists, one number per epoch, from 0 on."""

    def __init__(self, exercise, epochs, **settings):
        known, self.results = REPORT.get(exercise, ({}, []))
        changed = [f"{key} = {now}" for key, now in settings.items() if now != known.get(key, now)]
        self.note = "not the report's settings: " + ", ".join(changed) if changed else ""
        self.lists = self.accuracy, self.loss, self.test_accuracy, self.test_loss = [], [], [], []
        self.rises_from = self.above_from = None  # the epochs of over-fitting, once they are known
        self.stopped, self.status = False, 0  # end the loop early; the program's exit status
        self.epochs, self.start = epochs, time.monotonic()

    def record(self, accuracy, loss, test_accuracy, test_loss):
        """Append an epoch's numbers to the lists; print about twenty lines over a run."""
        epoch = len(self.loss)
        for numbers, number in zip(self.lists, (accuracy, loss, test_accuracy, test_loss)):
            numbers.append(float(number))
        if not np.isfinite(loss + test_loss):
            self.stopped, self.status = True, 1
            print(f"error: the loss is not finite at epoch {epoch}: LEARNING_RATE too large, a "
                  "wrong sign, no mean over images, a log of or division by 0?", file=sys.stderr)
        elif epoch and epoch % np.ceil(self.epochs / 20) == 0:
            left = (time.monotonic() - self.start) / epoch * (self.epochs - epoch)
            print(f"epoch {epoch:5} of {self.epochs}: loss {loss:.4f}, test loss {test_loss:.4f}, "
                  f"{left:.0f} s left", flush=True)

    def __exit__(self, error, *_):
        whole_epochs = min(map(len, self.lists))
        if error is KeyboardInterrupt and whole_epochs:
            for numbers in self.lists:
                del numbers[whole_epochs:]
            self.status = 130
            print("stopped by Ctrl-C", file=sys.stderr)
            return True  # go on behind the with block

    def print_table(self):
        """Print the report's results beside those of this run, and those of its last epoch."""
        row, note = "{:36} {:>20} {:>20}".format, self.note
        print("\n" + row("", "report", "this run") if self.results else "")
        for name, digits, rounding, quantity, epoch in self.results:
            ours = getattr(self, quantity)
            if epoch:
                ours = ours[epoch] if epoch < len(ours) else None
            print(row(name, digits, "needs more epochs" if ours is None else ours))
            if rounding and ours is not None and abs(ours - float(digits)) > rounding:
                note = note or "not the report's numbers: the network or its first weights differ"
        print("\n" + row(f"this run, epoch {len(self.loss) - 1}", "training", "test"))
        print(row("accuracy", f"{self.accuracy[-1]:.4f}", f"{self.test_accuracy[-1]:.4f}"))
        print(row("loss", self.loss[-1], self.test_loss[-1]) + ("\n" + note if note else ""))


# ---- Figures -----------------------------------------------------------------------------------
@contextlib.contextmanager
def new_figure(run, name, width, height):
    """Give a with block an empty figure (sizes in inches), in Matplotlib's own style; save it."""
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
        figure.supxlabel(run.note, size="small", wrap=True)
        yield figure
        try:
            (ROOT / name).parent.mkdir(exist_ok=True)
            figure.savefig(ROOT / name)
            print(name)
        except OSError as error:
            print(f"error: cannot write {name}: {error.strerror}", file=sys.stderr)
            run.status = run.status or 1


def draw_curves(run, name, quantity, title, first=1, last=np.inf):
    """Draw "loss" or "accuracy" by epoch, from first to last, with the report's numbers."""
    last = min(last, len(run.loss) - 1)
    first = first if first < last else last // 2  # of a run that is too short, the second half
    marks = {"starts to rise": run.rises_from, "above training loss": run.above_from}
    with new_figure(run, name, 5.6, 3.6) as figure:
        axes = figure.add_subplot(title=f"{title}, epochs {first:,} to {last:,}", xlabel="epoch",
                                  ylabel=quantity, xmargin=0.08)  # for the last tick's label
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(color="0.9")
        for label, key, fmt in ("training", quantity, "C0-"), ("test", f"test_{quantity}", "C1--"):
            values = getattr(run, key)[first:last + 1]
            axes.plot(range(first, last + 1), values, fmt,
                      label=f"{label}: {values[-1]:#.4g} at the end")
            for _, digits, _, result, epoch in run.results:
                if result == key and first <= epoch <= last and not run.note:
                    axes.plot(epoch, float(digits), fmt[:2] + "D", ms=9, fillstyle="none",
                              label=f"{label}, report: {float(digits):#.4g}")
        for (words, epoch), style in zip(marks.items(), (":", "-.")):
            if epoch and quantity == "loss" and first <= epoch <= last:
                axes.axvline(epoch, 0, 0.5, color="0.4", ls=style,
                             label=f"test loss {words}, epoch {epoch}")
        axes.legend(loc="lower right" if quantity == "accuracy" else "upper right")


def draw_weights(run, name, W, title):
    """Draw the weights W (units, 784): for each unit a picture, a pixel for each weight."""
    side, limit = int(np.ceil(np.sqrt(len(W)))), np.quantile(np.abs(W), 0.95) or 1
    with new_figure(run, name, 6.4, 5.6) as figure:
        figure.suptitle(title)
        cells = figure.subplots(side, side, squeeze=False,
                                subplot_kw={"frame_on": False, "xticks": [], "yticks": []})
        for cell, weights in zip(cells.flat, W):
            picture = cell.imshow(weights.reshape(28, 28), "cividis", vmin=-limit, vmax=limit)
        figure.colorbar(picture, ax=cells, label="weight", extend="both")
