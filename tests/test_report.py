"""Do the runs of the report give the report's numbers, to the last digit?"""
import pytest
from conftest import SCRIPTS
from test_scripts import edit, run, table

pytestmark = pytest.mark.full
A, B, C = SCRIPTS


def train(folder, name, epochs, precision="float32"):
    """Return the table of a run on all of MNIST, {row: (report, this run)}, in numbers."""
    edit(folder, name, "PRECISION = np.float32", f"PRECISION = np.{precision}")
    status, output, errors = run(folder, name, "--epochs", str(epochs))
    assert (status, errors) == (0, "")
    return {row: (float(report), float(ours)) for row, (report, ours) in table(output, name).items()
            if ours != "-"}


@pytest.mark.parametrize("precision, epochs, tolerance", [("float32", 2500, 3e-8),
                                                          ("float64", 500, 1e-14)])
def test_a(whole_folder, precision, epochs, tolerance):
    rows = train(whole_folder, A, epochs, precision)
    for row in ("training loss after 500 epochs", "test loss after 500 epochs"):
        report, ours = rows[row]
        assert abs(ours - report) <= tolerance, row
    if epochs > 2400:
        assert 2370 <= rows["test loss starts to rise, epoch"][1] <= 2400


@pytest.mark.parametrize("name, decimals", [(B, 5), (C, 4)])
def test_b_and_c(whole_folder, name, decimals):
    rows = train(whole_folder, name, 499)
    for row, digits in (("test accuracy in the 500th epoch", 4),
                        ("test loss in the 500th epoch", decimals)):
        report, ours = rows[row]
        assert round(ours, digits) == report, row
