"""How long does an epoch take? The three scripts beside other programs that do the same work.

    python tests/benchmark.py

takes about three minutes; leave the machine idle. tests/README.md quotes its tables: milliseconds
per epoch on all of MNIST, medians. An epoch is the training set forward and backward, the update,
the test set forward, and the losses and accuracies of both sets. Each program has a process of its
own and all cores, and they take turns, so that all meet the same machine. They start from the
script's weights. Keras and the usual NumPy program have a bias for each unit; in C, TensorFlow,
PyTorch and Keras report the loss that is trained. A program whose package is not installed is left
out. The time of an epoch grows in proportion to the number of images.
"""
import importlib.util
import multiprocessing
import os
import signal
import sys
import time
import timeit
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

SCRIPTS = {"A": "lab2_skeleton", "B": "lab2_2_skeleton", "C": "lab2_3_skeleton"}
TURNS = 8   # of each program, after one to warm up
EPOCHS = 5  # in a turn


# ---- The programs ------------------------------------------------------------------------
# A next() is an epoch. Generators keep their arrays from one to the next, as a script's loop does.
def this_script(script, weights, X, Y, X_test, Y_test):
    while True:
        outputs = script.forward_propagation(X, *weights)
        outputs_test = script.forward_propagation(X_test, *weights)
        if len(weights) == 2:  # a single layer returns its output alone
            outputs, outputs_test = (outputs,), (outputs_test,)
        A, A_test = outputs[-1], outputs_test[-1]
        numbers = (common.accuracy(A, Y), script.loss(A, Y),
                   common.accuracy(A_test, Y_test), script.loss(A_test, Y_test))
        gradients = script.backward_propagation(X, Y, *outputs, *weights[2::2])
        for W, dW in zip(weights, gradients):
            W -= script.LEARNING_RATE * dW
        yield numbers


def usual_numpy(script, weights, *data):
    X, Y, X_test, Y_test = (array.T.astype(float, order="C") for array in data)
    layers = [(W.astype(float), np.full((1, len(W)), b, float).T)
              for W, b in zip(weights[::2], weights[1::2])]

    def forward(X):
        outputs = [X]
        for W, b in layers:
            outputs.append(1 / (1 + np.exp(-(W @ outputs[-1] + b))))
        return outputs

    while True:
        *inputs, A = forward(X)  # the inputs of all layers, and the last output
        A_test = forward(X_test)[-1]
        numbers = (common.accuracy(A.T, Y.T), script.loss(A.T, Y.T),
                   common.accuracy(A_test.T, Y_test.T), script.loss(A_test.T, Y_test.T))
        dZ = (A - Y) / X.shape[1]
        for (W, b), A in zip(reversed(layers), reversed(inputs)):
            dW = dZ @ A.T
            db = dZ.sum(axis=1, keepdims=True)
            if A is not X:
                dZ = W.T @ dZ * A * (1 - A)
            W -= script.LEARNING_RATE * dW
            b -= script.LEARNING_RATE * db
        yield numbers


def tensorflow_step(script, weights, *data):
    with common.hidden_log():
        import tensorflow as tf
    data = [tf.constant(array) for array in data]
    variables = [tf.Variable(array.T) for array in weights]

    def results(X, Y):
        for W, b in zip(variables[::2], variables[1::2]):
            Z = X @ W + b
            X = tf.sigmoid(Z)
        right = (Z > 0) == (Y == 1) if Y.shape[1] == 1 else tf.argmax(Z, 1) == tf.argmax(Y, 1)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=Z)
        return tf.reduce_mean(tf.cast(right, tf.float32)), tf.reduce_mean(tf.reduce_sum(losses, 1))

    @tf.function(jit_compile=True)
    def step(X, Y, X_test, Y_test):
        with tf.GradientTape() as tape:
            accuracy, loss = results(X, Y)
        numbers = accuracy, loss, *results(X_test, Y_test)
        for W, dW in zip(variables, tape.gradient(loss, variables)):
            W.assign_sub(script.LEARNING_RATE * dW)
        return numbers

    while True:
        yield [number.numpy() for number in step(*data)]


def pytorch_eager(script, weights, *data):
    import torch
    from torch.nn import functional as F
    X, Y, X_test, Y_test = map(torch.from_numpy, data)
    weights = [torch.tensor(array, requires_grad=True) for array in weights]
    *hidden, (W_last, b_last) = zip(weights[::2], weights[1::2])

    def results(X, Y):
        for W, b in hidden:
            X = torch.sigmoid(F.linear(X, W, b.expand(len(W))))
        Z = F.linear(X, W_last, b_last.expand(len(W_last)))
        right = (Z > 0) == (Y == 1) if Y.shape[1] == 1 else Z.argmax(1) == Y.argmax(1)
        loss = F.binary_cross_entropy_with_logits(Z, Y, reduction="sum") / len(Y)
        return right.float().mean(), loss

    while True:
        accuracy, loss = results(X, Y)
        with torch.no_grad():
            numbers = accuracy, loss, *results(X_test, Y_test)
            for W, dW in zip(weights, torch.autograd.grad(loss, weights)):
                W -= script.LEARNING_RATE * dW
        yield [number.item() for number in numbers]


def keras_fit(script, weights, X, Y, X_test, Y_test):
    """Here a next() is EPOCHS epochs, and returns their seconds."""
    with common.hidden_log():
        from tensorflow import keras
    model = keras.Sequential([keras.layers.Dense(len(W), "sigmoid") for W in weights[::2]])
    model.build((None, 784))
    model.set_weights([np.broadcast_to(array.T, variable.shape)
                       for array, variable in zip(weights, model.weights)])
    rate = script.LEARNING_RATE * Y.shape[1]  # its loss is the mean over the outputs, not the sum
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"],
                  jit_compile=True)
    ends = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    while True:  # an epoch more, since the first has what fit() does once
        model.fit(X, Y, batch_size=len(X), epochs=EPOCHS + 1, shuffle=False, callbacks=[clock],
                  validation_data=(X_test, Y_test), validation_batch_size=len(X_test), verbose=0)
        yield np.diff(ends[-EPOCHS - 1:])


PROGRAMS = {  # each program, and the package that it needs
    "this script": (this_script, "numpy"),
    "TensorFlow, one XLA-compiled step": (tensorflow_step, "tensorflow"),
    "PyTorch, eager": (pytorch_eager, "torch"),
    "Keras fit, XLA": (keras_fit, "tensorflow"),
    "NumPy, float64, images as columns, a bias for each unit": (usual_numpy, "numpy"),
}


def serve(program, exercise, connection):
    """In a process of its own, take a turn and send its times whenever main() asks for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends main(), and that ends all the rest
    script = importlib.import_module(SCRIPTS[exercise])
    digits = range(10) if exercise == "C" else [script.DIGIT]
    data = []
    with np.load(common.MNIST) as file:
        for part in ("train", "test"):
            data.append(file["x_" + part].reshape(-1, 784) / np.float32(255))
            data.append(file["y_" + part].reshape(-1, 1) == digits)
    data = [array.astype(script.PRECISION) for array in data]
    run = program(script, script.initial_weights(), *data)
    while connection.recv():
        if program is keras_fit:
            seconds = next(run)
        else:
            seconds = timeit.repeat(run.__next__, number=1, repeat=EPOCHS)
        connection.send(seconds)


def main():
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
                 "VECLIB_MAXIMUM_THREADS"):
        os.environ.pop(name, None)  # each program has all cores
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    print(f"{os.cpu_count()} cores; medians of milliseconds per epoch, on all of MNIST")
    processes = multiprocessing.get_context("spawn")
    for exercise, script in SCRIPTS.items():
        connections = {}
        for name, (program, package) in PROGRAMS.items():
            if importlib.util.find_spec(package):
                connections[name], end = processes.Pipe()
                processes.Process(target=serve, args=(program, exercise, end), daemon=True).start()
                end.close()
        times = {name: [] for name in connections}
        for _ in range(TURNS + 1):
            for name, connection in connections.items():
                time.sleep(0.3)  # until the threads of the one before have stopped waiting for work
                connection.send(True)
                times[name].append(connection.recv())
        print(f"\n{exercise}. {script + '.py':57}{'ms':>8}{'script / it':>15}")
        ours = 1000 * np.median(times["this script"][1:])
        for name, connection in connections.items():
            ms = 1000 * np.median(times[name][1:])
            print(f"{name:60}{ms:8.1f}{ours / ms:15.2f}")
            connection.send(False)


if __name__ == "__main__":
    main()
