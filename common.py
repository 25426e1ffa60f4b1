"""What the three exercises share: settings, data, the maths of a layer, a run, the figures.

Throughout, m is the number of images, one in each row, and arrays are float32.
"""
import argparse
import io
import linecache
import math
import os
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryFile

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "figures"
os.environ.setdefault("KERAS_HOME", str(HERE / ".keras"))  # where Keras finds mnist.npz
os.environ["MPLBACKEND"] = "agg"  # figures are files: no window, no display

# One worker per core (see mean_over_blocks), each with a BLAS of one thread. BLAS reads these
# variables when NumPy is loaded. Where NumPy came first, BLAS has taken all the cores and one
# worker is best: several of both would be up to ten times slower.
WORKERS = 1
if "numpy" not in sys.modules:
    for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[variable] = "1"
    WORKERS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()

import numpy as np

BLOCK_ROWS = 2000  # images in a block: few enough for the cache, many enough for BLAS
_workers = ThreadPoolExecutor(WORKERS, initializer=np.seterr, initargs=("ignore",))


# ---- Settings ----------------------------------------------------------------------------

_ALLOWED = {  # of each constant of a script: in words, kind, lowest, highest
    "DIGIT": ("a whole number from 0 to 9", Integral, 0, 9),
    "HIDDEN_UNITS": ("a whole number of at least 1", Integral, 1, math.inf),
    "LEARNING_RATE": ("a finite number above 0", Real, sys.float_info.min, sys.float_info.max),
    "EPOCHS": ("a whole number of at least 1", Integral, 1, math.inf),
    "INIT_SCALE": ("a finite number of at least 0", Real, 0, sys.float_info.max),
    "SEED": ("a whole number of at least 0", Integral, 0, math.inf),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}\n")


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def read_settings(description, constants):
    """Return (epochs, learning rate, seed): from the command line, else from the script.

    constants: the script's globals(). A setting that is not allowed, in the script or on the
    command line, ends the program with a line that names it, and exit status 2.
    Makes figures/; raises OSError where nothing can be written there.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options = {"EPOCHS": "passes over the training images",
               "LEARNING_RATE": "step of gradient descent",
               "SEED": "of the random initial weights"}
    for name, meaning in options.items():
        parser.add_argument("--" + name.lower().replace("_", "-"), dest=name, metavar="N",
                            type=_number, default=constants[name],
                            help=f"{meaning} (default: %(default)s)")
    settings = parser.parse_args()
    values = {**constants, **vars(settings)}
    for name in _ALLOWED.keys() & values.keys():
        allowed, kind, lowest, highest = _ALLOWED[name]
        if not (isinstance(values[name], kind) and lowest <= values[name] <= highest):
            parser.error(f"{name} is {values[name]!r}, but must be {allowed}")
    FIGURES.mkdir(exist_ok=True)
    TemporaryFile(dir=FIGURES).close()  # better now than after the training
    return settings.EPOCHS, settings.LEARNING_RATE, settings.SEED


# ---- Data --------------------------------------------------------------------------------

@contextmanager
def _quiet():
    """Discard all that is written to standard error, even by C++ code."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _load_data(mnist_file, patience=15):
    """Return what Keras's loader returns; OSError if a download does not begin in time.

    patience: seconds. A network that swallows packets would otherwise hold Keras for minutes.
    """
    with _quiet():  # TensorFlow's log lines begin before its settings for them count
        from tensorflow.keras.datasets import mnist
    result = Future()

    def load():
        try:
            result.set_result(mnist.load_data())
        except Exception as error:
            result.set_exception(error)

    start = time.time()
    socket.setdefaulttimeout(patience)  # for a download that begins, and then stalls
    threading.Thread(target=load, daemon=True).start()
    wait([result], timeout=patience)
    if result.done() or mnist_file.exists() and mnist_file.stat().st_mtime >= start:
        return result.result()
    raise OSError("no answer from the network")


def _scale(images):
    """Return the pixels 0 to 255 of images (m, 28, 28) as X (m, 784), float32 in [0, 1]."""
    # Each row begins where a line of the cache does, which makes an epoch 4 % faster.
    buffer = np.empty(images.size + 16, np.float32)
    start = -buffer.ctypes.data % 64 // 4
    X = buffer[start:start + images.size].reshape(-1, 784)
    return np.divide(images.reshape(-1, 784), 255, out=X)


def load_mnist():
    """Return (X_train, labels_train), (X_test, labels_test) through tensorflow.keras.

    X: (m, 784) float32, pixels from 0 (black) to 1 (white); labels: (m,) uint8, the digits.
    m is 60,000 and 10,000. Raises OSError where the data is neither here nor to be downloaded.
    """
    mnist_file = Path(os.environ["KERAS_HOME"], "datasets", "mnist.npz")
    try:
        data = _load_data(mnist_file)
    except ImportError:
        raise
    except Exception as error:
        cure = ("restore it with: git checkout .keras" if HERE in mnist_file.parents
                else "unset KERAS_HOME to use the copy that came with this script")
        raise OSError(f"cannot load {mnist_file}: {cure}, or connect to the network "
                      f"({error})") from error
    return [(_scale(images), labels) for images, labels in data]


def is_digit(labels, digit):
    """Return the targets Y (m, 1) of exercises A and B: 1 where the label is digit, else 0."""
    return (labels == digit).astype(np.float32).reshape(-1, 1)


def one_hot(labels):
    """Return the targets Y (m, 10) of exercise C: 1 in the column of the label, else 0."""
    return np.eye(10, dtype=np.float32)[labels]


# ---- The maths of a layer ----------------------------------------------------------------

def _check_shape(layer, name, array, shape):
    if array.shape != shape:
        raise ValueError(f"{layer}: {name} has shape {array.shape}, but must have {shape}")


def linear_forward(X, W, b, layer):
    """Return Z = X W^T + b (m, units), the weighted inputs of a layer (section II.A).

    X: (m, inputs); W: (units, inputs); b: (units,); layer: its name, for the error message.
    Raises ValueError if the shapes do not fit.
    """
    (m, inputs), units = X.shape, len(b)
    _check_shape(layer, "b", b, (units,))
    _check_shape(layer, "W", W, (units, inputs))
    if units == 1:
        Z = np.vecdot(X, W).reshape(m, 1)  # a dot product a row: faster than matrix times vector
    # OpenBLAS repacks large matrices before it multiplies them, which takes a third longer if
    # a layer is as narrow as ours. Up to a million products it does not: so 16 rows at a time.
    elif m % 16 == 0 and 16 * inputs * units <= 1_000_000:
        Z = (X.reshape(-1, 16, inputs) @ np.ascontiguousarray(W.T)).reshape(m, units)
    else:
        Z = X @ W.T
    Z += b
    return Z


def linear_backward(dZ, X, layer):
    """Return the gradients dW = dZ^T X (units, inputs) and db = sum of dZ's rows (units,).

    dZ: (m, units), dL/dZ; X: (m, inputs), the layer's inputs; layer: its name, for the error
    message. Raises ValueError if the shapes do not fit.
    """
    (m, inputs), units = X.shape, dZ.shape[-1]
    _check_shape(layer, "dZ", dZ, (m, units))
    # As in linear_forward: tiles of 500 images x 16 inputs, then the sum over the images' tiles.
    if units > 1 and m % 500 == 0 and inputs % 16 == 0 and 500 * 16 * units <= 1_000_000:
        X_tiles = X.reshape(-1, 500, inputs // 16, 16).swapaxes(1, 2)
        dZ_tiles = dZ.reshape(-1, 1, 500, units).swapaxes(2, 3)
        dW_tiles = (dZ_tiles @ X_tiles).sum(axis=0)  # (inputs / 16, units, 16)
        dW = dW_tiles.swapaxes(0, 1).reshape(units, inputs)
    else:
        dW = dZ.T @ X
    return dW, dZ.sum(axis=0)


def sigmoid(Z):
    """Return A = 1 / (1 + exp(-Z)), of Z's shape (equation 1)."""
    A = -Z
    with np.errstate(over="ignore"):  # exp(-Z) = inf is welcome: it gives A = 0
        np.exp(A, out=A)
    A += 1
    return np.divide(1, A, out=A)


def _minus_log_sigmoid(Z):
    """Return -log(sigmoid(Z)) without computing sigmoid(Z), which may round to 0 or to 1."""
    return np.maximum(-Z, 0) + np.log1p(np.exp(-np.abs(Z)))


def binary_cross_entropy(Z, Y):
    """Return the mean over the images of equation 2, -(Y log(A) + (1 - Y) log(1 - A)).

    Z: (m, 1), of which A is the sigmoid; Y: (m, 1), 0 or 1. Since 1 - sigmoid(Z) is
    sigmoid(-Z), one logarithm does for both cases.
    """
    return _minus_log_sigmoid(np.where(Y == 1, Z, -Z)).mean(dtype=np.float64)


def categorical_cross_entropy(Z, Y):
    """Return the mean over the images of -sum(Y log(A)) (section III.C).

    Z: (m, 10), of which A is the sigmoid; Y: (m, 10), one-hot: only the true class counts.
    """
    return _minus_log_sigmoid(Z[Y == 1]).mean(dtype=np.float64)


def binary_accuracy(A, Y):
    """Return the fraction of the images whose A (m, 1) is on Y's side of one half."""
    return ((A > 0.5) == (Y > 0.5)).mean()


def categorical_accuracy(A, Y):
    """Return the fraction of the images whose largest A (m, 10) is in the column of Y's 1."""
    return (A.argmax(axis=1) == Y.argmax(axis=1)).mean()


def mean_over_blocks(function, X, Y):
    """Return the mean over all images of each of the values that function(X, Y) returns.

    X: (m, ...); Y: (m, ...). function gets a block of their rows at a time and returns means
    over that block: losses, accuracies, gradients. The blocks are shared among the cores (NumPy
    lets go of Python's lock while it computes) and added up in order, so that the result is
    the same to the last bit however many cores there are.
    """
    def share_of_mean(start):
        rows = slice(start, start + BLOCK_ROWS)
        share = len(X[rows]) / len(X)
        return [share * value for value in function(X[rows], Y[rows])]

    blocks = _workers.map(share_of_mean, range(0, len(X), BLOCK_ROWS))
    return [sum(shares) for shares in zip(*blocks)]


# ---- A training run ----------------------------------------------------------------------

class Run:
    """A training run: counts and records the epochs, shows progress, ends in good order.

    loss, accuracy, test_loss, test_accuracy: lists, one number for each epoch done.
    """
    current = None  # the run whose epochs are in progress

    def __init__(self, epochs):
        self.epochs = epochs
        self.loss, self.accuracy, self.test_loss, self.test_accuracy = [], [], [], []
        self.status, self.messages, self.figures = 0, [], []
        self.stopping, self.progress = False, None
        if sys.stdout and sys.stdout.isatty():
            from tensorflow.keras.utils import Progbar
            self.shown = ["loss", "test_loss", "accuracy", "test_accuracy"]
            if shutil.get_terminal_size().columns < 112:  # the line must not wrap
                self.shown = self.shown[:2]
            self.progress = Progbar(epochs, width=8, unit_name="epoch", stateful_metrics=self.shown)

    def __iter__(self):
        """Yield the number of each epoch, from 1, until Ctrl-C or a loss that is not finite."""
        Run.current = self
        for epoch in range(1, self.epochs + 1):
            yield epoch
            if self.stopping:
                break
        Run.current = None
        if self.progress and epoch < self.epochs:
            print()  # to leave the line of the progress bar
        if self.status == 130:
            self.messages.append(f"stopped by Ctrl-C after epoch {epoch} of {self.epochs}")
        if not self.loss:
            sys.exit(self.messages[0])

    def record(self, loss, accuracy, test_loss, test_accuracy):
        """Note the results of an epoch: means over the training and over the test images."""
        epoch = len(self.loss) + 1
        if not math.isfinite(loss + test_loss):
            self.stopping, self.status = True, 1
            self.messages.append(f"error: the loss is no longer finite at epoch {epoch}: "
                                 "try a smaller LEARNING_RATE")
            return
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.test_loss.append(test_loss)
        self.test_accuracy.append(test_accuracy)
        if self.progress:
            self.progress.update(epoch, [(name, getattr(self, name)[-1]) for name in self.shown])

    def at(self, quantity, epoch):
        """Return the quantity at that epoch, or None if the run was shorter."""
        values = getattr(self, quantity)
        return values[epoch - 1] if epoch <= len(values) else None

    def save(self, figure, name):
        """Write figure to figures/name, as a whole or not at all."""
        path = FIGURES / name
        part = FIGURES / f".{name}.{os.getpid()}"
        try:
            picture = io.BytesIO()
            figure.savefig(picture)
            part.write_bytes(picture.getbuffer())
            part.replace(path)
            self.figures.append(path)
        except OSError as error:
            self.status = self.status or 1
            self.messages.append(f"error: cannot write {path}: {error.strerror}")
        finally:
            part.unlink(missing_ok=True)

    def finish(self, rows):
        """Print the report's numbers beside this run's, then the figures; return the exit status.

        rows: (name, format, the report's number, this run's or None if it was too short).
        """
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")  # for paths, on any terminal
        print(f"{'':36}{'report':>12}{'this run':>11}")
        for name, form, report, value in rows:
            value = "-" if value is None else format(value, form)
            print(f"{name:36}{format(report, form):>12}{value:>11}")
        for path in self.figures:
            print(os.path.relpath(path))
        for message in self.messages:
            print(message, file=sys.stderr)
        return self.status


def _explain(error):
    """Return the message of an error in a script's maths, with the line and the shapes there."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)
              if Path(frame.f_code.co_filename).parent == HERE]
    scripts = [entry for entry in frames if entry[0].f_code.co_filename != __file__]
    frame, line = (scripts or frames)[-1]
    shapes = ", ".join(f"{name} {value.shape}" for name, value in frame.f_locals.items()
                       if isinstance(value, np.ndarray))
    file = frame.f_code.co_filename
    return (f"{error}\n  {Path(file).name}, line {line}: {linecache.getline(file, line).strip()}"
            f"\n  with the shapes {shapes}")


def _on_ctrl_c(signum, frame):
    """Let the epoch in progress be the last; if there is none, or the second time, exit at once."""
    run = Run.current
    if run and run.loss and not run.stopping:
        run.stopping, run.status = True, 130
    else:  # not by an exception: TensorFlow's import may swallow it
        os.write(2, b"\nstopped by Ctrl-C\n")
        os._exit(130)


def run_script(main):
    """Call main() and exit with the status that it returns; errors are lines, not tracebacks."""
    for descriptor in range(3):  # a closed one would be given to the next file that is opened
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    signal.signal(signal.SIGINT, _on_ctrl_c)
    try:
        with np.errstate(all="ignore"):  # a loss that is not finite is reported by Run
            status = main()
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except ValueError as error:
        status = f"error: {_explain(error)}"
    except ImportError as error:
        status = f"error: {error}: run pip install -r requirements.txt"
    except (OSError, MemoryError) as error:
        status = f"error: {error}"
    sys.exit(status)


# ---- Figures -----------------------------------------------------------------------------

def new_figure(width, height):
    """Return an empty figure, in inches, in the style that all figures share."""
    from matplotlib.figure import Figure  # here, since it takes half a second
    return Figure(figsize=(width, height), dpi=160, layout="constrained")


def draw_curves(run, quantity, title, report, first=1):
    """Return a figure of a quantity, "loss" or "accuracy", over the epochs, and its axes.

    report: {"training" or "test": the report's value}, drawn as reference lines; first: the
    first epoch that is shown. A loss that is shown from epoch 1 on needs a logarithmic scale.
    """
    figure = new_figure(5.6, 3.6)
    last = len(run.loss)
    axes = figure.add_subplot(title=f"{title}, epochs {first:,} to {last:,}", xlabel="epoch",
                              ylabel=quantity)
    axes.xaxis.get_major_locator().set_params(integer=True)
    marker = "o" if last - first < 10 else None  # a line of one point would not be seen
    curves = {"training": (quantity, "#0072B2", "-"), "test": (f"test_{quantity}", "#D55E00", "--")}
    for label, (name, color, style) in curves.items():
        values = getattr(run, name)[first - 1:]
        axes.plot(range(first, last + 1), values, style, color=color, marker=marker, label=label)
    for label, value in report.items():
        axes.axhline(value, color=curves[label][1], linestyle=":", zorder=1,
                     label=f"{label}, report: {value:.4g}")
    if quantity == "accuracy":  # without the first epochs, which would flatten the rest
        values = run.accuracy[last // 25:] + run.test_accuracy[last // 25:] + [*report.values()]
        margin = 0.05 * (max(values) - min(values)) + 0.001
        axes.set_ylim(min(values) - margin, min(max(values) + margin, 1))
    elif first == 1:
        from matplotlib.ticker import LogLocator
        axes.set(yscale="log", ylabel="loss (logarithmic scale)")
        axes.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}")
        axes.minorticks_off()
    axes.legend(loc="lower right" if quantity == "accuracy" else "upper right")
    return figure, axes


def draw_weights(W, title):
    """Return a figure of the weights W (units, 784): a picture of 28 x 28 pixels for each unit."""
    columns = math.ceil(math.sqrt(len(W)))
    rows = math.ceil(len(W) / columns)
    mosaic = np.full((29 * rows - 1, 29 * columns - 1), np.nan)  # nan: white, between pictures
    for unit, weights in enumerate(W):
        top, left = 29 * (unit // columns), 29 * (unit % columns)
        mosaic[top:top + 28, left:left + 28] = weights.reshape(28, 28)
    figure = new_figure(5.6, 4.8)
    axes = figure.add_subplot(title=title)
    limit = np.quantile(np.abs(W), 0.95) or 1
    # Blue below zero, grey at zero, yellow above; ever lighter, to be read in black and white.
    picture = axes.imshow(mosaic, cmap="cividis", vmin=-limit, vmax=limit)
    figure.colorbar(picture, label="weight", extend="both")
    axes.set_axis_off()
    return figure
