"""Does TensorFlow, with the same weights and on the same images, find the same numbers?

These tests are for the network of the report; with other activations they are skipped.
"""
import numpy as np
import pytest
from test_exercises import (backward, call, compare, fail, forward, initial, named, random_weights,
                            sigmoid, targets, watch)

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


def equation_2(Y, Z):
    """Equation 2 for each image, summed over the outputs: the loss that is trained."""
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(Y, Z.dtype), logits=Z)
    return tf.reduce_sum(losses, axis=-1)


def plotted_loss(module):
    """Return TensorFlow's version of the script's loss(), for each image, of Y and Z."""
    half, one = np.full((1, 1), 0.5), np.ones((1, 1))
    added = np.exp(-call(module, "loss", half, one)) - 0.5  # in the logarithms; the report: 0.0001

    def report_loss(Y, Z):
        A, Y = tf.sigmoid(Z), tf.cast(Y, Z.dtype)
        losses = -Y * tf.math.log(A + added)
        if Y.shape[-1] == 1:
            losses -= (1 - Y) * tf.math.log(1 - A + added)
        return tf.reduce_sum(losses, axis=-1)
    return report_loss


def compare_accuracy(module, ours, theirs, images, where):
    """Runs that differ in rounding may judge an image differently: up to 3 in 10,000 may differ."""
    differ = np.abs(np.subtract(ours, theirs)).max() * images
    if differ > 3 * max(1, images / 10_000):
        fail(module, f"accuracy differs from TensorFlow's by {differ:.0f} of {images:,} images: "
             f"check {where}")


def test_outputs_loss_and_gradients(sigmoids, mnist):
    """On all 60,000 images, in float32."""
    module, (X, labels) = sigmoids, mnist[0]
    Y, weights = targets(module, labels, np.float32), random_weights(module, np.float32)
    outputs = forward(module, X, weights)
    gradients = backward(module, X, Y, outputs, weights)

    variables = [tf.Variable(weight) for weight in weights]
    with tf.GradientTape() as tape:
        A = X
        for W, b in zip(variables[::2], variables[1::2]):
            Z = tf.matmul(A, W, transpose_b=True) + b
            A = tf.sigmoid(Z)
        mean_loss = tf.reduce_mean(equation_2(Y, Z))
    expected = tape.gradient(mean_loss, variables)

    theirs, plotted = "TensorFlow's", plotted_loss(module)(Y, tf.cast(Z, tf.float64))
    compare(module, named("A", weights)[-1], outputs[-1], A, theirs, "forward_propagation()", 1e-5)
    loss = call(module, "loss", outputs[-1], Y)
    compare(module, "loss", loss, np.mean(plotted), theirs, "loss()", 1e-5)
    right = tf.argmax(Z, axis=1) == labels if Y.shape[1] == 10 else (Z > 0) == (Y > 0.5)
    compare_accuracy(module, common.accuracy(outputs[-1], Y), np.mean(right), len(X), "common.py")
    for name, gradient, reference in zip(named(["dW", "db"], weights), gradients, expected):
        compare(module, name, gradient, reference, theirs, "backward_propagation()", 1e-4)


def test_training_equals_keras(sigmoids, few, monkeypatch, epochs=8):
    """A short run of main() against Keras's SGD, in float64, from the same initial weights.

    A bias that all units share is one weight; Keras has no layer for it, so one is made here.
    """
    from tensorflow import keras
    module = sigmoids
    for name, value in {"EPOCHS": epochs, "PRECISION": np.float64, "LEARNING_RATE": 0.8}.items():
        monkeypatch.setattr(module, name, value)

    class Layer(keras.layers.Layer):
        def __init__(self, W, b):
            super().__init__(dtype="float64")
            self.W, self.b = (self.add_weight(shape=np.shape(value)) for value in (W, b))
            self.W.assign(W)
            self.b.assign(b)

        def call(self, X):
            return keras.ops.matmul(X, keras.ops.transpose(self.W)) + self.b

    weights = initial(module)
    layers = [Layer(W, b) for W, b in zip(weights[::2], weights[1::2])]
    hidden = [part for layer in layers[:-1] for part in (layer, keras.layers.Activation("sigmoid"))]
    model = keras.Sequential([keras.Input((784,), dtype="float64"), *hidden, layers[-1]])
    right = (keras.metrics.CategoricalAccuracy() if len(weights[-2]) == 10
             else keras.metrics.BinaryAccuracy(threshold=0))
    model.compile(keras.optimizers.SGD(module.LEARNING_RATE), equation_2,
                  metrics=[plotted_loss(module), right])
    training, test, Y = watch(module, monkeypatch)  # the images as main() has changed them
    run, *trained = call(module, "main")
    (X, _), (X_test, _), Y = training[0], test[0], Y[0]
    Y_test = targets(module, common.load_mnist()[1][1])
    history = model.fit(X, Y, batch_size=len(X), epochs=epochs, shuffle=False, verbose=0,
                        validation_data=(X_test, Y_test), validation_batch_size=len(X_test)).history

    where = "backward_propagation() and the update in main(), unless you meant it"
    for name, value, reference in zip(named("Wb", weights), trained, model.weights):
        compare(module, f"{name} after {epochs} epochs", value, reference, "Keras's", where, 1e-5)
    # Keras's losses are those before each update, its validation losses those after it.
    for ours, theirs in ((run.loss[:-1], history["report_loss"]),
                         (run.test_loss[1:], history["val_report_loss"])):
        compare(module, "loss", ours, theirs, "Keras's", "loss() and run.record() in main()", 1e-5)
    for ours, theirs, m in ((run.accuracy[:-1], history[right.name], len(X)),
                            (run.test_accuracy[1:], history[f"val_{right.name}"], len(X_test))):
        compare_accuracy(module, ours, theirs, m, "run.record() in main()")
