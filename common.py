"""What the three exercises share. In the shapes, m is the number of images, one in each row."""
import argparse
import contextlib
import hashlib
import importlib.util
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent
MNIST = ROOT / ".keras" / "datasets" / "mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"  # of mnist.npz
os.environ["KERAS_HOME"] = str(ROOT / ".keras")  # where Keras, once imported, looks for the data

# ---- Data and settings -------------------------------------------------------------------------
# The report prints no settings. Public scripts and the handout of its lab have these. With them, in
# float64, its losses of A come out to 16 digits; with a bias for each unit, say, B ends at 0.02676
# instead of 0.02696.
SETTINGS = {"DIGIT": 0, "HIDDEN_UNITS": 64, "INIT_RANGE": 0.05, "SEED": 138, "SHARED_BIAS": True}
# The learning rate; then of each result its name, its digits, and where a run has it: the list and
# the epoch. Epochs count updates from 0; the report's 500th epoch in B and C is 499.
REPORT = {
    "A": (1.0, [("training loss after 500 epochs", "0.030048830759622978", "loss", 500),
                ("test loss after 500 epochs", "0.025196727549756617", "test_loss", 500),
                ("test loss starts to rise, epoch", "2380", "marks", None),
                ("test loss above training loss, epoch", "near 4000", "marks", None)]),
    "B": (0.8, [("test accuracy in the 500th epoch", "0.9913", "test_accuracy", 499),
                ("test loss in the 500th epoch", "0.02696", "test_loss", 499)]),
    "C": (0.8, [("test accuracy in the 500th epoch", "0.9238", "test_accuracy", 499),
                ("test loss in the 500th epoch", "0.3298", "test_loss", 499)])}


def read_options(doc, epochs, learning_rate, seed):
    """Return the three settings, each from the command line if it is there; doc: for --help."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for option, kind, value in (("--epochs", int, epochs), ("--seed", int, seed),
                                ("--learning-rate", float, learning_rate)):
        parser.add_argument(option, type=kind, default=value, help="default: %(default)s")
    given = parser.parse_args()
    if given.epochs < 1 or not 0 < given.learning_rate < np.inf or not 0 <= given.seed < 2**32:
        parser.error("EPOCHS and LEARNING_RATE must be above 0, and SEED from 0 to 4294967295")
    return given.epochs, given.learning_rate, given.seed


def load_mnist(precision=np.float32):
    """Return (X_train, labels_train), (X_test, labels_test), or end the program with status 1.

    X: (60000 or 10000, 784), pixels from 0, paper, to 1, ink; labels: (m,), the digits.
    """
    socket.setdefaulttimeout(10)  # seconds; on a silent network Keras would wait for minutes
    tensorflow = importlib.util.find_spec("tensorflow")
    try:
        if tensorflow:
            print("loading MNIST through TensorFlow", flush=True)
            with hidden_log() if sys.__stderr__ else contextlib.nullcontext():  # not in IDLE
                from tensorflow.keras.datasets import mnist
            data = mnist.load_data()
        else:
            print("TensorFlow is not installed: loading MNIST with NumPy", flush=True)
            if hashlib.sha256(MNIST.read_bytes()).hexdigest() != SHA256:
                raise ValueError("the file is damaged")
            with np.load(MNIST) as file:
                data = [(file["x_" + part], file["y_" + part]) for part in ("train", "test")]
    except Exception as error:
        way = tensorflow.origin if tensorflow else "NumPy"
        sys.exit(f"error: {way} cannot load MNIST: {error!r}; a bad mnist.npz: git checkout .keras")
    finally:
        socket.setdefaulttimeout(None)
    return [((images.reshape(-1, 784) / np.float32(255)).astype(precision, copy=False), labels)
            for images, labels in data]  # the report's pixels are rounded to float32, too


@contextlib.contextmanager
def hidden_log():
    """Hide the log lines of TensorFlow's import, which no setting stops; if it fails, show them."""
    with tempfile.TemporaryFile() as log, open(os.dup(2), "wb", buffering=0) as stderr:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception:
            log.seek(0)
            stderr.write(log.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


def random_generator(seed):
    """Return the generator of the initial weights, in the state in which the report drew them."""
    generator = np.random.RandomState(seed)
    generator.permutation(60_000)  # it shuffled the images first, which changes what is drawn next
    return generator


# ---- The maths of a layer ----------------------------------------------------------------------
def linear_forward(X, W, b):
    """Return Z = X W^T + b, the weighted inputs of a layer's units (section II.A)."""
    return X @ W.T + b  # (m, inputs) @ (inputs, units) + (units,), or one number: (m, units)


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), of Z's shape (equation 1)."""
    with np.errstate(over="ignore"):  # where exp(-Z) is too large, it is inf, and A is 0
        return 1 / (1 + np.exp(-Z))


def linear_backward(dZ, X, shared_bias=False):
    """Return dW and db, the gradients of W and b, from dZ (m, units) and X (m, inputs)."""
    dW = dZ.T @ X                                                       # (units, inputs)
    db = dZ.sum(keepdims=True)[0] if shared_bias else dZ.sum(axis=0)    # (1,) or (units,)
    return dW, db


def accuracy(A, Y):
    """Return the fraction of the images that are classified correctly; A, Y: (m, outputs).

    One output says yes above 0.5; of ten, the largest is the answer. Raises ValueError for wrong Y.
    """
    if np.ndim(A) != 2 or np.shape(A) != np.shape(Y):
        raise ValueError(f"A {np.shape(A)} and Y {np.shape(Y)} need one shape: (images, outputs)")
    if not ((Y == 0) | (Y == 1)).all() or Y.sum(axis=1).max() != 1:
        raise ValueError(f"Y must be zeros and ones, a 1 in some rows, never two: {np.unique(Y)}")
    if A.shape[1] == 1:
        return np.mean((A > 0.5) == Y)
    return np.mean(A.argmax(axis=1) == Y.argmax(axis=1))


# ---- A run -------------------------------------------------------------------------------------
class Run:
    """The numbers of a training run. In "with Run(...) as run:", Ctrl-C ends it after an epoch.

    loss, accuracy, test_loss, test_accuracy: lists, one number per epoch, from 0 on.
    status: the exit status; if it is not 0, the run should stop. marks: epochs to mark, by name.
    """

    def __init__(self, exercise, epochs, **settings):
        learning_rate, self.results = REPORT[exercise]
        known = {**SETTINGS, "LEARNING_RATE": learning_rate}
        changes = [f"{key} = {value}" for key, value in settings.items() if value != known.get(key)]
        self.note = "not the report's settings: " + ", ".join(changes) if changes else ""
        self.loss, self.accuracy, self.test_loss, self.test_accuracy = [], [], [], []
        self.epochs, self.start, self.status, self.marks = epochs, time.monotonic(), 0, {}
        try:
            (ROOT / "figures").mkdir(exist_ok=True)
        except OSError as error:
            sys.exit(f"error: cannot make {ROOT / 'figures'}: {error.strerror}")

    def __enter__(self):
        self.usual_handler = signal.signal(signal.SIGINT, self.on_ctrl_c)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.usual_handler)

    def on_ctrl_c(self, *_):
        self.status = 130
        print("stopped by Ctrl-C", file=sys.stderr)
        signal.signal(signal.SIGINT, self.usual_handler)  # a second Ctrl-C ends the program

    def record(self, accuracy, loss, test_accuracy, test_loss):
        """Append an epoch's numbers to the lists; print about twenty lines over a run."""
        epoch = len(self.loss)
        self.loss.append(float(loss))
        self.accuracy.append(float(accuracy))
        self.test_loss.append(float(test_loss))
        self.test_accuracy.append(float(test_accuracy))
        if not np.isfinite(loss + test_loss):
            self.status = 1
            print(f"error: the loss is not finite at epoch {epoch}; likely: too large a LEARNING_"
                  "RATE, a wrong sign, no mean over the images, a logarithm of 0, a division by 0, "
                  "or input that is not finite", file=sys.stderr)
        elif epoch and epoch % np.ceil(self.epochs / 20) == 0:
            left = (time.monotonic() - self.start) / epoch * (self.epochs - epoch)
            print(f"epoch {epoch:5} of {self.epochs}: loss {loss:.4f}, test loss {test_loss:.4f}, "
                  f"{left:.0f} s left", flush=True)

    def print_table(self):
        """Print the report's results beside those of this run, and those of its last epoch."""
        row = "{:36} {:>20} {:>20}".format
        print("\n" + row("", "report", "this run"))
        for name, digits, quantity, epoch in self.results:
            ours = self.marks.get(name, "-")
            if epoch and epoch < len(self.loss):
                ours = getattr(self, quantity)[epoch]
            print(row(name, digits, ours))
        print("\n" + row(f"this run, epoch {len(self.loss) - 1}", "training", "test"))
        print(row("loss", self.loss[-1], self.test_loss[-1]))
        print(row("accuracy", self.accuracy[-1], self.test_accuracy[-1]))
        print(self.note)


# ---- Figures -----------------------------------------------------------------------------------
@contextlib.contextmanager
def new_figure(run, name, width, height):
    """Give a with block an empty figure (sizes in inches), in Matplotlib's own style; save it."""
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
        figure.supxlabel(run.note, size="small", wrap=True)
        yield figure
        try:
            figure.savefig(ROOT / name)
            print(name)
        except OSError as error:
            print(f"error: cannot write {name}: {error.strerror}", file=sys.stderr)
            run.status = run.status or 1


def draw_curves(run, name, quantity, title, first=1, last=np.inf):
    """Draw "loss" or "accuracy" by epoch, from first to last, with the report's numbers."""
    last = min(last, len(run.loss) - 1)
    first = first if first < last else last // 2  # of a run that is too short, the second half
    with new_figure(run, name, 5.6, 3.6) as figure:
        axes = figure.add_subplot(title=f"{title}, epochs {first:,} to {last:,}", xlabel="epoch",
                                  ylabel=quantity)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color="0.9")
        for label, key, style, color in (("training", quantity, "-", "#0072B2"),
                                         ("test", f"test_{quantity}", "--", "#D55E00")):
            values = getattr(run, key)[first:last + 1]
            axes.plot(range(first, last + 1), values, style, color=color,
                      label=f"{label}: {values[-1]:#.4g} at the end")
            for _, digits, result, epoch in run.results:
                if result == key and first <= epoch <= last and not run.note:
                    axes.plot(epoch, float(digits), "D", color=color, ms=9, fillstyle="none",
                              label=f"{label}, report: {float(digits):#.4g}")
        for (mark, epoch), style in zip(run.marks.items(), (":", "-.")):
            if quantity == "loss" and first <= epoch <= last:
                axes.axvline(epoch, 0, 0.5, color="0.4", ls=style, label=f"{mark} {epoch}")
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
