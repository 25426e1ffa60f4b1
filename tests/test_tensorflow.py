"""Does TensorFlow, with the same weights and on the same images, find the same numbers?"""
from contextlib import suppress

import numpy as np
import pytest
import test_exercises as tests
from judge import MEANT, as_list, close, fail, initial, named, network, targets, watch

import common

tf = pytest.importorskip("tensorflow")


def one_layer(X, Y, W, b):
    with tf.GradientTape() as tape:
        Z = X @ tf.transpose(W) + b
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(Y, Z)) / len(X)
    return [tf.sigmoid(Z), *tape.gradient(loss, [W, b])]


def two_layers(X, Y, W1, b1, W2, b2):
    with tf.GradientTape() as tape:
        A1 = tf.sigmoid(X @ tf.transpose(W1) + b1)
        Z2 = A1 @ tf.transpose(W2) + b2
        loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(Y, Z2)) / len(X)
    return [A1, tf.sigmoid(Z2), *tape.gradient(loss, [W1, b1, W2, b2])]


@pytest.fixture
def weights(script, images):
    """Random ones. What fails on 100 images could take all the memory on 60,000: it is skipped."""
    _, weights, activations, _ = network(script, *images)
    with suppress(pytest.fail.Exception):
        for name in "forward_propagation", "loss", "backward_propagation":
            getattr(tests, f"test_{name}")(script, images)
        if activations in (["sigmoid"], ["sigmoid"] * 2):
            return weights
    pytest.skip(f"{script.__name__}: not a network of the report; see test_exercises.py")


def test_outputs_loss_and_gradients(script, weights, mnist):
    """On all 60,000 images, in float32."""
    (X, labels), reference = mnist[0], one_layer if len(weights) == 2 else two_layers
    Y, weights = targets(script, labels, np.float32), [w.astype(np.float32) for w in weights]
    outputs = as_list(script.forward_propagation(X, *weights))
    ours = outputs + as_list(script.backward_propagation(X, Y, *outputs, *weights[2::2]))
    theirs = reference(X, Y, *map(tf.Variable, weights))
    A, one = theirs[len(outputs) - 1], Y.shape[1] == 1
    losses = tf.keras.losses.binary_crossentropy(Y, A) if one else -Y * tf.math.log(A)
    metric = tf.keras.metrics.binary_accuracy if one else tf.keras.metrics.categorical_accuracy
    for name, value, right, tolerance in (
            *zip(named("A", weights) + named(["dW", "db"], weights), ours, theirs, [1e-4] * 6),
            ("the loss", script.loss(outputs[-1], Y), np.sum(losses) / len(X), 0.002),
            ("the accuracy", common.accuracy(outputs[-1], Y), np.mean(metric(Y, A)), 0.002)):
        if not close(value, np.array(right), tolerance):
            fail(script, f"{name} of all 60,000 images differs from TensorFlow's")


def test_training_equals_keras(script, weights, small_mnist, monkeypatch):
    """Eight updates, in float64, from the same initial weights."""
    script.PRECISION, optimizer = np.float64, tf.keras.optimizers.SGD(script.LEARNING_RATE)
    (X, labels), reference = small_mnist[0], one_layer if len(weights) == 2 else two_layers
    variables = [tf.Variable(weight, dtype="float64") for weight in initial(script)]
    X, Y = X.astype(float), targets(script, labels)
    for _ in range(8):
        optimizer.apply_gradients(zip(reference(X, Y, *variables)[-len(weights):], variables))
    (_, *trained), _ = watch(script, monkeypatch, epochs=8)
    for name, weight, right in zip(named("Wb", weights), trained, variables):
        if not close(weight, right.numpy(), 1e-5):
            fail(script, f"{name} differs from Keras's after 8 epochs: check main(), {MEANT}")
