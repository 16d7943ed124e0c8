"""Folders and tables become aligned paths, labels, patients and masks; nothing goes silently."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.utils import Bunch

from skmedimg import load_image_folder, load_image_table
from skmedimg.datasets import CHEST_XRAY_PATIENT
from skmedimg.images import ImageReadError


@pytest.fixture
def write(tmp_path):
    """Write small images below the temporary folder, and return that folder."""

    def writer(*names, root="data"):
        for k, name in enumerate(names):
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), k).save(path, format=None if path.suffix else "PNG")
        return tmp_path / root

    return writer


def names(data, root):
    return [Path(path).relative_to(root).as_posix() for path in data.paths]


def test_folders_are_classes(write):
    root = write("sick/b.png", "healthy/a.png", "sick/a.jpg")
    data = load_image_folder(root)
    assert names(data, root) == ["healthy/a.png", "sick/a.jpg", "sick/b.png"]
    assert data.target.tolist() == ["healthy", "sick", "sick"]
    assert data.target_names.tolist() == ["healthy", "sick"]
    assert (data.groups, data.masks, data.split) == (None, None, None)
    assert data.report.class_counts == {"healthy": 1, "sick": 2}


def test_scikit_learn_lists_the_same_files_and_labels(write):
    from sklearn.datasets import load_files

    root = write("b/1.png", "a/2.png", "c/3.png", "a/1.png")
    data, theirs = load_image_folder(root), load_files(root, load_content=False, shuffle=False)
    assert dict(zip(data.paths, data.target, strict=True)) == dict(
        zip(theirs.filenames, np.array(theirs.target_names)[theirs.target], strict=True)
    )
    assert data.target_names.tolist() == theirs.target_names


def test_nested_folders_belong_to_their_class(write):
    root = write("sick/p1/left/a.png", "sick/p2/a.png", "well/a.png")
    data = load_image_folder(root, group_pattern=r"p\d|well")
    assert data.target.tolist() == ["sick", "sick", "well"]
    assert data.groups.tolist() == ["p1", "p2", "well"]


def test_train_and_test_folders_are_a_split_and_no_classes(write):
    root = write("Train/sick/a.png", "Train/well/a.png", "val/sick/b.png", "val/well/c.png",
                 "test/sick/d.png", "test/well/e.png")  # fmt: skip
    data = load_image_folder(root)
    assert data.target_names.tolist() == ["sick", "well"]
    assert data.split.tolist() == ["train", "train", "test", "test", "validation", "validation"]
    assert data.target.tolist() == ["sick", "well"] * 3
    assert "test: 2, train: 2, validation: 2" in str(data.report)
    merged = load_image_folder(root, merge_validation=True)
    assert merged.split.tolist() == ["train", "train", "test", "test", "train", "train"]
    assert merged.paths.tolist() == data.paths.tolist()


def test_a_split_beside_classes_is_refused(write):
    with pytest.raises(ValueError, match="'train' beside 'sick'.*unclear"):
        load_image_folder(write("train/sick/a.png", "sick/a.png"))


def test_a_class_missing_from_a_part_is_reported(write):
    root = write("train/a/1.png", "train/b/1.png", "test/a/2.png")
    with pytest.warns(UserWarning, match="'b' have no image in 'test'"):
        data = load_image_folder(root)
    assert any("'b' have no image" in text for text in data.report.warnings)


def test_hidden_files_and_other_files_are_ignored_and_listed(write):
    root = write("a/1.png", "b/2.png", "a/.hidden.png", "a/.cache/3.png", "b/__MACOSX/4.png")
    (root / "a" / "Thumbs.db").touch()
    (root / "notes.txt").write_text("notes")
    data = load_image_folder(root)
    assert names(data, root) == ["a/1.png", "b/2.png"]
    ignored = {Path(path).name: reason for path, reason in data.report.ignored}
    assert ignored == {
        ".hidden.png": "hidden file", ".cache": "hidden folder", "__MACOSX": "hidden folder",
        "Thumbs.db": "hidden file", "notes.txt": "not an image file",
    }  # fmt: skip
    assert "notes.txt: not an image file" in str(data.report)


def test_names_with_spaces_and_accents_are_kept(write):
    root = write("tumeur présente/tête 1 (1).png", "非/a b.png", root="données IRM")
    data = load_image_folder(root)
    assert names(data, root) == ["tumeur présente/tête 1 (1).png", "非/a b.png"]
    assert all(os.path.isfile(path) for path in data.paths)


def test_links_out_of_the_folder_are_refused_or_skipped(write, tmp_path):
    root = write("a/1.png", "b/2.png")
    outside = write("secret.png", root="elsewhere")
    (root / "a" / "link.png").symlink_to(outside / "secret.png")
    with pytest.raises(ValueError, match=r"link\.png' is a link that leaves the folder.*secret"):
        load_image_folder(root)
    (root / "b" / "all").symlink_to(outside)
    data = load_image_folder(root, on_error="skip-report")
    assert names(data, root) == ["a/1.png", "b/2.png"]
    assert sorted(Path(path).name for path, _ in data.report.skipped) == ["all", "link.png"]


def test_a_folder_next_door_with_the_same_beginning_is_outside(write):
    root = write("a/1.png", "b/2.png")
    (root / "a" / "link.png").symlink_to(write("x.png", root="data2") / "x.png")
    with pytest.raises(ValueError, match="leaves the folder"):
        load_image_folder(root)


def test_links_within_the_folder_are_followed_once(write):
    root = write("a/1.png", "b/2.png", ".annex/3.png")
    (root / "b" / "3.png").symlink_to(root / ".annex" / "3.png")
    (root / "b" / "loop").symlink_to(root)
    data = load_image_folder(root)
    assert names(data, root) == ["a/1.png", "b/2.png", "b/3.png"]
    assert any(path.endswith("loop") for path, _ in data.report.ignored)


def test_an_empty_class_folder_is_warned_of(write):
    root = write("a/1.png", "b/2.png")
    (root / "c" / "deeper").mkdir(parents=True)
    with pytest.warns(UserWarning, match="'c' hold no images"):
        data = load_image_folder(root)
    assert data.target_names.tolist() == ["a", "b"]


def test_one_class_is_refused_with_the_way_out(write):
    root = write("a/1.png", "a/2.png")
    with pytest.raises(ValueError, match="one class, 'a'.*labels_from=None"):
        load_image_folder(root)
    assert load_image_folder(root, labels_from=None).target is None


def test_images_without_class_folders_are_refused_with_the_way_out(write):
    root = write("1.png", "2.png")
    with pytest.raises(ValueError, match=r"no folder per class: '1\.png', '2\.png'.*labels_from"):
        load_image_folder(root)


def test_images_beside_the_class_folders_are_refused_or_skipped(write):
    root = write("a/1.png", "b/2.png", "stray.png")
    with pytest.raises(ValueError, match=r"1 images have no class: .*stray\.png"):
        load_image_folder(root)
    data = load_image_folder(root, on_error="skip-report")
    assert len(data.paths) == len(data.target) == 2
    assert data.report.skipped == [(str(root / "stray.png"), "no class")]


def test_classes_that_differ_in_case_alone_are_refused(write):
    with pytest.raises(ValueError, match="'Normal', 'normal' differ only in case"):
        load_image_folder(write("Normal/1.png", "normal/2.png", "sick/3.png"))


def test_names_that_occur_in_several_classes_are_reported(write):
    data = load_image_folder(write("a/1.png", "b/1.png", "b/2.png"))
    assert data.report.warnings == ["1 file names occur in several folders: '1.png'."]


def test_an_empty_folder_and_no_folder_are_refused(tmp_path, write):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.md").touch()
    with pytest.raises(ValueError, match="holds no images"):
        load_image_folder(tmp_path / "empty")
    with pytest.raises(NotADirectoryError, match="missing' is not a folder"):
        load_image_folder(tmp_path / "missing")
    with pytest.raises(NotADirectoryError, match=r"1\.png' is not a folder"):
        load_image_folder(write("a/1.png") / "a" / "1.png")


def test_labels_may_come_from_a_function(write):
    root = write("p1_sick.png", "p2_well.png", "p3_sick.png")
    data = load_image_folder(root, labels_from=lambda path: path.stem.split("_")[1])
    assert data.target.tolist() == ["sick", "well", "sick"]


@pytest.mark.parametrize("damage", [b"", b"no image at all", None])
def test_damaged_files_are_named_or_skipped_with_their_label(write, damage):
    root = write("a/1.png", "a/2.png", "b/3.png", "b/4.png")
    whole = (root / "a" / "2.png").read_bytes()
    (root / "a" / "2.png").write_bytes(whole[:-25] if damage is None else damage)
    with pytest.raises(ImageReadError, match=r"2\.png"):
        load_image_folder(root)
    data = load_image_folder(root, group_pattern=r"\d", on_error="skip-report")
    assert names(data, root) == ["a/1.png", "b/3.png", "b/4.png"]
    assert (data.target.tolist(), data.groups.tolist()) == (["a", "b", "b"], ["1", "3", "4"])
    assert [Path(path).name for path, _ in data.report.skipped] == ["2.png"]
    assert "skipped, since they cannot be used: 1" in str(data.report)
    assert len(load_image_folder(root, verify=False).paths) == 4


def test_a_class_of_damaged_files_alone_leaves_one_class(write):
    root = write("a/1.png", "b/2.png")
    (root / "b" / "2.png").write_bytes(b"")
    with pytest.raises(ValueError, match="one class, 'a'"):
        load_image_folder(root, on_error="skip-report")


def test_dicom_without_a_suffix_is_found(write):
    root = write("a/1.png", "b/2.png")
    (root / "a" / "IM000001").write_bytes(b"\0" * 128 + b"DICM")
    (root / "a" / "README").write_text("no DICOM")
    data = load_image_folder(root, verify=False)
    assert names(data, root) == ["a/1.png", "a/IM000001", "b/2.png"]
    assert [Path(path).name for path, _ in data.report.ignored] == ["README"]


@pytest.mark.parametrize(
    ("pattern", "patients"),
    [
        (r"p\d+", ["p1", "p12", "p1"]),
        (r"(?P<patient>p\d+)_", ["p1", "p12", "p1"]),
        (r"(?P<patient>[ab])/(?P<patient2>p\d+)", ["a_p1", "b_p12", "b_p1"]),
        (r"p\d+(_left)?", ["p1_left", "p12_left", "p1"]),
    ],
)
def test_the_match_of_the_pattern_is_the_patient(write, pattern, patients):
    root = write("a/p1_left.png", "b/p1_right.png", "b/p12_left.png")
    assert load_image_folder(root, group_pattern=pattern).groups.tolist() == patients


def test_groups_that_would_join_images_are_warned_of_without_the_name_patient(write):
    root = write("a/p1_1.png", "a/p1_2.png", "b/p2_3.png")
    with pytest.warns(UserWarning, match=r"the patient: 3 patients.*\(\?P<patient>.*these 2 are"):
        assert len({*load_image_folder(root, group_pattern=r"(p\d)_\d").groups}) == 3


def test_a_pattern_with_an_optional_group_keeps_patients_apart(write):
    # The natural pattern for these names, of which 3 of 4 patients lack the group.
    names = [f"a/IM-{k:04d}-0001.jpeg" for k in range(9)]
    names += [f"b/NORMAL2-IM-{k:04d}-0001.jpeg" for k in range(9)] + ["b/person1_virus_6.jpeg"]
    pattern = r"person\d+_[a-z]+|(NORMAL2-)?IM-\d+"
    assert load_image_folder(write(*names), group_pattern=pattern).report.n_groups == 19


def test_images_per_patient_are_reported_and_one_with_many_warned_of(write):
    root = write(*(f"a/p{k}_{k}.png" for k in range(9)), *(f"b/p9_{k}.png" for k in range(10)))
    with pytest.warns(UserWarning, match=r"10 of 19 images \(53%\) are of one patient, 'p9'"):
        data = load_image_folder(root, group_pattern=r"p\d")
    assert data.report.images_per_group == (1, 10, "p9")
    assert "images per patient: median 1, at most 10 ('p9')" in str(data.report)


@pytest.mark.parametrize(
    ("name", "files", "patients"),
    [
        ("chestx-ray14", ["00000013_005.png", "00000013_006.png"], ["00000013"] * 2),
        ("chexpert", ["patient00007/study1/view1.jpg"], ["patient00007"]),
        ("oct", ["CNV-1016-12.jpeg", "NORMAL-1016-1.jpeg"], ["CNV-1016", "NORMAL-1016"]),
    ],
)
def test_patterns_have_names(write, name, files, patients):
    data = load_image_folder(write(*files), group_pattern=name, labels_from=None)
    assert data.groups.tolist() == patients


def test_a_pattern_that_misses_an_image_is_refused(write):
    root = write("a/p1.png", "b/q2.png")
    with pytest.raises(ValueError, match=r"no patient in 1 of 2 paths: 'b/q2\.png'"):
        load_image_folder(root, group_pattern=r"p\d")
    with pytest.raises(ValueError, match="no patient in 2 of 2 paths"):  # "" would be one patient
        load_image_folder(root, group_pattern=r"(?:p\d)?")
    with pytest.raises(ValueError, match=r"group_pattern=.* is not a regular expression"):
        load_image_folder(root, group_pattern="(")


def test_the_chest_pattern_tells_bacteria_and_virus_patients_apart(write):
    root = write(
        "NORMAL/IM-0001-0001.jpeg", "NORMAL/NORMAL2-IM-0001-0001.jpeg",
        "NORMAL/IM-0001-0001-0002.jpeg", "PNEUMONIA/person12_bacteria_34.jpeg",
        "PNEUMONIA/person12_bacteria_35.jpeg", "PNEUMONIA/person12_virus_7.jpeg",
    )  # fmt: skip
    data = load_image_folder(root, group_pattern="chest-xray")
    assert data.groups.tolist() == [
        "IM-0001", "IM-0001", "NORMAL2-IM-0001",
        "person12_bacteria", "person12_bacteria", "person12_virus",
    ]  # fmt: skip


def test_the_real_chest_set_has_no_patient_on_both_sides(medical_data):
    data = load_image_folder(
        medical_data / "chest_pneumonia", group_pattern=CHEST_XRAY_PATIENT, verify=False
    )
    counts = pd.crosstab(data.split, data.target)
    assert counts.loc["train"].tolist() == [1341, 3875]
    assert counts.loc["test"].tolist() == [234, 390]
    assert not {*data.groups[data.split == "train"]} & {*data.groups[data.split == "test"]}


@pytest.mark.parametrize("mask", ["a/1.png", "a/1_mask.tif", "a/1-Seg.png", "other/1.gif", "1.bmp"])
def test_masks_are_found_by_name(write, mask):
    root = write("a/1.png", "b/2.png")
    masks = write(mask, "b/2 mask.png", root="masks")
    data = load_image_folder(root, mask_root=masks)
    assert [Path(path).relative_to(masks).as_posix() for path in data.masks] == [
        mask, "b/2 mask.png"
    ]  # fmt: skip


def test_masks_below_the_images_are_no_images(write):
    root = write("1.png", "2.png", "masks/1.png", "masks/2.png")
    data = load_image_folder(root, mask_root=root / "masks")
    assert names(data, root) == ["1.png", "2.png"]
    assert data.target is None
    assert names_of(data.masks) == ["1.png", "2.png"]


def names_of(paths):
    return [Path(path).name for path in paths]


def test_a_missing_mask_is_named_or_its_image_skipped(write):
    root = write("a/1.png", "a/2.png", "b/3.png")
    masks = write("a/1.png", "b/3.png", "b/unused.png", root="masks")
    with pytest.raises(ValueError, match=r"1 images have no mask: .*2\.png"):
        load_image_folder(root, mask_root=masks)
    data = load_image_folder(root, mask_root=masks, on_error="skip-report")
    assert names_of(data.paths) == names_of(data.masks) == ["1.png", "3.png"]
    assert any("unused.png" in text for text in data.report.warnings)


def test_two_masks_for_an_image_are_refused(write):
    root = write("a/1.png", "b/2.png")
    masks = write("a/1.png", "a/1_mask.png", "b/2.png", root="masks")
    with pytest.raises(ValueError, match=r"'a/1\.png' has 2 masks"):
        load_image_folder(root, mask_root=masks)


def test_a_damaged_mask_is_found(write):
    root = write("a/1.png", "b/2.png")
    masks = write("a/1.png", "b/2.png", root="masks")
    (masks / "b" / "2.png").write_bytes(b"")
    with pytest.raises(ImageReadError, match=r"masks/b/2\.png' is empty"):
        load_image_folder(root, mask_root=masks)


def test_a_progress_bar_is_shown_on_request(write, capsys):
    load_image_folder(write("a/1.png", "b/2.png"), verbose=1)
    assert "Checking: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [{"on_error": "skip"}, {"labels_from": "name"}, {"verify": 2}, {"group_pattern": 3}],
    ids=str,
)
def test_wrong_options_are_named(write, option):
    with pytest.raises(ValueError, match=f"'{next(iter(option))}' parameter of load_image_folder"):
        load_image_folder(write("a/1.png", "b/2.png"), **option)


TABLE = pd.DataFrame({
    "file": ["x/1.png", "2.png", "3.png"], "finding": ["nodule", "none", "none"],
    "patient": ["007", "007", "8"], "outline": ["m/1.png", "m/2.png", "m/3.png"],
})  # fmt: skip
COLUMNS = {"path": "file", "label": "finding", "group": "patient", "mask": "outline"}


@pytest.fixture
def table_root(write):
    return write(*TABLE.file, *TABLE.outline)


def test_tables_keep_their_order_and_columns(table_root):
    data = load_image_table(TABLE, **COLUMNS, root=table_root)
    assert names(data, table_root) == TABLE.file.tolist()
    assert data.target.tolist() == TABLE.finding.tolist()
    assert data.groups.tolist() == TABLE.patient.tolist()
    assert names_of(data.masks) == ["1.png", "2.png", "3.png"]
    assert data.report.n_groups == 2


def test_a_csv_file_reads_like_its_table_and_patients_keep_their_zeros(table_root):
    TABLE.to_csv(table_root / "labels.csv", index=False)
    data = load_image_table(table_root / "labels.csv", **COLUMNS)
    expected = load_image_table(TABLE, **COLUMNS, root=table_root)
    assert data.paths.tolist() == expected.paths.tolist()
    assert data.groups.tolist() == ["007", "007", "8"]
    np.testing.assert_array_equal(data.target, expected.target)


@pytest.mark.parametrize("leave", [os.path.relpath, os.path.abspath, "link", "folder link"])
def test_files_that_a_csv_file_names_outside_its_folder_are_warned_of(table_root, write, leave):
    outside = write("secret.png", root="elsewhere") / "secret.png"
    if leave == "link":
        (table_root / "linked.png").symlink_to(outside)
        place = "linked.png"
    elif leave == "folder link":
        (table_root / "linked").symlink_to(outside.parent)
        place = "linked/secret.png"
    else:
        place = leave(outside, table_root) if leave is os.path.relpath else leave(outside)
    table = TABLE.assign(file=[place, *TABLE.file[1:]])
    table.to_csv(table_root / "labels.csv", index=False)
    with pytest.warns(UserWarning, match=r"1 files are not below .*(secret|linked)\.png"):
        data = load_image_table(table_root / "labels.csv", **COLUMNS)
    assert "1 files are not below the folder" in str(data.report)


@pytest.mark.parametrize("verify", [True, False])
def test_paths_of_a_table_without_a_meaning_are_named(table_root, verify):
    table = TABLE.assign(file=["1.png", "2\0.png", "3.png"])
    with pytest.raises(ValueError, match="Column 'file' of the table needs paths, but row 1 holds"):
        load_image_table(table, **COLUMNS, root=table_root, verify=verify)


def test_a_csv_file_may_name_the_folder_that_holds_its_files(table_root, tmp_path):
    table = TABLE.assign(file=[str((table_root / name).absolute()) for name in TABLE.file])
    table.to_csv(tmp_path / "labels.csv", index=False)
    data = load_image_table(tmp_path / "labels.csv", **COLUMNS, root=table_root)
    assert len(data.paths) == 3


def test_number_labels_stay_numbers(table_root):
    table = TABLE.assign(finding=[10, 2, 2])
    data = load_image_table(table, path="file", label="finding", root=table_root)
    assert data.target_names.tolist() == [2, 10]


@pytest.mark.parametrize(
    ("column", "what"),
    [("file", "path"), ("finding", "class"), ("patient", "patient"), ("outline", "mask")],
)
def test_gaps_are_named_or_skipped(table_root, column, what):
    table = TABLE.astype(object)
    table.loc[2, column] = None
    with pytest.raises(ValueError, match=rf"1 images have no {what}: '(row 2|.*3\.png)'"):
        load_image_table(table, **COLUMNS, root=table_root)
    data = load_image_table(table, **COLUMNS, root=table_root, on_error="skip-report")
    assert names_of(data.paths) == names_of(data.masks) == ["1.png", "2.png"]
    assert (data.target.tolist(), data.groups.tolist()) == (["nodule", "none"], ["007", "007"])
    assert [reason for _, reason in data.report.skipped] == [f"no {what}"]


def test_missing_files_of_a_table_are_named_or_skipped(table_root):
    (table_root / "3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"3\.png"):
        load_image_table(TABLE, **COLUMNS, root=table_root)
    data = load_image_table(TABLE, **COLUMNS, root=table_root, on_error="skip-report")
    assert names_of(data.paths) == ["1.png", "2.png"]
    assert names_of(path for path, _ in data.report.skipped) == ["3.png"]


def test_one_image_under_two_labels_is_refused(table_root):
    table = pd.concat([TABLE, TABLE.iloc[[0]].assign(finding="none")])
    with pytest.raises(ValueError, match=r"1\.png' is labeled 'nodule' and 'none'"):
        load_image_table(table, **COLUMNS, root=table_root)


def test_repeated_rows_are_warned_of_and_kept(table_root):
    table = pd.concat([TABLE, TABLE.iloc[[0]]])
    with pytest.warns(UserWarning, match="1 rows repeat an image"):
        data = load_image_table(table, **COLUMNS, root=table_root)
    assert len(data.paths) == 4


def test_missing_columns_and_empty_tables_are_named(table_root):
    with pytest.raises(ValueError, match=r"label='label' is not a column of the table.*'finding'"):
        load_image_table(TABLE, path="file", root=table_root)
    with pytest.raises(ValueError, match="has no rows"):
        load_image_table(TABLE[:0], **COLUMNS, root=table_root)


def test_a_table_may_do_without_labels(table_root):
    data = load_image_table(TABLE, path="file", label=None, root=table_root)
    assert (data.target, len(data.paths)) == (None, 3)


@pytest.mark.parametrize("content", [b"", "finding\nbösartig\n".encode("latin-1"), b'file\n"a'])
def test_a_file_that_is_no_table_is_named_with_the_way_out(tmp_path, content):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"labels\.csv' cannot be read .*in UTF-8"):
        load_image_table(tmp_path / "labels.csv")


# Masks by pattern, and masks among the images ------------------------------------------------


def pairs(data, root):
    """Image and mask, or masks, of each row, relative to a folder."""

    def relative(path):
        if isinstance(path, tuple):
            return [relative(each) for each in path]
        return Path(path).relative_to(root).as_posix()

    return dict(zip(map(relative, data.paths), map(relative, data.masks), strict=True))


def test_masks_beside_images_are_no_images_and_named(write):
    # As the original BUSI files: masks lie in the class folders.
    root = write(
        *("a/a (1).png", "a/a (1)_mask.png", "a/a (1)_mask_1.png"),
        *("b/b (1).png", "b/b (1)_mask.png", "b/mask.png", "b/other_mask.png"),
    )
    with pytest.warns(UserWarning, match=r"3 files look like masks .*a \(1\)_mask\.png.*_mask\*"):
        data = load_image_folder(root)
    assert names(data, root) == ["a/a (1).png", "b/b (1).png", "b/mask.png", "b/other_mask.png"]
    assert len(data.report.ignored) == 3
    assert "looks like the mask of an image beside it" in str(data.report)


def test_masks_beside_images_are_paired_by_pattern_and_several_joined(write):
    root = write(
        *("a/a (1).png", "a/a (1)_mask.png", "a/a (1)_mask_1.png"),
        *("b/b (1).png", "b/b (1)_mask.png", "b/unused_mask.png"),
    )
    data = load_image_folder(root, mask_pattern="{}_mask*")
    assert pairs(data, root) == {
        "a/a (1).png": ["a/a (1)_mask.png", "a/a (1)_mask_1.png"],
        "b/b (1).png": "b/b (1)_mask.png",
    }
    assert data.target.tolist() == ["a", "b"]
    assert any("b/unused_mask.png" in text for text in data.report.warnings)
    assert data.masks.shape == (2,)
    with pytest.raises(ValueError, match=r"'b/unused\.png' has 2 masks: .*_mask\.gif"):
        load_image_folder(write("b/unused.png", "b/unused_mask.gif"), mask_pattern="{}_mask")


def test_images_and_masks_may_both_add_to_what_they_share(write):
    # As the files of DRIVE: images, vessels and fields of view in folders of their own.
    root = write(
        *("training/images/21_training.tif", "training/images/1_training.tif"),
        *("training/1st_manual/21_manual1.gif", "training/1st_manual/1_manual1.gif"),
        *("training/mask/21_training_mask.gif", "training/mask/1_training_mask.gif"),
    )
    pattern = ("{}_training", "{}_manual1")
    folder = root / "training"
    expected = {
        "images/1_training.tif": "1st_manual/1_manual1.gif",
        "images/21_training.tif": "1st_manual/21_manual1.gif",
    }
    options = {"labels_from": None, "mask_pattern": pattern}
    data = load_image_folder(folder / "images", mask_root=folder / "1st_manual", **options)
    assert pairs(data, folder) == expected
    paths = ("images/{}_training", "1st_manual/{}_manual1")
    with pytest.warns(UserWarning, match=r"2 files fit neither pattern .*mask/1_training_mask"):
        data = load_image_folder(folder, **options | {"mask_pattern": paths})
    assert pairs(data, folder) == expected


def test_masks_in_a_folder_beside_the_images_are_paired_by_paths(write):
    root = write("images/p1/1.png", "images/p2/1.png", "masks/p1/1.png", "masks/p2/1.png")
    data = load_image_folder(root, mask_pattern=["images/{}", "masks/{}"], labels_from=None)
    assert pairs(data, root) == {f"images/p{k}/1.png": f"masks/p{k}/1.png" for k in (1, 2)}


@pytest.mark.parametrize("pattern", ["_mask", "{}_{}", ("{}",), ("{}", "mask"), ("{}", 3)])
def test_patterns_without_a_place_for_the_name_are_refused(write, pattern):
    with pytest.raises(ValueError, match="mask_pattern=.* needs one {}"):
        load_image_folder(write("a/1.png"), mask_pattern=pattern)


def test_tables_pair_masks_below_their_root_by_pattern(write):
    root = write("x/1.png", "x/1_mask.png", "x/2.png", "x/2_mask.png", "x/2_mask_1.png", "3.png")
    table = pd.DataFrame({"path": ["x/2.png", "x/1.png"], "label": [0, 1]})
    data = load_image_table(table, mask_pattern="{}_mask*", root=root)
    assert pairs(data, root) == {
        "x/1.png": "x/1_mask.png",
        "x/2.png": ["x/2_mask.png", "x/2_mask_1.png"],
    }
    assert names(data, root) == ["x/2.png", "x/1.png"]
    table.loc[2] = ["3.png", 1]
    with pytest.raises(ValueError, match=r"1 images have no mask: .*3\.png"):
        load_image_table(table, mask_pattern="{}_mask*", root=root)
    for options, message in [({}, "pass root="), ({"mask": "path", "root": root}, "leave mask_p")]:
        with pytest.raises(ValueError, match=message):
            load_image_table(table, mask_pattern="{}_mask*", **options)


def test_a_data_set_prints_on_one_screen_and_is_a_bunch(write):
    root = write(*(f"{kind}/p{k} {'long ' * 9}.png" for kind in "ab" for k in range(50)))
    data = load_image_folder(root, group_pattern=r"p\d+")
    lines = repr(data).splitlines()
    assert len(lines) < 12
    assert max(map(len, lines)) <= 120
    assert "(100,) of object, the first" in repr(data)
    assert isinstance(data, Bunch)
    assert pickle.loads(pickle.dumps(data)).target.tolist() == data.target.tolist()
