"""Does TensorFlow, with the same weights and on the same images, find the same numbers?

These tests are for the network of the report; with other activations they are skipped.
"""
import numpy as np
import pytest
from test_exercises import (backward, compare, fail, forward, loss, named, random_weights,
                            sigmoid, targets, watched_main)

import common

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def sigmoids(module, images):
    """The script as a module, if all its layers have a sigmoid."""
    weights, X = random_weights(module), images[0]
    for W, b, A in zip(weights[::2], weights[1::2], forward(module, X, weights)):
        if not np.allclose(A, sigmoid(X @ W.T + b)):
            pytest.skip(f"{module.__name__} has another network than the report's")
        X = A
    return module


def differentiate(X, Y, variables):
    """Return Z of the output layer, the gradients of the loss that is trained, the accuracy."""
    with tf.GradientTape() as tape:
        Z = tf.constant(X)
        for k in range(0, len(variables), 2):
            A = tf.sigmoid(Z) if k else Z
            Z = tf.matmul(A, variables[k], transpose_b=True) + variables[k + 1]
        equation_2 = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(Y, Z.dtype), logits=Z)
        mean_loss = tf.reduce_sum(equation_2) / len(X)
    right = (Z > 0) == (Y > 0.5) if len(Y[0]) == 1 else tf.argmax(Z, 1) == tf.argmax(Y, 1)
    return Z, tape.gradient(mean_loss, variables), np.mean(right)


def compare_accuracy(module, ours, theirs, m, where):
    """Runs that differ in rounding may judge an image differently: up to 3 in 10,000 may differ."""
    if abs(ours - theirs) * m > 3 * max(1, m / 10_000):
        fail(module, f"accuracy {ours} differs from TensorFlow's, {theirs}: check {where}")


def test_outputs_loss_and_gradients(sigmoids, mnist):
    """On all 60,000 images, in float32."""
    module, (X, labels) = sigmoids, mnist[0]
    Y, weights = targets(module, labels, np.float32), random_weights(module, np.float32)
    outputs = forward(module, X, weights)
    Z, gradients, right = differentiate(X, Y, list(map(tf.Variable, weights)))
    log = tf.math.log_sigmoid
    losses = Y * log(Z) + (1 - Y) * log(-Z) if len(Y[0]) == 1 else Y * log(Z)

    theirs = "TensorFlow's"
    compare(module, "the output", outputs[-1], tf.sigmoid(Z), theirs, "forward_propagation()", 1e-5)
    compare(module, "loss", loss(module, outputs[-1], Y), -np.sum(losses, dtype=float) / len(X),
            theirs, "loss()", 0.002)  # the script's may add 0.0001 in its logarithms
    compare_accuracy(module, common.accuracy(outputs[-1], Y), right, len(X), "common.accuracy()")
    for name, gradient, reference in zip(named(["dW", "db"], weights),
                                         backward(module, X, Y, outputs, weights), gradients):
        compare(module, name, gradient, reference, theirs, "backward_propagation()", 1e-4)


def test_training_equals_keras(sigmoids, few, monkeypatch, epochs=8):
    """A short run of main() against Keras's SGD, in float64, from the same initial weights."""
    module = sigmoids
    monkeypatch.setattr(module, "PRECISION", np.float64)
    monkeypatch.setattr(module, "LEARNING_RATE", 0.8)
    run, weights, training, test, Y = watched_main(module, monkeypatch, epochs)
    variables = list(map(tf.Variable, training[0][1]))
    X, X_test = training[0][0], test[0][0]  # as main() has changed them
    Y_test = targets(module, common.load_mnist()[1][1])

    optimizer, accuracies, where = tf.keras.optimizers.SGD(0.8), [], "run.record() in main()"
    for epoch in range(epochs + 1):
        _, gradients, right = differentiate(X, Y, variables)
        *_, right_test = differentiate(X_test, Y_test, variables)
        accuracies.append((right, right_test))
        if epoch < epochs:
            optimizer.apply_gradients(zip(gradients, variables))
    for name, weight, reference in zip(named("Wb", weights), weights, variables):
        compare(module, f"{name} after {epochs} epochs", weight, reference, "Keras's",
                "backward_propagation() and the update in main(), unless you meant it", 1e-5)
    for epoch, (right, right_test) in enumerate(accuracies):
        compare_accuracy(module, run.accuracy[epoch], right, len(X), where)
        compare_accuracy(module, run.test_accuracy[epoch], right_test, len(X_test), where)
