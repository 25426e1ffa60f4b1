"""Do the runs of the report give the report's numbers?"""
import pytest
from test_scripts import finish, folder, start, table


@pytest.mark.report
@pytest.mark.parametrize("name, epochs", [("lab2_skeleton", 4200), ("lab2_2_skeleton", 500),
                                          ("lab2_3_skeleton", 500)])
def test_the_reports_numbers(folder, name, epochs):
    """Losses within 3 %, accuracies within 0.15 percentage points, over-fitting where it was."""
    status, output, errors = finish(start(folder, name, "--epochs", str(epochs)))
    assert (status, errors) == (0, "")
    for row, (report, found) in table(output, name).items():
        lowest, highest = {"test loss starts to rise, epoch": (2200, 2500),
                           "test loss above training loss, epoch": (3800, 4200),
                           "test accuracy, epoch 500": (report - 0.0015, report + 0.0015),
                           }.get(row, (0.97 * report, 1.03 * report))
        assert lowest <= found <= highest, f"{name}: {row}: {found}, but {report} in the report"
