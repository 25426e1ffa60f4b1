"""Does TensorFlow, with the same weights and on the same images, find the same numbers?

These tests are for the network of the report: with another one, they are skipped.
"""
import exercises
import pytest

import common
import numpy as np


@pytest.fixture(params=exercises.NAMES)
def module(request, few, mnist):
    module = exercises.load(request.param)
    try:
        exercises.check_network(module, mnist[0][0][:100].astype(float))
    except pytest.fail.Exception as failure:
        sentence = str(failure)
    else:
        return module
    pytest.skip(sentence)


def equation_2(Y, Z):
    """Equation 2 for each image, summed over the outputs."""
    import tensorflow as tf
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(Y, Z.dtype), logits=Z)
    return tf.reduce_sum(losses, axis=-1)


def report_loss(Y, Z):
    """The loss for each image that the report prints."""
    import tensorflow as tf
    A, Y = tf.sigmoid(Z), tf.cast(Y, Z.dtype)
    losses = (-Y * tf.math.log(A) if Y.shape[-1] == 10 else
              -Y * tf.math.log(A + 0.0001) - (1 - Y) * tf.math.log(1 - A + 0.0001))
    return tf.reduce_sum(losses, axis=-1)


def compare_accuracy(module, ours, theirs, images, where):
    """Runs that differ in rounding may judge an image differently: up to 3 in 10,000 may differ."""
    differ = np.abs(np.subtract(ours, theirs)).max() * images
    if differ > 3 * max(1, images / 10_000):
        exercises.fail(f"{module.__name__}: accuracy differs from TensorFlow's by {differ:.0f} of "
                       f"{images:,} images: check {where}")


def test_forward_losses_and_gradients(module, mnist):
    """On all 60,000 images at once: the blocks of common.py are part of the test."""
    import tensorflow as tf
    (X, labels), _ = mnist
    Y = exercises.targets(module, labels, np.float32)
    theta = exercises.random_theta(module, np.float32)
    outputs, gradients = exercises.both(module, X, Y, theta)

    variables = [tf.Variable(value) for value in theta.values()]
    with tf.GradientTape() as tape:
        A = X
        for W, b in zip(variables[::2], variables[1::2]):
            Z = tf.matmul(A, W, transpose_b=True) + b
            A = tf.sigmoid(Z)
        mean_loss = tf.reduce_mean(equation_2(Y, Z))
    expected = tape.gradient(mean_loss, variables)

    def compare(quantity, value, reference, tolerance, where):
        exercises.compare(module, quantity, value, reference, "TensorFlow's", tolerance, where)

    *_, (name, our_A) = outputs.items()
    compare(name, our_A, A.numpy(), 1e-5, "forward_propagation()")
    loss = getattr(module, "report_loss", common.binary_cross_entropy)(our_A, Y)
    compare("loss", loss, np.mean(report_loss(Y, tf.cast(Z, tf.float64))), 1e-5, "the loss")
    right = tf.argmax(Z, axis=1) == labels if Y.shape[1] == 10 else (Z > 0) == (Y > 0.5)
    compare_accuracy(module, common.accuracy(our_A, Y), np.mean(right), len(X), "the accuracy")
    for name, reference in zip(theta, expected):
        compare(f"d{name}", gradients[f"d{name}"], reference.numpy(), 1e-4, "backward_propagation()")


def test_training_equals_keras(module, epochs=8):
    """A short run of main() against Keras's SGD, in float64, from the same initial weights.

    A bias that all units share is one weight from a constant input of 1: Keras gets a layer for it.
    """
    from tensorflow import keras
    exercises.reset(module)  # with a large LEARNING_RATE small differences grow

    class Layer(keras.layers.Layer):
        def __init__(self, W, b):
            super().__init__(dtype="float64")
            self.W, self.b = (self.add_weight(shape=value.shape) for value in (W, b))
            self.W.assign(W)
            self.b.assign(b)

        def call(self, X):
            return keras.ops.matmul(X, keras.ops.transpose(self.W)) + self.b

    theta = list(exercises.initial(module).values())
    layers = [Layer(W, b) for W, b in zip(theta[::2], theta[1::2])]
    hidden = [part for layer in layers[:-1] for part in (layer, keras.layers.Activation("sigmoid"))]
    model = keras.Sequential([keras.Input((784,), dtype="float64"), *hidden, layers[-1]])
    right = (keras.metrics.CategoricalAccuracy() if len(theta[-2]) == 10
             else keras.metrics.BinaryAccuracy(threshold=0))
    model.compile(keras.optimizers.SGD(module.LEARNING_RATE), equation_2,
                  metrics=[report_loss, right], run_eagerly=False)
    (X, labels), (X_test, test_labels) = common.load_mnist(np.float64)
    Y, Y_test = exercises.targets(module, labels), exercises.targets(module, test_labels)
    history = model.fit(X, Y, batch_size=len(X), epochs=epochs, shuffle=False, verbose=0,
                        validation_data=(X_test, Y_test), validation_batch_size=len(X_test)).history

    run, *weights = exercises.attempt(module, "main()", module.main, [f"--epochs={epochs}"])
    names = list(exercises.initial(module))
    for name, value, layer_weight in zip(names, weights, model.weights):
        exercises.compare(module, f"{name} after {epochs} epochs", value, layer_weight.numpy(),
                          "Keras's", 1e-5, f"d{name} in backward_propagation(), then its use in main()")
    # Keras's losses are those before each update, its validation losses those after it.
    for ours, theirs in ((run.loss[:-1], history["report_loss"]),
                         (run.test_loss[1:], history["val_report_loss"])):
        exercises.compare(module, "loss", ours, theirs, "Keras's", 1e-5, "run.record() in main()")
    for ours, theirs, m in ((run.accuracy[:-1], history[right.name], len(X)),
                            (run.test_accuracy[1:], history[f"val_{right.name}"], len(X_test))):
        compare_accuracy(module, ours, theirs, m, "run.record() in main()")
