"""Patient columns go with a comparison, from the table of a loader to a file of JSON and back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from sklearn.naive_bayes import GaussianNB

from skmedimg import IntensityHistogram, compare, load_image_table
from skmedimg.evaluation import Comparison
from skmedimg.pipeline import make_pipeline

Y = np.repeat([0, 1], 12)
X = np.random.default_rng(0).normal(Y[:, None], 1, size=(24, 2))
PATIENTS = np.arange(24) // 2
COLUMNS = pd.DataFrame(
    {
        "age": np.repeat([30.5, np.nan, 60, 70], 6),
        "sex": pd.Categorical(["f", "m", None] * 8),
        "smoker": [True, False] * 12,
        "visits": range(24),
    }
)
QUIET = {"cv": 3, "repeats": 1, "random_state": 0, "verbose": 0, "audit": False}


def compared(columns=COLUMNS, **options):
    return compare({"bayes": GaussianNB()}, X, Y, columns=columns, **QUIET, **options)


def test_columns_are_kept_as_numbers_and_text_and_leave_the_digest_alone():
    found = compared().columns
    assert found.age.equals(COLUMNS.age)
    assert found.visits.tolist() == list(range(24))
    assert found.smoker.tolist()[:2] == ["True", "False"]
    assert found.sex.isna().tolist() == COLUMNS.sex.isna().tolist()
    assert compared().digest == compared(None).digest


def test_columns_of_polars_and_of_a_dict_are_the_same():
    ages = [30.5] * 6 + [None] * 6 + [60.0] * 6 + [70.0] * 6
    lists = {"age": ages, "sex": ["f", "m", None] * 8, "smoker": [True, False] * 12}
    found = compared(pl.DataFrame(lists | {"visits": range(24)})).columns
    pd.testing.assert_frame_equal(found, compared().columns, check_dtype=False)
    pd.testing.assert_frame_equal(
        compared(COLUMNS.to_dict("list")).columns, compared().columns, check_dtype=False
    )


def test_columns_come_back_from_json(tmp_path):
    result = compared()
    result.to_json(tmp_path / "result.json")
    again = Comparison.from_json(tmp_path / "result.json")
    pd.testing.assert_frame_equal(again.columns, result.columns)


def test_a_file_without_columns_can_be_read(tmp_path):
    path = tmp_path / "old.json"
    compared(None).to_json(path)
    text = path.read_text("utf-8")
    for gone in ('"columns": null, ', '"files": null, ', '"load_report": null, '):
        assert gone in text
        text = text.replace(gone, "")
    path.write_text(text, "utf-8")
    assert Comparison.from_json(path).columns is None


def test_patients_have_the_value_that_their_images_share():
    columns = {"sex": ["f", None] * 2 + ["m", "f"] + ["m"] * 18, "age": np.repeat(range(12), 2)}
    found = compared(columns, groups=PATIENTS).by_patient()
    assert found.columns.sex.fillna("?").tolist() == ["f", "f", "?"] + ["m"] * 9
    assert found.columns.age.tolist() == list(range(12))
    assert any("sex differ between images" in str(each) for each in found.warnings)


def test_a_table_gives_its_columns_its_files_and_what_was_left_out(tmp_path):
    for number in range(8):
        shade = np.full((16, 16), 20 * number + 9 * (number % 3), dtype=np.uint8)
        Image.fromarray(shade).save(tmp_path / f"{number}.png")
    (tmp_path / "8.png").write_bytes(b"damaged")
    table = pd.DataFrame(
        {
            "path": [f"{number}.png" for number in range(9)],
            "label": ["well"] * 4 + ["ill"] * 5,
            "age": range(40, 49),
            "sex": ["f", "m", "f"] * 3,
        }
    )
    table.loc[2, "label"] = None
    data = load_image_table(table, columns=["sex", "age"], root=tmp_path, on_error="skip-report")
    assert data.columns.to_dict("list") == {
        "sex": ["f", "m", "f", "m", "f", "f", "m"],
        "age": [40, 41, 43, 44, 45, 46, 47],
    }
    model = make_pipeline(IntensityHistogram(image_shape=(16, 16)), GaussianNB())
    result = compare(
        model,
        data,
        pos_label="ill",
        **{**QUIET, "cv": 2},
    )
    assert result.files.tolist() == ["0.png", "1.png", *(f"{n}.png" for n in range(3, 8))]
    result.to_json(tmp_path / "result.json")
    again = Comparison.from_json(tmp_path / "result.json")
    assert again.files.tolist() == result.files.tolist()
    assert str(again.load_report) == str(data.report)
    assert again.load_report.skipped == data.report.skipped


def test_without_columns_a_table_has_none(tmp_path):
    for number in range(2):
        Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
    table = pd.DataFrame({"path": ["0.png", "1.png"], "label": [0, 1]})
    assert load_image_table(table, root=tmp_path).columns is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (COLUMNS[:5], "columns has 5 rows, but y has 24"),
        ({"a": [[1, 2]] * 24}, "row 0 holds"),
        (pd.DataFrame(np.zeros((24, 2))), "names of text"),
        (3, "needs a DataFrame"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, words):
    with pytest.raises((TypeError, ValueError), match=words):
        compared(columns)
