"""How fast is an epoch? The scripts beside their peers: python tests/benchmark.py

Every epoch is the same full-batch work: training set forward and backward, update, test set
forward, losses and accuracies of both. The scripts' own main() is timed. Between its epochs the
peers, each in a process of its own, have their turns, so that all meet the same machine; leave
it idle. PyTorch takes part where it is installed. Medians, in milliseconds per epoch.
"""
import importlib
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if sys.argv[1:] == ["NumPy, float64, images as columns"]:
    import numpy as np  # before common, as usual: BLAS uses all cores
import common
import numpy as np

SCRIPTS = {"A": "lab2_skeleton", "B": "lab2_2_skeleton", "C": "lab2_3_skeleton"}
TURNS = {"A": 12, "B": 5, "C": 5}
EPOCHS = 5  # in a turn


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


# ---- The peers: each takes the data and the initial weights, and returns a turn -----------------

def numpy_as_usual(X, Y, X_test, Y_test, theta, learning_rate):
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

    return timed(epoch)


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

    return timed(lambda: [result.numpy() for result in step(X, Y, X_test, Y_test)])


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

    return turn


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

    return timed(epoch)


PEERS = {"NumPy, float64, images as columns": numpy_as_usual, "Keras fit, XLA": keras_fit,
         "TensorFlow, one XLA step": tensorflow_step, "PyTorch, eager": pytorch_eager}


def serve(peer):
    """In a process of its own: for an exercise prepare the peer, for an empty line take a turn."""
    (X, labels), (X_test, test_labels) = common.load_mnist()
    for line in sys.stdin:
        if exercise := line.strip():
            Y, Y_test = (common.one_hot(digits) if exercise == "C" else common.is_digit(digits, 0)
                         for digits in (labels, test_labels))
            units = [784, 1] if exercise == "A" else [784, 64, Y.shape[1]]
            rng = np.random.default_rng(0)
            theta = [(rng.normal(0, 0.1, (outputs, inputs)).astype(np.float32),
                      np.zeros(outputs, np.float32)) for inputs, outputs in zip(units, units[1:])]
            turn = PEERS[peer](X, Y, X_test, Y_test, theta, 0.5)
        print(json.dumps(turn()), flush=True)


# ---- The scripts ---------------------------------------------------------------------------------

class Done(Exception):
    """The epochs have been timed; main() need not go on."""


def time_script(exercise, data, between_turns, turns):
    """Run the script's main() on data; return the seconds of each epoch but those of one turn."""
    times = []

    class TimedRun(common.Run):
        def __init__(self, epochs):
            super().__init__(epochs)
            self.progress = None

        def __iter__(self):
            for turn in range(turns + 1):
                for epoch in range(EPOCHS):
                    begin = time.perf_counter()
                    yield epoch
                    times.append(time.perf_counter() - begin)
                between_turns(turn)
            raise Done

    run, load_mnist, argv = common.Run, common.load_mnist, sys.argv
    common.Run, common.load_mnist, sys.argv = TimedRun, lambda: data, argv[:1]
    try:
        importlib.import_module(SCRIPTS[exercise]).main()
    except Done:
        return times[EPOCHS:]
    finally:
        common.Run, common.load_mnist, sys.argv = run, load_mnist, argv


def bound(exercise, X):
    """Return what limits an epoch, and the milliseconds that it takes by itself."""
    def best(function, calls):
        times = []
        for _ in range(9):
            begin = time.perf_counter()
            list(common._workers.map(function, range(calls)))
            times.append(time.perf_counter() - begin)
        return min(times)

    if exercise == "A":
        share = -(-len(X) // common.WORKERS)
        return "reading X once", 1000 * best(lambda i: X[i * share:(i + 1) * share].max(),
                                             common.WORKERS)
    square = np.ones((2048, 2048), np.float32)
    rate = common.WORKERS * 2 * 2048 ** 3 / best(lambda i: square @ square, common.WORKERS)
    outputs = 10 if exercise == "C" else 1
    products = 70_000 * 64 * (784 + outputs) + 60_000 * 64 * (784 + 2 * outputs)
    return f"matrix products at {rate / 1e9:.0f} GFLOP/s", 1000 * 2 * products / rate


def main():
    print(f"{common.WORKERS} cores; medians of milliseconds per epoch, on all of MNIST")
    names = [name for name in PEERS
             if name != "PyTorch, eager" or importlib.util.find_spec("torch")]
    peers = {name: subprocess.Popen([sys.executable, __file__, name], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL) for name in names}

    def ask(name, line):
        print(line, file=peers[name].stdin, flush=True)
        return json.loads(peers[name].stdout.readline())

    data = common.load_mnist()
    for exercise, turns in TURNS.items():
        times = {name: [] for name in peers}
        for name in peers:
            ask(name, exercise)

        def take_turns(turn):
            for name in peers:
                seconds = ask(name, "")
                times[name] += seconds if turn else []

        ours = 1000 * statistics.median(time_script(exercise, data, take_turns, turns))
        what, limit = bound(exercise, data[0][0])
        print(f"\n{SCRIPTS[exercise]:40}{'ms':>8}{'ours / it':>11}\n{'this script':40}{ours:8.1f}")
        for name in peers:
            peer = 1000 * statistics.median(times[name])
            print(f"{name:40}{peer:8.1f}{ours / peer:11.2f}")
        print(f"{'bound: ' + what:40}{limit:8.1f}{ours / limit:11.2f}")
        growth = {15_000: [], 30_000: [], 60_000: []}
        for _ in range(3):
            for m, seconds in growth.items():
                part = [tuple(array[:m * len(array) // 60_000] for array in one) for one in data]
                seconds += time_script(exercise, part, lambda turn: None, turns // 3 + 1)
        for m, seconds in growth.items():
            print(f"{f'this script on {m:,} images':40}{1000 * statistics.median(seconds):8.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process, data and TensorFlow's import included: {peak:.0f} MiB")
    for peer in peers.values():
        peer.communicate()


if __name__ == "__main__":
    serve(sys.argv[1]) if sys.argv[1:] else main()
