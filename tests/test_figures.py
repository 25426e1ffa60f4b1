"""Do the table and the figures show what they say, number by number?"""
import matplotlib
import numpy as np
import pytest
from conftest import ROOT, SCRIPTS, load
from matplotlib.colors import to_rgb

import common

pytestmark = pytest.mark.full
A, B, C = SCRIPTS
CURVES = {  # of each script: its figures with curves; quantity, first and last epoch
    A: {"fig2a_loss.png": ("loss", 10, None), "fig2e_accuracy.png": ("accuracy", 10, None),
        "fig2b_loss_zoom.png": ("loss", 300, None), "fig2c_loss_500_epochs.png": ("loss", 10, 500)},
    B: {"fig3a_accuracy.png": ("accuracy", 1, None), "fig3b_loss.png": ("loss", 1, None)},
    C: {"fig4a_accuracy.png": ("accuracy", 1, None), "fig4b_loss.png": ("loss", 1, None)},
}
OTHERS = {A: "fig2d_weights.png", B: "fig3c_hidden_weights.png", C: "fig4c_confusion_matrix.png"}

# What the report says, to the letter (section III), and the number that is meant.
SENTENCES = {
    "A": [("Training\\_Loss = 0.030048830759622978.", "0.030048830759622978", "loss", 500),
          ("obtaining a loss value in the last epoch: Test\\_Loss = 0.025196727549756617",
           "0.025196727549756617", "test_loss", 500),
          ("the Test loss starts to increase after 2380 epoch", "2380", "marks", None),
          ("As it get closer to 4000 epoch, we can witness that the Test loss is getting higher "
           "than the Training loss", "4000", "marks", None)],
    "B": [("the accuracy (Figure (3a)) reaches a higher value, up to 0.9913", "0.9913",
           "test_accuracy", 499),
          ("reaches a lower value (Figure (3b)), being this last one 0.02696", "0.02696",
           "test_loss", 499)],
    "C": [("being its final value 0.9238, as shown in Figure (4a)", "0.9238", "test_accuracy", 499),
          ("The loss function also has a higher final value, being it 0.3298", "0.3298",
           "test_loss", 499)],
}


def made_up_run(exercise="A", epochs=10_000, **settings):
    """Return a run in which every number is another one."""
    run = common.Run(exercise, epochs, **settings)
    for k, quantity in enumerate(("loss", "test_loss", "accuracy", "test_accuracy")):
        values = (0.2 + 0.1 * k) * (1 + 1 / (1 + np.arange(epochs + 1)))
        getattr(run, quantity).extend(values.tolist())
    return run


@pytest.mark.parametrize("exercise", "ABC")
def test_the_reports_numbers_are_the_reports(exercise):
    results = common.REPORT[exercise][1]
    assert len(results) == len(SENTENCES[exercise])
    words = {"0.03": "training loss after 500", "0.02519": "test loss after 500", "2380":
             "test loss starts to rise, epoch", "4000": "test loss above training loss, epoch",
             "0.9": "test accuracy in the 500th", "0.02696": "test loss in the 500th",
             "0.3298": "test loss in the 500th"}
    for (name, digits, *where), (sentence, number, *meant) in zip(results, SENTENCES[exercise]):
        assert number in sentence and where == meant
        assert digits == ("near 4000" if number == "4000" else number)
        assert any(name.startswith(words[k]) for k in words if number.startswith(k))


@pytest.mark.parametrize("epochs", [10_000, 500, 499, 498])
@pytest.mark.parametrize("exercise", "ABC")
def test_table(exercise, epochs, few, capsys):
    """Row by row: the report's digits, and this run's of the same epoch, if it got that far."""
    run = made_up_run(exercise, epochs)
    run.marks = {"test loss starts to rise, epoch": 2000}
    run.print_table()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["report", "this", "run"]
    for line, (name, digits, quantity, epoch) in zip(lines[2:], common.REPORT[exercise][1]):
        ours = run.marks.get(name, "-")
        if epoch:
            ours = getattr(run, quantity)[epoch] if epoch <= epochs else "-"
        assert line == f"{name:36} {digits:>20} {ours:>20}"
    assert lines[-4].split() == ["this", "run,", "epoch", str(epochs), "training", "test"]
    assert lines[-3].split() == ["loss", repr(run.loss[-1]), repr(run.test_loss[-1])]
    assert lines[-2].split() == ["accuracy", repr(run.accuracy[-1]), repr(run.test_accuracy[-1])]


@pytest.mark.parametrize("epochs", [600, 20, 1])
@pytest.mark.parametrize("name", SCRIPTS)
def test_main_draws_its_own_numbers_with_the_reports(name, epochs, few):
    module = load(ROOT / f"{name}.py")
    module.EPOCHS = epochs
    run, W, *_ = module.main()
    assert set(few) == {*CURVES[name], OTHERS[name]}
    assert name != A or run.marks == module.overfitting(run)
    for figure, (quantity, first, last) in CURVES[name].items():
        last = min(last or epochs, epochs)
        first = first if first < last else last // 2
        axes, = few[figure].axes
        curves = [line for line in axes.lines if line.get_linestyle() in ("-", "--")]
        for line, key, label in zip(curves, (quantity, f"test_{quantity}"), ("training", "test"),
                                    strict=True):
            assert list(line.get_xdata()) == list(range(first, last + 1))
            assert list(line.get_ydata()) == getattr(run, key)[first:last + 1]
            assert line.get_label() == f"{label}: {getattr(run, key)[last]:#.4g} at the end"
        training, test = curves
        assert training.get_linestyle() != test.get_linestyle()
        assert abs(np.subtract(to_rgb(training.get_color()), to_rgb(test.get_color()))).max() > 0.5
        for line in axes.lines:  # the points have the colours of their curves
            if line.get_label().startswith(("training", "test:", "test,")):
                curve = training if line.get_label().startswith("training") else test
                assert line.get_color() == curve.get_color()
        assert few[figure].dpi == 160 and few[figure].get_layout_engine()
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", quantity)
        assert axes.get_xscale() == axes.get_yscale() == "linear"
        assert axes.get_title().startswith(f"Fig. {figure[3:5]}: ")
        assert axes.get_title().endswith(f", epochs {first:,} to {last:,}")
        assert axes.get_legend() and axes.xaxis.get_gridlines()[0].get_visible()
        assert all(tick == int(tick) for tick in axes.get_xticks()), "half an epoch"
        points = {(line.get_xdata()[0], line.get_ydata()[0], line.get_label())
                  for line in axes.lines if line.get_linestyle() == "None"}
        names = {quantity: "training", f"test_{quantity}": "test"}
        assert points == {(epoch, float(number), f"{names[key]}, report: {float(number):#.4g}")
                          for _, number, key, epoch in SENTENCES["ABC"[SCRIPTS.index(name)]]
                          if key in names and first <= epoch <= last}
    if name != C:
        picture = few[OTHERS[name]].axes[0].images[0].get_array()
        np.testing.assert_array_equal(picture, W[0].reshape(28, 28))
    else:
        misread = round((1 - run.test_accuracy[-1]) * 200)
        matrix, first, *_ = few[OTHERS[C]].axes
        assert matrix.get_title() == f"Fig. 4c: {misread} of 200 test images misread"
        _, (X_test, labels_test) = common.load_mnist()
        image = first.images[0].get_array().reshape(784)
        assert first.get_title()[0] in {str(k) for k in labels_test[(X_test == image).all(axis=1)]}


def test_overfitting_is_found_and_marked(few):
    module, run = load(ROOT / f"{A}.py"), made_up_run()
    run.test_loss = [0.5 + abs(epoch - 2000) / 1e5 for epoch in range(10_001)]
    run.loss = [0.51] * 10_001
    run.marks = module.overfitting(run)
    assert run.marks == {"test loss starts to rise, epoch": 2000,
                         "test loss above training loss, epoch": 3001}
    assert set(run.marks) == {name for name, _, quantity, _ in run.results if quantity == "marks"}
    for quantity, first, last, epochs in (("loss", 10, 9000, [2000, 3001]), ("accuracy", 1, 9, []),
                                          ("loss", 2500, 9000, [3001]), ("loss", 1, 2500, [2000])):
        common.draw_curves(run, "curves.png", quantity, "title", first, last)
        lines = [line for line in few["curves.png"].axes[0].lines
                 if line.get_linestyle() in (":", "-.") and list(line.get_ydata()) == [0, 0.5]]
        assert [line.get_xdata()[0] for line in lines] == epochs
        assert [line.get_label() for line in lines] == [
            f"{name} {epoch}" for name, epoch in run.marks.items() if epoch in epochs]
        assert len({line.get_linestyle() for line in lines}) == len(lines)
    run.test_loss = [abs(epoch - 9901) for epoch in range(10_001)]
    assert module.overfitting(run) == {}, "a rise counts if it has lasted 100 epochs"
    run.test_loss = [abs(epoch - 9900) for epoch in range(10_001)]
    assert module.overfitting(run)["test loss starts to rise, epoch"] == 9900
    run.loss = run.test_loss = [1.0] * 50
    assert module.overfitting(run) == {}


@pytest.mark.parametrize("name", SCRIPTS)
def test_settings_that_are_not_the_reports_are_said(name, few, capsys):
    """In table and figures, just those that the report's own list has; its points are left out."""
    module = load(ROOT / f"{name}.py")
    module.EPOCHS = 1
    module.main()
    assert "not the report's" not in capsys.readouterr().out
    assert not any(figure.get_supxlabel() for figure in few.values())
    changes = {key: value for key, value in {
        "DIGIT": 3, "HIDDEN_UNITS": 5, "LEARNING_RATE": 0.25, "INIT_RANGE": 0.5, "SEED": 7,
        "SHARED_BIAS": False}.items() if hasattr(module, key)}
    vars(module).update(changes, PRECISION=np.float64, EPOCHS=510)
    module.main()
    note = "not the report's settings: "
    line, = [line for line in capsys.readouterr().out.splitlines() if line.startswith(note)]
    assert sorted(line.removeprefix(note).split(", ")) == sorted(f"{key} = {value}" for key, value
                                                                 in changes.items())
    for figure in few.values():
        assert figure.get_supxlabel() == line
        box = figure._supxlabel.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, "the note does not fit"
    for figure in CURVES[name]:
        assert not [line for line in few[figure].axes[0].lines if line.get_linestyle() == "None"]


def test_weights_are_pictures_row_by_row(few):
    """The weight of the pixel in row r and column c of unit u shows there in the u-th picture."""
    for units, unit, row, column in ((1, 0, 3, 20), (64, 10, 27, 5), (5, 4, 0, 1)):
        W = np.zeros((units, 784))
        W[unit, 28 * row + column] = 1
        common.draw_weights(made_up_run(epochs=1), "weights.png", W, "title")
        cells = few["weights.png"].axes
        for k in range(units):
            image, = cells[k].images
            assert image.get_array()[row, column] == (k == unit) and image.origin == "upper"
            assert image.get_array().sum() == (k == unit) and image.get_clim() == (-1, 1)
        assert few["weights.png"].get_suptitle() == "title" and cells[-1].get_ylabel() == "weight"
    W = np.arange(-783, 785).reshape(2, 784)  # the colours end where 95 % of the weights do
    common.draw_weights(made_up_run(epochs=1), "weights.png", W, "title")
    lowest, highest = few["weights.png"].axes[0].images[0].get_clim()
    assert highest == -lowest and np.mean(abs(W) <= highest) == pytest.approx(0.95, abs=0.001)


def test_confusion_matrix(few):
    """Counted by hand on six images; the most confident mistakes first, with their labels."""
    module, run = load(ROOT / f"{C}.py"), made_up_run("C", epochs=1)
    labels = np.array([3, 3, 3, 7, 7, 0], np.uint8)
    predicted, confidence = [3, 5, 8, 7, 1, 0], [0.9, 0.6, 0.8, 0.9, 0.7, 0.9]
    outputs = np.zeros((6, 10))
    outputs[range(6), predicted] = confidence
    X = np.zeros((6, 784))
    X[range(6), range(6)] = 1  # the i-th image has its i-th pixel lit
    module.draw_confusion_matrix(run, "matrix.png", outputs, X, labels)
    matrix, *cells = few["matrix.png"].axes
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
        module.draw_confusion_matrix(run, "matrix.png", np.eye(10)[[2] * images], X[[0] * images],
                                     np.full(images, 2))
        matrix, *_ = few["matrix.png"].axes
        count, = [text for text in matrix.texts if text.get_text()]
        assert count.get_text() == str(images) and count.get_color() == color
        shade = matrix.images[0].norm(matrix.images[0].get_array()[2, 2])
        assert shade > 0.6 if color == "white" else shade < 0.6


@pytest.mark.filterwarnings("error")
def test_figures_are_the_same_whatever_the_users_settings(monkeypatch, tmp_path):
    """And those settings are the same afterwards."""
    monkeypatch.setattr(common, "ROOT", tmp_path)
    run, W = made_up_run("A", 20), np.random.default_rng(0).normal(size=(3, 784))
    pictures = []
    for rc in ({}, {"text.usetex": True, "font.size": 30, "savefig.dpi": 10, "lines.marker": "o",
                    "figure.autolayout": True, "axes.prop_cycle": "cycler('color', ['r'])"}):
        with matplotlib.rc_context(rc):
            before = dict(matplotlib.rcParams)
            common.draw_curves(run, "figures/curves.png", "loss", "title")
            common.draw_weights(run, "figures/weights.png", W, "title")
            assert dict(matplotlib.rcParams) == before
        pictures.append([(tmp_path / "figures" / name).read_bytes()
                         for name in ("curves.png", "weights.png")])
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("name", SCRIPTS)
def test_everything_has_the_precision_and_the_range_that_the_script_says(name, precision, few):
    module, seen = load(ROOT / f"{name}.py"), []
    module.PRECISION, module.INIT_RANGE, module.EPOCHS = precision, 0.25, 1
    for weight in module.initial_weights()[::2]:
        assert 0.2 < abs(weight).max() <= 0.25 and weight.min() < -0.05 and weight.max() > 0.05
    backward_propagation = module.backward_propagation

    def watched(*arguments):
        results = backward_propagation(*arguments)
        seen.extend([*arguments, *results])
        return results

    module.backward_propagation = watched
    run, *weights = module.main()
    assert {array.dtype for array in [*seen, *weights]} == {np.dtype(precision)}
    assert all(type(loss) is float for loss in run.loss + run.test_loss + run.test_accuracy)


def test_initial_weights_are_the_reports():
    """Drawn by hand: the generator, the shuffle of the report, W1 before W2; the biases."""
    biases = {A: [0.0001], B: [0.0001, 0.0002], C: [0.001, 0.002]}
    for name in SCRIPTS:
        module = load(ROOT / f"{name}.py")
        module.PRECISION = np.float64
        np.random.seed(138)
        np.random.permutation(60_000)
        weights = module.initial_weights()
        for W in weights[::2]:
            np.testing.assert_array_equal(W, np.random.uniform(-0.05, 0.05, W.shape))
        assert [b.tolist() for b in weights[1::2]] == [[b] for b in biases[name]]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_seed_gives_the_same_numbers_to_the_last_bit(name, few):
    module, runs = load(ROOT / f"{name}.py"), []
    module.EPOCHS = 3
    for module.SEED in (5, 5, 6):
        runs.append(module.main()[0])
    assert runs[0].test_loss == runs[1].test_loss and runs[0].accuracy == runs[1].accuracy
    assert runs[0].test_loss != runs[2].test_loss
