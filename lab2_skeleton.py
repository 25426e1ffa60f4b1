"""Exercise A: a single neuron learns to tell one digit from all the others.

    python lab2_skeleton.py

784 pixels -> 1 sigmoid unit (sections I.A, II.A and III.A of the report). Draws the report's
figures 2a, 2b and 2c, and in figure 2d what the neuron has learned, into figures/.
"""
import common  # before NumPy: it shares the cores among the workers of both
import numpy as np

DIGIT = 0             # the digit to recognise, 0 to 9
LEARNING_RATE = 1.0   # alpha, the step of gradient descent
EPOCHS = 10_000       # passes over the training images
INIT_SCALE = 0.01     # standard deviation of the initial weights
SEED = 0              # of the initial weights


def forward_propagation(X, W, b):
    """Return Z and A, the neuron's weighted input and its output, for the images X (m, 784)."""
    Z = common.linear_forward(X, W, b, "output layer")        # (m, 1)  X W^T + b
    A = common.sigmoid(Z)                                     # (m, 1)  equation 1
    return Z, A


def backward_propagation(X, Y, A):
    """Return dW and db, the gradients of the mean over the images of equation 2."""
    m = len(X)
    dZ = (A - Y) / m                                          # (m, 1)
    dW, db = common.linear_backward(dZ, X, "output layer")    # (1, 784), (1,)  dZ^T X, sum dZ
    return dW, db


def main():
    epochs, learning_rate, seed = common.read_settings(__doc__, globals())
    (X_train, labels_train), (X_test, labels_test) = common.load_mnist()
    Y_train = common.is_digit(labels_train, DIGIT)         # (60000, 1)
    Y_test = common.is_digit(labels_test, DIGIT)           # (10000, 1)

    rng = np.random.default_rng(seed)
    W = rng.normal(0, INIT_SCALE, (1, 784)).astype(np.float32)  # (1, 784)
    b = np.zeros(1, np.float32)                                 # (1,)

    def train(X, Y):  # X and Y: some rows of the training set
        Z, A = forward_propagation(X, W, b)
        dW, db = backward_propagation(X, Y, A)
        return common.binary_cross_entropy(Z, Y), common.binary_accuracy(A, Y), dW, db

    def test(X, Y):  # and of the test set
        Z, A = forward_propagation(X, W, b)
        return common.binary_cross_entropy(Z, Y), common.binary_accuracy(A, Y)

    run = common.Run(epochs)
    for epoch in run:
        loss, accuracy, dW, db = common.mean_over_blocks(train, X_train, Y_train)
        W -= learning_rate * dW
        b -= learning_rate * db
        test_loss, test_accuracy = common.mean_over_blocks(test, X_test, Y_test)
        run.record(loss, accuracy, test_loss, test_accuracy)
        if epoch == 500:
            draw_figure_2c(run)

    rises, passes = overfitting(run)
    draw_figures_2a_2b(run, rises, passes)
    if len(run.loss) < 500:
        draw_figure_2c(run)
    run.save(common.draw_weights(W, "Fig. 2d: the weights of the neuron, by pixel"),
             "fig2d_weights.png")
    return run.finish([
        ("test loss, epoch 500", ".5f", 0.025196727549756617, run.at("test_loss", 500)),
        ("training loss, epoch 500", ".5f", 0.030048830759622978, run.at("loss", 500)),
        ("test loss starts to rise, epoch", "d", 2380, rises),
        ("test loss above training loss, epoch", "d", 4000, passes),
    ])


def overfitting(run):
    """Return the epochs where the test loss starts to rise and passes the training loss.

    None stands for what has not happened yet; a rise counts if it has lasted 100 epochs.
    """
    test_loss = np.array(run.test_loss)
    lowest = test_loss.argmin() + 1
    if lowest + 100 > len(test_loss):
        return None, None
    passed = lowest + np.flatnonzero(test_loss[lowest:] > run.loss[lowest:]) + 1
    return lowest, passed[0] if len(passed) else None


def draw_loss(run, title, first):
    """Return a figure of the loss from an epoch on, with the report's epochs marked in it."""
    figure, axes = common.draw_curves(run, "loss", title, {}, first)
    for epoch, style in (2380, ":"), (4000, "-."):
        if epoch < len(run.loss):
            axes.axvline(epoch, color="0.4", linestyle=style, zorder=1,
                         label=f"report: epoch {epoch}")
    axes.legend(loc="upper right")
    return figure, axes


def draw_figures_2a_2b(run, rises, passes):
    """Draw the loss of the whole run, and of the part of it where over-fitting sets in."""
    figure, axes = draw_loss(run, "Fig. 2a: loss of the neuron", 1)
    run.save(figure, "fig2a_loss.png")

    figure, axes = draw_loss(run, "Fig. 2b: over-fitting", 1 + len(run.loss) // 7)
    for epoch, label, offset in ((rises, "lowest\ntest loss", (-42, -60)),
                                 (passes, "test loss above\ntraining loss", (30, 16))):
        if epoch:
            axes.annotate(f"{label}\nat {epoch}", (epoch, run.test_loss[epoch - 1]), offset,
                          textcoords="offset points", arrowprops={"arrowstyle": "->"})
    run.save(figure, "fig2b_loss_zoom.png")


def draw_figure_2c(run):
    """Draw the report's run of 500 epochs, the first of ours."""
    figure, axes = common.draw_curves(
        run, "loss", "Fig. 2c: loss of the neuron", {"training": 0.03005, "test": 0.0252})
    run.save(figure, "fig2c_loss_500_epochs.png")


if __name__ == "__main__":
    common.run_script(main)
