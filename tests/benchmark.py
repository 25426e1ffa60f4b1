"""How fast is an epoch? The scripts beside their peers: python tests/benchmark.py

Every epoch is the same full-batch work: training set forward and backward, update, test set
forward, losses and accuracies of both. The scripts' own main() is timed, with the kernel of
OpenBLAS that it runs with and, where the processor has AVX-512, with the one for processors
without. All take turns, each in a process of its own and with all cores, so that all meet the same
machine; leave it idle. PyTorch takes part where it is installed. Medians, in milliseconds.
"""
import importlib
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = {"A": "lab2_skeleton", "B": "lab2_2_skeleton", "C": "lab2_3_skeleton"}
TURNS = {"A": 12, "B": 6, "C": 6}
EPOCHS = 5  # in a turn
OURS, HASWELL = "this script", "this script, Haswell kernel"


def timed(epoch):
    """Return a function that calls epoch() EPOCHS times and returns how long each took."""
    def turn():
        times = []
        for _ in range(EPOCHS):
            begin = time.perf_counter()
            epoch()
            times.append(time.perf_counter() - begin)
        return times
    return turn


def rate(multiply):
    """Return the operations in a second of multiply(), which multiplies matrices of 2048 x 2048."""
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        multiply()
        times.append(time.perf_counter() - begin)
    return 2 * 2048 ** 3 / min(times)


# ---- The peers: each takes the data and the initial weights, returns a turn and a large product --

def numpy_as_usual(X, Y, X_test, Y_test, theta, learning_rate):
    import numpy as np
    X, Y, X_test, Y_test = (array.T.astype(float, order="C") for array in (X, Y, X_test, Y_test))
    layers = [[W.astype(float), b.astype(float).reshape(-1, 1)] for W, b in theta]

    def forward(X):
        activations = [X]
        for W, b in layers:
            activations.append(1 / (1 + np.exp(-(W @ activations[-1] + b))))
        return activations

    def results(A, Y):
        if len(Y) == 1:
            return np.mean(-(Y * np.log(A) + (1 - Y) * np.log(1 - A))), np.mean((A > 0.5) == Y)
        right = A.argmax(axis=0) == Y.argmax(axis=0)
        return np.mean(-np.sum(Y * np.log(A), axis=0)), np.mean(right)

    def epoch():
        activations = forward(X)
        dZ, m = activations[-1] - Y, X.shape[1]
        for layer, A in reversed(list(zip(layers, activations))):
            W, b = layer
            layer[:] = (W - learning_rate * (dZ @ A.T / m),
                        b - learning_rate * dZ.mean(axis=1, keepdims=True))
            if A is not X:
                dZ = W.T @ dZ * A * (1 - A)
        results(activations[-1], Y)
        results(forward(X_test)[-1], Y_test)

    square = np.ones((2048, 2048))
    return timed(epoch), lambda: square @ square


def tensorflow_step(X, Y, X_test, Y_test, theta, learning_rate):
    import tensorflow as tf
    X, Y, X_test, Y_test = map(tf.constant, (X, Y, X_test, Y_test))
    variables = [tf.Variable(array) for W, b in theta for array in (W.T, b)]

    def forward(X):
        for W, b in zip(variables[:-2:2], variables[1:-2:2]):
            X = tf.sigmoid(X @ W + b)
        return X @ variables[-2] + variables[-1]

    def results(Z, Y):
        if Y.shape[1] == 1:
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=Z)
            return tf.reduce_mean(losses), tf.reduce_mean(tf.cast((Z > 0) == (Y > 0.5), tf.float32))
        right = tf.argmax(Z, axis=1) == tf.argmax(Y, axis=1)
        return (tf.reduce_mean(-tf.reduce_sum(Y * tf.math.log_sigmoid(Z), axis=1)),
                tf.reduce_mean(tf.cast(right, tf.float32)))

    @tf.function(jit_compile=True)
    def step(X, Y, X_test, Y_test):
        with tf.GradientTape() as tape:
            Z = forward(X)
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=Z)
            loss = tf.reduce_mean(tf.reduce_sum(losses, axis=1))
        for variable, gradient in zip(variables, tape.gradient(loss, variables)):
            variable.assign_sub(learning_rate * gradient)
        return *results(Z, Y), *results(forward(X_test), Y_test)

    square = tf.ones((2048, 2048))
    return (timed(lambda: [result.numpy() for result in step(X, Y, X_test, Y_test)]),
            lambda: tf.matmul(square, square).numpy())


def keras_fit(X, Y, X_test, Y_test, theta, learning_rate):
    from tensorflow import keras
    units = [len(b) for W, b in theta]
    model = keras.Sequential([keras.Input((784,)),
                              *[keras.layers.Dense(n, "sigmoid") for n in units]])
    model.compile(keras.optimizers.SGD(learning_rate), "binary_crossentropy",
                  metrics=["accuracy"], jit_compile=True)

    def turn():
        ends = []
        note = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
        model.fit(X, Y, batch_size=len(X), epochs=EPOCHS + 1, shuffle=False, verbose=0,
                  callbacks=[note], validation_data=(X_test, Y_test),
                  validation_batch_size=len(X_test))
        return [later - earlier for earlier, later in zip(ends, ends[1:])]

    return turn, None


def pytorch_eager(X, Y, X_test, Y_test, theta, learning_rate):
    import torch
    from torch.nn import functional as F
    X, Y, X_test, Y_test = map(torch.from_numpy, (X, Y, X_test, Y_test))
    parameters = [torch.tensor(array, requires_grad=True) for layer in theta for array in layer]

    def forward(X):
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2]):
            X = torch.sigmoid(F.linear(X, W, b))
        return F.linear(X, *parameters[-2:])

    def results(Z, Y):
        if Y.shape[1] == 1:
            loss = F.binary_cross_entropy_with_logits(Z, Y)
            return loss.item(), ((Z > 0) == (Y > 0.5)).float().mean().item()
        loss = -(Y * F.logsigmoid(Z)).sum(dim=1).mean()
        return loss.item(), (Z.argmax(dim=1) == Y.argmax(dim=1)).float().mean().item()

    def epoch():
        Z = forward(X)
        loss = F.binary_cross_entropy_with_logits(Z, Y, reduction="sum") / len(X)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients):
                parameter -= learning_rate * gradient
            results(Z, Y)
            results(forward(X_test), Y_test)

    square = torch.ones(2048, 2048)
    return timed(epoch), lambda: torch.mm(square, square)


PEERS = {"TensorFlow, one XLA-compiled step": tensorflow_step, "PyTorch, eager": pytorch_eager,
         "Keras fit, XLA": keras_fit, "NumPy, float64, images as columns": numpy_as_usual}


def reply(times, begin, cpu_begin):
    """Print a turn's times, how many threads were at work on average, and the peak of memory."""
    threads = (time.process_time() - cpu_begin) / (time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([times, threads, peak]), flush=True)


def serve_peer(name):
    """Set up the exercise that a line names and reply with the rate; for no name, take a turn."""
    import numpy as np  # and not common, which has settings for NumPy and the system's memory
    with np.load(ROOT / ".keras" / "datasets" / "mnist.npz") as file:
        (X, X_test), labels = ([file[f"{kind}_{part}"] for part in ("train", "test")] for kind in "xy")
    X, X_test = (images.reshape(-1, 784).astype(np.float32) / 255 for images in (X, X_test))
    for line in sys.stdin:
        if exercise := line.strip():
            digits = range(10) if exercise == "C" else [0]
            Y, Y_test = ((y.reshape(-1, 1) == digits).astype(np.float32) for y in labels)
            units = [784, 1] if exercise == "A" else [784, 64, len(digits)]
            rng = np.random.default_rng(0)
            theta = [(rng.normal(0, 0.1, (outputs, inputs)).astype(np.float32),
                      np.zeros(outputs, np.float32)) for inputs, outputs in zip(units, units[1:])]
            turn, multiply = PEERS[name](X, Y, X_test, Y_test, theta, 0.5)
            print(rate(multiply) if multiply else 0, flush=True)
        else:
            begin, cpu_begin = time.perf_counter(), time.process_time()
            reply(turn(), begin, cpu_begin)


# ---- The scripts ---------------------------------------------------------------------------------

class Done(Exception):
    """The epochs have been timed; main() need not go on."""


def serve_script():
    """The same for the script of the exercise; after its name, the line has a number of images."""
    sys.path.insert(0, str(ROOT))
    import common
    import numpy as np

    class TimedRun(common.Run):
        def __iter__(self):
            self.print_at = float("inf")
            while not (line := sys.stdin.readline()).strip():
                if not line:
                    sys.exit()
                times, begin, cpu_begin = [], time.perf_counter(), time.process_time()
                for self.epoch in range(EPOCHS):
                    epoch_begin = time.perf_counter()
                    yield self.epoch
                    times.append(time.perf_counter() - epoch_begin)
                reply(times, begin, cpu_begin)
            raise Done(line)

    data, square = common.load_mnist(), np.ones((2048, 2048), np.float32)
    best = common.WORKERS * rate(
        lambda: list(common._workers.map(lambda _: square @ square, range(common.WORKERS))))
    common.Run, line = TimedRun, sys.stdin.readline()
    while line:
        exercise, m = line.split()
        part = [[array[:int(m) * len(array) // 60_000] for array in each] for each in data]
        common.load_mnist = lambda precision: part
        print(best, flush=True)
        try:
            importlib.import_module(SCRIPTS[exercise]).main()
        except Done as done:
            line = done.args[0]


def main():
    ours = {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS",
            "OPENBLAS_CORETYPE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    names = [OURS, HASWELL, *PEERS]
    if "avx512f" not in (Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""):
        names.remove(HASWELL)
    if not importlib.util.find_spec("torch"):
        names.remove("PyTorch, eager")
    processes = {name: subprocess.Popen(
        [sys.executable, __file__, name], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | ({"OPENBLAS_CORETYPE": "Haswell"} if name == HASWELL else {}))
        for name in names}

    def ask(name, line=""):
        print(line, file=processes[name].stdin, flush=True)
        return json.loads(processes[name].stdout.readline())

    print(f"{os.cpu_count()} cores; medians of milliseconds per epoch, on all of MNIST")
    for exercise, turns in TURNS.items():
        best = max(ask(name, f"{exercise} 60000" if name in (OURS, HASWELL) else exercise)
                   for name in names)
        times, threads = {name: [] for name in names}, {}
        for turn in range(turns + 1):
            for name in names:
                time.sleep(0.3)  # until the threads of the one before have stopped waiting for work
                seconds, threads[name], peak = ask(name)
                times[name] += seconds if turn else []  # the first turn warms up
        median = {name: 1000 * statistics.median(times[name]) for name in names}
        print(f"\n{SCRIPTS[exercise]:36}{'ms':>8}{'threads':>9}{'script / it':>13}"
              f"{'Haswell / it' if HASWELL in names else '':>14}")
        for name in names:
            print(f"{name:36}{median[name]:8.1f}{threads[name]:9.1f}", end="")
            print(*[f"{median[script] / median[name]:13.2f}" for script in names
                    if script in (OURS, HASWELL)])
        outputs = {"A": 0, "B": 1, "C": 10}[exercise]
        if outputs:
            products = 70_000 * 64 * (784 + outputs) + 60_000 * 64 * (784 + 2 * outputs)
            print(f"its matrix products alone, at {best / 1e9:.0f} GFLOP/s, the best rate of any: "
                  f"{2000 * products / best:.0f} ms")
        growth = {15_000: [], 30_000: [], 60_000: []}
        for repeat in range(4):
            for m, seconds in growth.items():
                ask(OURS, f"{exercise} {m}")
                ask(OURS)  # warms up
                turn, _, peak = ask(OURS)
                seconds += turn
        print("this script on " + ", ".join(
            f"{m:,} images: {1000 * statistics.median(seconds):.1f}" for m, seconds in growth.items()))
    print(f"\npeak memory of the scripts: {peak / 2**(10 if sys.platform == 'linux' else 20):.0f} MiB")
    for process in processes.values():
        process.communicate()


if __name__ == "__main__":
    if not sys.argv[1:]:
        main()
    elif sys.argv[1] in PEERS:
        serve_peer(sys.argv[1])
    else:
        serve_script()
