"""Does TensorFlow, with the same weights and on the same images, find the same numbers?"""
from concurrent.futures import ThreadPoolExecutor

import exercises
import pytest

import common
import numpy as np


@pytest.fixture(params=exercises.NAMES)
def name(request):
    return request.param


def equation_2(Y, Z):
    """Equation 2 for each image, summed over the outputs."""
    import tensorflow as tf
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(Y, Z.dtype), logits=Z)
    return tf.reduce_sum(losses, axis=-1)


def minus_log_of_the_true_class(Y, Z):
    """Exercise C's reported loss for each image."""
    import tensorflow as tf
    return -tf.reduce_sum(tf.cast(Y, Z.dtype) * tf.math.log_sigmoid(Z), axis=-1)


def test_forward_losses_and_gradients(name, mnist):
    """On all 60,000 images at once: the blocks and tiles of common.py are part of the test."""
    import tensorflow as tf
    module = exercises.load(name)
    (X, labels), _ = mnist
    Y = exercises.targets(module, labels)
    theta = exercises.parameters(module, np.float32)

    def ours(X, Y):
        values = exercises.forward(module, X, theta)
        *_, Z, A = values.values()
        loss, accuracy = ((common.categorical_cross_entropy, common.categorical_accuracy)
                          if name == "lab2_3_skeleton" else
                          (common.binary_cross_entropy, common.binary_accuracy))
        gradients = exercises.backward(module, X, Y, theta, values)
        return loss(Z, Y), accuracy(A, Y), *gradients.values()

    loss, accuracy, *gradients = common.mean_over_blocks(ours, X, Y)

    variables = [tf.Variable(value) for value in theta.values()]
    with tf.GradientTape() as tape:
        A = X
        for W, b in zip(variables[::2], variables[1::2]):
            Z = tf.matmul(A, W, transpose_b=True) + b
            A = tf.sigmoid(Z)
        mean_loss = tf.reduce_mean(equation_2(Y, Z))
    expected_gradients = tape.gradient(mean_loss, variables)
    if name == "lab2_3_skeleton":
        mean_loss = tf.reduce_mean(minus_log_of_the_true_class(Y, Z))
        right = tf.argmax(Z, axis=1) == labels
    else:
        right = (Z > 0) == (Y > 0.5)

    *_, our_Z, our_A = exercises.forward(module, X, theta).values()
    compare = exercises.compare
    compare(module, "Z", our_Z, Z.numpy(), "TensorFlow's", 1e-5, "forward_propagation()")
    compare(module, "A", our_A, A.numpy(), "TensorFlow's", 1e-5, "forward_propagation()")
    compare(module, "loss", loss, mean_loss.numpy(), "TensorFlow's", 1e-5, "the loss")
    compare(module, "accuracy", accuracy, np.mean(right), "TensorFlow's", 2e-4, "the accuracy")
    for parameter, gradient, expected in zip(theta, gradients, expected_gradients):
        compare(module, f"d{parameter}", gradient, expected.numpy(), "TensorFlow's", 1e-4,
                "backward_propagation()")


EPOCHS = 20


@pytest.fixture
def watched_main(run_main, monkeypatch):
    """A function that runs a script's main() and watches its parameters.

    It returns the run, and the parameters: initial, after the first epoch, at the end.
    """
    monkeypatch.setattr(common, "_workers", ThreadPoolExecutor(1))  # one call at a time

    def watched_main(module):
        thetas, last = [], []
        forward_propagation = module.forward_propagation

        def watched_forward_propagation(X, *theta):
            if not thetas or len(thetas) == 1 and not all(map(np.array_equal, thetas[0], theta)):
                thetas.append([value.copy() for value in theta])
            last[:] = theta
            return forward_propagation(X, *theta)

        monkeypatch.setattr(module, "forward_propagation", watched_forward_propagation)
        run = exercises.attempt(module, "main()", run_main, module, f"--epochs={EPOCHS}")
        return run, *thetas, last

    return watched_main


def check_training(module, watched_main):
    """Compare losses, accuracies and final parameters with those of Keras, in float64."""
    from tensorflow import keras
    run, theta, *later_thetas = watched_main(module)
    (X, labels), (X_test, test_labels) = common.load_mnist()
    Y, Y_test = exercises.targets(module, labels), exercises.targets(module, test_labels)
    units = [len(bias) for bias in theta[1::2]]
    layers = [keras.layers.Dense(n, "sigmoid", dtype="float64") for n in units[:-1]]
    model = keras.Sequential([keras.Input((784,), dtype="float64"), *layers,
                              keras.layers.Dense(units[-1], dtype="float64")])
    model.set_weights([value.T for value in theta])
    if units[-1] == 10:
        loss, accuracy = minus_log_of_the_true_class, keras.metrics.CategoricalAccuracy()
    else:
        loss, accuracy = equation_2, keras.metrics.BinaryAccuracy(threshold=0)
    model.compile(keras.optimizers.SGD(module.LEARNING_RATE), equation_2,
                  metrics=[loss, accuracy])
    histories, names = [], ("W", "b") if len(theta) == 2 else ("W1", "b1", "W2", "b2")
    for epochs, later_theta in zip((1, EPOCHS - 1), later_thetas):
        fit = model.fit(X, Y, batch_size=len(X), epochs=epochs, shuffle=False, verbose=0,
                        validation_data=(X_test, Y_test), validation_batch_size=len(X_test))
        histories.append(fit.history)
        for name, value, expected in zip(names, later_theta, model.get_weights()):
            exercises.compare(module, f"{name} after {'1 epoch' if epochs == 1 else EPOCHS}", value,
                              expected.T, "Keras's", 1e-5, f"the update of {name} in main()")
    for prefix, ours in (("", ""), ("val_", "test_")):
        for metric, quantity in ((loss.__name__, "loss"), (accuracy.name, "accuracy")):
            expected = np.concatenate([history[prefix + metric] for history in histories])
            exercises.compare(module, f"{ours}{quantity}", getattr(run, ours + quantity), expected,
                              "Keras's", 1e-5, "main()")


def test_training_equals_keras(name, watched_main):
    check_training(exercises.load(name), watched_main)


@pytest.mark.report  # of the checks themselves, on the scripts as they are here
@pytest.mark.parametrize("name, old, new, message", [
    ("lab2_2_skeleton", "b1 -= learning_rate", "b1 -= 0",
     r"lab2_2_skeleton: b1 after 1 epoch .* 100 % .* check the update of b1 in main\(\)"),
    ("lab2_skeleton", "W -= learning_rate", "W += learning_rate",
     r"lab2_skeleton: W after 1 epoch differs .* check the update of W in main\(\)"),
    ("lab2_3_skeleton", "A1, A2, W2)\n        return", "A1, A2, W1)\n        return",
     r"lab2_3_skeleton: main\(\) stops with ValueError: matmul"),
])
def test_a_wrong_edit_of_main_is_explained(watched_main, name, old, new, message):
    with pytest.raises(pytest.fail.Exception, match=message):
        check_training(exercises.load(name, old, new), watched_main)
