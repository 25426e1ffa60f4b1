"""Exercise A: a single neuron learns to tell one digit from all the others.

    python lab2_skeleton.py

784 pixels -> 1 sigmoid unit (sections I.A, II.A and III.A of the report). Draws the report's
figures 2a, 2b and 2c, in figure 2d what the neuron has learned, and in figure 2e its accuracy,
into figures/.
"""
import common  # before NumPy, since it sets how many threads BLAS gets
import numpy as np

DIGIT = 0               # the digit to recognise, 0 to 9
LEARNING_RATE = 1.0     # alpha, the step of gradient descent
EPOCHS = 10_000         # updates, each from all training images
INIT_RANGE = 0.05       # the initial weights lie between -0.05 and 0.05
SEED = 138              # of the initial weights
PRECISION = np.float32  # np.float64: twice as slow, and the report's losses to the last digit


def forward_propagation(X, W, b):
    """Return the neuron's output A for the images X (m, 784)."""
    Z = common.linear_forward(X, W, b)        # (m, 1)  X W^T + b
    A = common.sigmoid(Z)                     # (m, 1)  equation 1
    return A


def backward_propagation(X, Y, A):
    """Return dW and db, the gradients of the mean over the images of equation 2."""
    m = len(X)
    dZ = (A - Y) / m                          # (m, 1)
    dW, db = common.linear_backward(dZ, X)    # (1, 784), (1,)  dZ^T X, sum of dZ
    return dW, db


def main(arguments=()):
    settings = common.read_settings(__doc__, globals(), arguments)
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist(PRECISION)
    Y_train = (labels_train == DIGIT).astype(PRECISION).reshape(-1, 1)    # (60000, 1)
    Y_test = (labels_test == DIGIT).astype(PRECISION).reshape(-1, 1)      # (10000, 1)

    rng = common.random_generator(settings.SEED)
    W = rng.uniform(-INIT_RANGE, INIT_RANGE, (1, 784)).astype(PRECISION)    # (1, 784)
    b = np.full(1, 0.0001, PRECISION)                                       # (1,)

    run = common.Run(settings, common.REPORT["A"])
    for epoch in run:  # the number of updates so far
        A = forward_propagation(X_train, W, b)         # (60000, 1)
        A_test = forward_propagation(X_test, W, b)     # (10000, 1)
        run.record(loss=common.binary_cross_entropy(A, Y_train),
                   accuracy=common.accuracy(A, Y_train),
                   test_loss=common.binary_cross_entropy(A_test, Y_test),
                   test_accuracy=common.accuracy(A_test, Y_test))
        if run.done:
            break
        dW, db = backward_propagation(X_train, Y_train, A)
        W -= settings.LEARNING_RATE * dW
        b -= settings.LEARNING_RATE * db

    run.finish(draw_figures(run, W), **overfitting(run))
    return run, W, b


def overfitting(run):
    """Return the epochs where the test loss starts to rise, and passes the training loss.

    What does not happen is left out; a rise counts if it has lasted 100 epochs.
    """
    lowest = int(np.argmin(run.test_loss))
    above = np.greater(run.test_loss, run.loss)[lowest:]
    found = {}
    if len(above) > 100:
        found["rises"] = lowest
        if above.any():
            found["passes"] = lowest + int(above.argmax())
    return found


def draw_figures(run, W):
    """Return the figures of the exercise, by their file names."""
    figures = {
        "fig2a_loss.png": common.draw_curves(run, "loss", "Fig. 2a: loss of the neuron", 10),
        "fig2b_loss_zoom.png": common.draw_curves(run, "loss", "Fig. 2b: zoomed loss", 300),
        "fig2c_loss_500_epochs.png": common.draw_curves(
            run, "loss", "Fig. 2c: loss of the neuron", 10, 500),
        "fig2d_weights.png": common.draw_weights(
            run, W, "Fig. 2d: the weights of the neuron, by pixel"),
        "fig2e_accuracy.png": common.draw_curves(
            run, "accuracy", "Fig. 2e: accuracy of the neuron", 10),
    }
    axes_2a, axes_2b = figures["fig2a_loss.png"].axes[0], figures["fig2b_loss_zoom.png"].axes[0]
    for axes in (axes_2a, axes_2b):
        for (_, printed, happens, epoch), style in zip(run.results[2:], (":", "-.")):
            if not run.changes and epoch < len(run.loss):
                axes.axvline(epoch, color="0.4", linestyle=style,
                             label=f"test {happens}, report: {printed}")
        axes.legend(loc="upper right")
    axes_2b.margins(y=0.17)  # room for notes below the curves
    notes = {"rises": ("test loss rises\nfrom {:,} on", (0.03, 0.03)),
             "passes": ("test loss passes training\nloss at {:,}", (0.55, 0.36))}
    for happens, epoch in overfitting(run).items():
        words, place = notes[happens]
        axes_2b.annotate(words.format(epoch), (epoch, run.test_loss[epoch]), place,
                         textcoords="axes fraction", arrowprops={"arrowstyle": "->"},
                         bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    return figures


if __name__ == "__main__":
    run, W, b = common.run_script(main)
