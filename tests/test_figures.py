"""Do the figures and the table show what they say, number by number?"""
import exercises
import pytest
from matplotlib.colors import to_rgb

import common
import numpy as np

QUANTITIES = ("loss", "test_loss", "accuracy", "test_accuracy")
CURVES = {  # of each script: the figures with curves; quantity, first and last epoch of 10,000
    "lab2_skeleton": {"fig2a_loss.png": ("loss", 10, 10_000),
                      "fig2b_loss_zoom.png": ("loss", 300, 10_000),
                      "fig2c_loss_500_epochs.png": ("loss", 10, 500),
                      "fig2e_accuracy.png": ("accuracy", 10, 10_000)},
    "lab2_2_skeleton": {"fig3a_accuracy.png": ("accuracy", 1, 10_000),
                        "fig3b_loss.png": ("loss", 1, 10_000)},
    "lab2_3_skeleton": {"fig4a_accuracy.png": ("accuracy", 1, 10_000),
                        "fig4b_loss.png": ("loss", 1, 10_000)},
}

# What the report says, to the letter (section III), and the number that is meant.
SENTENCES = {
    "A": [("Training\\_Loss = 0.030048830759622978.", "0.030048830759622978", "loss", 500),
          ("obtaining a loss value in the last epoch: Test\\_Loss = 0.025196727549756617",
           "0.025196727549756617", "test_loss", 500),
          ("the Test loss starts to increase after 2380 epoch", "2380", "rises", 2380),
          ("As it get closer to 4000 epoch, we can witness that the Test loss is getting higher "
           "than the Training loss", "4000", "passes", 4000)],
    "B": [("the accuracy (Figure (3a)) reaches a higher value, up to 0.9913", "0.9913",
           "test_accuracy", 499),
          ("reaches a lower value (Figure (3b)), being this last one 0.02696", "0.02696",
           "test_loss", 499)],
    "C": [("being its final value 0.9238, as shown in Figure (4a)", "0.9238", "test_accuracy", 499),
          ("The loss function also has a higher final value, being it 0.3298", "0.3298",
           "test_loss", 499)],
}


def made_up_run(module, few, *arguments, epochs=10_000):
    """Return a run of the script's settings in which every number is another one."""
    settings = common.read_settings("", vars(module), [f"--epochs={epochs}", *arguments])
    run = common.Run(settings, common.REPORT[exercises.EXERCISE[module.__name__]])
    for k, quantity in enumerate(QUANTITIES):
        values = (0.2 + 0.1 * k) * (1 + 1 / (1 + np.arange(epochs + 1)))
        getattr(run, quantity).extend(values.tolist())
    return run


def figures_of(module, run, m=30):
    """Return the figures that the script draws of a run and of m made-up outputs."""
    rng = np.random.default_rng(3)
    if module.__name__ == "lab2_3_skeleton":
        return module.draw_figures(run, rng.random((m, 10)), rng.random((m, 784)),
                                   rng.integers(0, 10, m))
    return module.draw_figures(run, rng.normal(size=(4, 784)))


@pytest.fixture(params=exercises.NAMES)
def module(request):
    return exercises.load(request.param)


@pytest.mark.parametrize("exercise", "ABC")
def test_the_reports_numbers_are_the_reports(exercise):
    results = common.REPORT[exercise]["results"]
    assert len(results) == len(SENTENCES[exercise])
    for (name, printed, *which), (sentence, number, *meant) in zip(results, SENTENCES[exercise]):
        assert number in sentence and printed.removeprefix("near ") == number
        assert which == meant
        words = {"loss": "training loss", "test_loss": "test loss", "test_accuracy": "test accuracy",
                 "rises": "test loss starts to rise", "passes": "test loss above training loss"}
        assert name.startswith(words[which[0]])


@pytest.mark.parametrize("epochs", [10_000, 500, 20, 1])
def test_curves(module, few, epochs):
    """Each curve holds the run's numbers, from the right epoch on; the report's are at their epoch."""
    run = made_up_run(exercises.reset(module), few, epochs=epochs)
    figures = figures_of(module, run)
    for name, (quantity, first, last) in CURVES[module.__name__].items():
        last = min(last, epochs)
        first = first if first < last else last // 2
        axes, = figures[name].axes
        curves = [line for line in axes.lines if len(line.get_xdata()) == last - first + 1
                  and line.get_linestyle() != "None"]
        training, test = curves[:2]
        for line, key, label in ((training, quantity, "training"), (test, f"test_{quantity}", "test")):
            assert list(line.get_xdata()) == list(range(first, last + 1)), f"{name}: epochs"
            assert list(line.get_ydata()) == getattr(run, key)[first:last + 1], f"{name}: {key}"
            assert line.get_label() == f"{label}: {getattr(run, key)[last]:#.4g} at the end"
        assert training.get_linestyle() != test.get_linestyle()
        assert training.get_marker() != test.get_marker() and training.get_markevery() == [-1]
        assert abs(np.subtract(to_rgb(training.get_color()), to_rgb(test.get_color()))).max() > 0.5
        assert axes.get_xlabel() == "epoch" and axes.get_ylabel() == quantity
        assert axes.get_xscale() == axes.get_yscale() == "linear"
        assert axes.get_title().startswith(f"Fig. {name[3:5]}: ")
        assert axes.get_title().endswith(f", epochs {first:,} to {last:,}")
        assert axes.get_legend() and axes.xaxis.get_gridlines()[0].get_visible()
        assert all(tick == int(tick) for tick in axes.get_xticks()), f"{name}: half an epoch"

        points = {(line.get_xdata()[0], line.get_ydata()[0], line.get_label())
                  for line in axes.lines if line.get_linestyle() == "None"}
        label = {quantity: "training", f"test_{quantity}": "test"}
        expected = {(epoch, float(number), f"{label[key]}, report: {float(number):#.4g}")
                    for _, number, key, epoch in SENTENCES[exercises.EXERCISE[module.__name__]]
                    if key in label and first <= epoch <= last}
        assert points == expected, f"{name}: the report's points"


def test_overfitting_is_marked_where_it_is(few):
    """In figures 2a and 2b the report's epochs; in 2b this run's, and only if there are any."""
    module = exercises.reset(exercises.load("lab2_skeleton"))
    run = made_up_run(module, few)
    for fits in (True, False):
        if fits:  # the test loss is lowest at 2000, and above the training loss from 3000 on
            run.test_loss[:] = [0.5 + abs(epoch - 2000) / 1e5 for epoch in range(10_001)]
            run.loss[:] = [0.51] * 10_001
        else:
            run.loss[:] = run.test_loss[:] = np.linspace(1, 0.5, 10_001).tolist()
        assert module.overfitting(run) == ({"rises": 2000, "passes": 3001} if fits else {})
        figures = figures_of(module, run)
        for name in ("fig2a_loss.png", "fig2b_loss_zoom.png"):
            axes, = figures[name].axes
            marks = {line.get_label(): line.get_xdata()[0] for line in axes.lines
                     if list(line.get_ydata()) == [0, 1]}
            assert marks == {"test rises, report: 2380": 2380,
                             "test passes, report: near 4000": 4000}
            arrows = {text.xy for text in axes.texts}
            assert arrows == ({(2000, 0.5), (3001, run.test_loss[3001])}
                              if fits and "2b" in name else set())
    run.test_loss[:] = [abs(epoch - 9901) for epoch in range(10_001)]
    assert module.overfitting(run) == {}, "a rise counts if it has lasted 100 epochs"
    run.test_loss[:] = [abs(epoch - 9900) for epoch in range(10_001)]
    assert module.overfitting(run)["rises"] == 9900


def test_settings_that_are_not_the_reports_are_said(module, few, capsys):
    """In every figure and in the table; the report's points are then left out."""
    run = made_up_run(exercises.reset(module), few, "--seed=7", "--learning-rate=0.25")
    assert set(run.changes) == {"LEARNING_RATE = 0.25", "SEED = 7"}
    figures = figures_of(module, run)
    for name, figure in figures.items():
        words = figure.get_supxlabel()
        assert "not the report's" in words and "LEARNING_RATE = 0.25" in words and "SEED = 7" in words
    for name in CURVES[module.__name__]:
        assert len(figures[name].axes[0].lines) == 2, f"{name} shows the report's numbers"
    run.finish({})
    assert "not the report's settings: LEARNING_RATE = 0.25, SEED = 7" in capsys.readouterr().out
    run = made_up_run(module, few)
    assert not any(figure.get_supxlabel() for figure in figures_of(module, run).values())


def test_many_changed_settings_fit_into_a_figure(few):
    run = made_up_run(exercises.reset(exercises.load("lab2_2_skeleton")), few, epochs=1)
    run.changes = [f"A_LONG_NAME = {number}" for number in range(8)]
    figure = common.draw_curves(run, "loss", "title")
    figure.draw_without_rendering()
    box = figure._supxlabel.get_window_extent()
    assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and box.y0 >= figure.bbox.y0


def test_notes_stay_inside_fig2b(few):
    """Wherever the test loss turns, in long runs and in short ones."""
    module = exercises.reset(exercises.load("lab2_skeleton"))
    for epochs, lowest in ((600, 310), (3000, 2400), (10_000, 9000)):
        run = made_up_run(module, few, epochs=epochs)
        run.test_loss[:] = [0.5 + abs(epoch - lowest) / 1e5 for epoch in range(epochs + 1)]
        run.loss[:] = [0.5001] * (epochs + 1)
        figure = figures_of(module, run)["fig2b_loss_zoom.png"]
        figure.draw_without_rendering()
        axes, = figure.axes
        assert len(axes.texts) == 2
        for text in axes.texts:
            box = text.get_window_extent()
            assert axes.bbox.containsx(box.x0) and axes.bbox.containsx(box.x1)
            assert axes.bbox.containsy(box.y0) and axes.bbox.containsy(box.y1)


def test_weights_are_pictures_row_by_row(few):
    """The weight of the pixel in row r and column c of unit u shows there in the u-th picture."""
    run = made_up_run(exercises.reset(exercises.load("lab2_2_skeleton")), few, epochs=1)
    for units, unit, row, column in ((1, 0, 3, 20), (64, 10, 27, 5), (5, 4, 0, 1)):
        W = np.zeros((units, 784))
        W[unit, 28 * row + column] = 1
        figure = common.draw_weights(run, W, "title")
        image = figure.axes[0].images[0].get_array()
        columns = int(np.ceil(np.sqrt(units)))
        top, left = 29 * (unit // columns), 29 * (unit % columns)
        assert image[top + row, left + column] == 1 and np.nansum(image) == 1
        assert figure.axes[0].get_title() == "title" and figure.axes[1].get_ylabel() == "weight"
        assert figure.axes[0].images[0].get_clim() == (-1, 1)
    W = np.arange(-783, 785).reshape(2, 784)  # the colours end where 95 % of the weights do
    lowest, highest = common.draw_weights(run, W, "title").axes[0].images[0].get_clim()
    assert highest == -lowest and np.mean(abs(W) <= highest) == pytest.approx(0.95, abs=0.001)


def test_the_weights_drawn_are_those_of_the_inputs(few):
    for name, key in (("lab2_skeleton", "fig2d_weights.png"),
                      ("lab2_2_skeleton", "fig3c_hidden_weights.png")):
        module = exercises.load(name)
        run, W, *_ = module.main(["--epochs=1"])
        picture = few[key].axes[0].images[0].get_array()
        np.testing.assert_array_equal(picture[:28, :28], W[0].reshape(28, 28))


def test_confusion_matrix(few):
    """Counted by hand on six images; the most confident mistakes first, with their labels."""
    module = exercises.reset(exercises.load("lab2_3_skeleton"))
    run = made_up_run(module, few, epochs=1)
    labels = np.array([3, 3, 3, 7, 7, 0])
    predicted, confidence = [3, 5, 8, 7, 1, 0], [0.9, 0.6, 0.8, 0.9, 0.7, 0.9]
    A2 = np.zeros((6, 10))
    A2[range(6), predicted] = confidence
    X = np.zeros((6, 784))
    X[range(6), range(6)] = 1  # the i-th image has its i-th pixel lit
    matrix, *cells = module.draw_confusion_matrix(run, A2, X, labels).axes
    assert matrix.get_title() == "Fig. 4c: 3 of 6 test images misread"
    assert (matrix.get_xlabel(), matrix.get_ylabel()) == ("predicted digit", "true digit")
    counts = {(text.get_position()[1], text.get_position()[0]): text.get_text()
              for text in matrix.texts if text.get_text()}
    assert counts == {(3, 3): "1", (3, 5): "1", (3, 8): "1", (7, 7): "1", (7, 1): "1", (0, 0): "1"}
    shades = matrix.images[0].get_array()
    assert {tuple(map(int, place)) for place in np.argwhere(shades)} == set(counts)
    shown = [(cell.get_title(), int(cell.images[0].get_array().argmax()))
             for cell in cells if cell.images]
    assert shown == [("3 -> 8", 2), ("7 -> 1", 4), ("3 -> 5", 1)]
    for images, color in ((400, "white"), (200, "black")):  # on a dark shade, on a light one
        matrix, *_ = module.draw_confusion_matrix(run, np.eye(10)[[2] * images], X[[0] * images],
                                                  np.full(images, 2)).axes
        count, = [text for text in matrix.texts if text.get_text()]
        assert count.get_text() == str(images) and count.get_color() == color
        shade = matrix.images[0].norm(matrix.images[0].get_array()[2, 2])
        assert shade > 0.6 if color == "white" else shade < 0.6


def test_a_short_run_draws_its_own_numbers(module, few, capsys):
    """main() hands the figures its run, its weights, and the test images with their labels."""
    run, *weights = module.main(["--epochs=3"])
    for name, (quantity, *_) in CURVES[module.__name__].items():
        training, test = few[name].axes[0].lines[:2]
        assert list(training.get_ydata()) == getattr(run, quantity)[1:]
        assert list(test.get_ydata()) == getattr(run, f"test_{quantity}")[1:]
    if "fig4c_confusion_matrix.png" in few:
        misread = round((1 - run.test_accuracy[-1]) * 1000)
        matrix, first, *_ = few["fig4c_confusion_matrix.png"].axes
        assert matrix.get_title() == f"Fig. 4c: {misread} of 1,000 test images misread"
        _, (X_test, labels_test) = common.load_mnist(module.PRECISION)
        picture = first.images[0].get_array().reshape(784)
        assert first.get_title()[0] in {str(digit) for digit in labels_test[(X_test == picture).all(1)]}
    output = capsys.readouterr().out
    assert f"{'this run, epoch 3':36} {'training':>20} {'test':>20}\n" in output
    for words, style, training, test in (("loss", "#20.9g", run.loss, run.test_loss),
                                         ("accuracy", "20.9g", run.accuracy, run.test_accuracy)):
        assert f"{words:36} {training[-1]:{style}} {test[-1]:{style}}\n" in output \
            or module.PRECISION is not np.float32


def test_the_table_has_the_reports_numbers_and_those_of_the_same_epochs(module, few, capsys):
    exercises.reset(module)
    run = made_up_run(module, few)
    run.finish({}, **(module.overfitting(run) if hasattr(module, "overfitting") else {}))
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines[0].split() == ["report", "this", "run"]
    for line, (name, printed, quantity, epoch) in zip(
            lines[1:], common.REPORT[exercises.EXERCISE[module.__name__]]["results"]):
        style = "#.9g" if "loss" in quantity else ".9g"
        ours = format(getattr(run, quantity)[epoch], style) if quantity in QUANTITIES else "-"
        assert line == f"{name:36} {printed:>20} {ours:>20}"


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_everything_has_the_precision_and_the_range_that_the_script_says(module, few, precision):
    exercises.reset(module)
    module.PRECISION, module.INIT_RANGE, seen = precision, 0.25, []
    function = module.backward_propagation

    def watched(*arguments):
        results = function(*arguments)
        seen.extend([*arguments, *results])
        return results

    theta = exercises.initial(module)
    for name, value in theta.items():
        assert value.dtype == precision, f"{name} is {value.dtype}"
        if name.startswith("W"):
            assert 0.2 < abs(value).max() <= 0.25, f"{name} is not in the range of INIT_RANGE"
            assert value.min() < -0.05 and value.max() > 0.05
    module.backward_propagation = watched
    run, *weights = module.main(["--epochs=1"])
    assert {array.dtype for array in [*seen, *weights]} == {np.dtype(precision)}
    assert all(isinstance(loss, float) for loss in run.loss)


def test_initial_weights_are_the_reports(few):
    """Drawn by hand: the generator, the shuffle of the report, W1 before W2."""
    np.random.seed(138)
    np.random.permutation(60_000)
    W1, W2 = np.random.uniform(-0.05, 0.05, (64, 784)), np.random.uniform(-0.05, 0.05, (10, 64))
    module = exercises.reset(exercises.load("lab2_3_skeleton"))
    module.PRECISION, module.SEED = np.float64, 138
    theta = exercises.initial(module)
    np.testing.assert_array_equal(theta["W1"], W1)
    np.testing.assert_array_equal(theta["W2"], W2)
    assert theta["b1"].tolist() == [0.001] and theta["b2"].tolist() == [0.002]
