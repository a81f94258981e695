"""What init says of a table: the most important first, and of a person nothing."""

from __future__ import annotations

import random

from sevenfold.design.notices import Notice, notices
from sevenfold.design.propose import propose_plan


def said(path, target: str) -> list[Notice]:
    return notices(propose_plan(path, target).findings)


def texts(found: list[Notice], subject: str) -> list[str]:
    return [notice.text for notice in found if notice.subject == subject]


ORDER = ["leak", "question", "unread", "sensitive", "left out", "read as", "duplicates", "split", "moments", "target"]


def test_the_most_important_comes_first_and_split_and_target_last(written):
    rows = []
    for i in range(600):
        label = "no" if (i * 7919) % 10 < 6 else "yes"
        number = "#REF!" if i in (7, 9) else str((i * 37) % 101)
        rows.append(
            f'{7 + i * 3},a{i}@ex.org,"${1_000 + i * 7:,}",{1 + i % 12:02d}/{1 + i % 9:02d}/2024,{number},'
            f"{'n/a' if i % 9 == 0 else i % 89 / 4},2024-{1 + i // 50:02d}-{1 + i // 2 % 25:02d},R{label},{label}"
        )
    path = written("nr_id,mail,price,when,n,size,day,receipt,left\n" + "\n".join(rows) + "\n")
    found = said(path, "left")
    assert [notice.subject for notice in found] == sorted((n.subject for n in found), key=ORDER.index)
    assert {notice.subject for notice in found} == set(ORDER) - {"duplicates"}
    assert texts(found, "leak")[0].startswith("receipt: Known only after the event?")
    assert '"%d/%m/%Y" or "%m/%d/%Y"' in texts(found, "question")[0]
    assert texts(found, "unread") == ["n: 2 values are no whole number, such as '#REF!'. Their rows are left out."]
    assert texts(found, "sensitive") == ["mail: values are never shown."]
    assert texts(found, "read as") == ["price: numbers, without their $.", "thousands: ','; missing: 'n/a'"]
    assert texts(found, "split") == ["by day: the oldest rows train, the newest test."]
    assert texts(found, "moments") == ["the model sees weekday of day, in UTC."]
    assert texts(found, "target")[0].startswith("left: binary (no 60%, yes 40%), from ")
    assert "ex.org" not in " ".join(notice.text for notice in found)


def test_values_that_kept_a_column_from_being_numbers_are_shown(written):
    rows = "".join(f"{i % 7},{'n.v.' if i % 25 == 0 else i},{'ab'[(i * 7919) % 10 < 4]}\n" for i in range(100))
    (question,) = texts(said(written("a,b,y\n" + rows), "y"), "question")
    assert question.startswith("b: 96 of its values are whole numbers, 4 are not.")
    assert question.endswith("Such as 'n.v.'.")


def test_many_of_a_sort_are_named_together(written):
    names = [f"d{i}" for i in range(9)]
    rows = "".join(
        ",".join([*(f"{1 + (i * k) % 12:02d}/{1 + i % 12:02d}/2024" for k in range(1, 10)), str(i % 7), "ab"[i % 2]])
        + "\n"
        for i in range(200)
    )
    found = texts(said(written(",".join([*names, "x", "y"]) + "\n" + rows), "y"), "question")
    assert [text.split(":")[0] for text in found] == ["d0", "d1", "d2", "in the plan"]
    assert found[-1] == "in the plan: d3, d4, d5, d6, d7, d8."


def test_copies_and_dates_that_order_nothing_are_said(written):
    rows = [
        f"{(i * 7919) % 1_009 / 7:.3f},{2010 + i * 7 % 12}-03-{1 + i % 28:02d},{'ab'[(i * 31) % 7 < 3]}"
        for i in range(300)
    ]
    found = said(written("x,day,y\n" + "\n".join([*rows, *rows[:100]]) + "\n"), "y")
    (copies,) = [notice for notice in found if notice.subject == "duplicates"]
    assert copies.level == "warning"
    assert copies.text == (
        "100 rows repeat another one in all features and the target. Copies stay on one side of the split."
    )
    assert "They are not in the order of day; write by: time" in texts(found, "split")[0]


def test_one_copy_is_one_row(written):
    draw = random.Random(1).random
    rows = [f"{draw():.6f},{draw():.6f},{draw():.6f}" for _ in range(300)]
    (text,) = texts(said(written("x,z,y\n" + "\n".join([*rows, rows[0]]) + "\n"), "y"), "duplicates")
    assert text.startswith("1 row repeats another one in all features and the target. Copies stay")


def test_a_number_far_from_all_others_is_named_with_its_remedy(written):
    rows = [f"{i % 17 + i / 300},{'ab'[(i * 7919) % 10 < 4]}" for i in range(300)]
    rows[9] = "3.4e38,a"
    path = written("x,y\n" + "\n".join(rows) + "\n")
    assert texts(said(path, "y"), "outliers") == [
        "x: 1 value lies far from all others: 3.4e+38. If it means missing, write '3.4e+38' into data.missing."
    ]
    plan = propose_plan(path, "y").text
    assert "1 value lies far from all others: 3.4e+38." in " ".join(plan.replace("#", "").split())


def cities(spellings: dict[str, int], name: str = "city") -> str:
    names = [text for text, count in spellings.items() for _ in range(count)]
    return f"{name},n,y\n" + "".join(f"{text},{i % 17},{'ab'[(i * 7919) % 10 < 4]}\n" for i, text in enumerate(names))


def test_categories_that_look_like_one_are_named_with_the_command_that_merges_them(written):
    path = written(cities({"Zürich": 60, "zurich.": 20, "ZÜRICH": 3, "Bern": 50, "bern": 40, "Chur": 70}))
    found = texts(said(path, "y"), "merge")
    assert found == [
        "city: 'Bern', 'bern' look like one, and so do values of 1 more group. "
        f"Merge them: sevenfold refine {path.name} --cluster city --out history.json"
    ]
    path = written(cities({"Zürich": 60, "zurich.": 20, "ZÜRICH": 3, "Bern": 50, "Chur": 70}))
    assert texts(said(path, "y"), "merge")[0].startswith("city: 'Zürich', 'zurich.' and 1 more look like one.")


def test_the_merge_of_a_second_column_goes_behind_that_of_the_first(written):
    one, two = (cities({"Bern": 50, "bern": 40, "Chur": 70}, name).splitlines() for name in ("a", "b"))
    text = "\n".join(f"{left.split(',')[0]},{right}" for left, right in zip(one, two, strict=True)) + "\n"
    path = written(text)
    first, second = texts(said(path, "y"), "merge")
    assert first.endswith(f"Merge them: sevenfold refine {path.name} --cluster a --out history.json")
    assert second.endswith(
        "Merge them, behind the merge above that writes history.json: "
        f"sevenfold refine {path.name} history.json --cluster b --out history.json"
    )


def test_the_command_names_the_file_by_its_path_and_there_is_none_for_several_files(written, tmp_path):
    path = written(cities({"Bern": 50, "bern": 40, "Chur": 70}))
    findings = propose_plan(path, "y").findings
    (notice,) = [each for each in notices(findings, [str(path)]) if each.subject == "merge"]
    assert notice.command == f"sevenfold refine {path} --cluster city --out history.json"
    assert notice.text.endswith(notice.command)
    (tmp_path / "more.csv").write_bytes(path.read_bytes())
    several = propose_plan([path, tmp_path / "more.csv"], "y").findings
    (notice,) = [each for each in notices(several) if each.subject == "merge"]
    assert "sevenfold" not in notice.text


def test_nothing_is_merged_in_a_column_about_people_or_where_numbers_differ(written):
    assert texts(said(written(cities({"Meier": 60, "meier": 60, "Huber": 60}, "surname")), "y"), "merge") == []
    assert texts(said(written(cities({"v1.0": 60, "v10": 60, "v2": 60})), "y"), "merge") == []
    assert texts(said(written(cities({"+": 60, "-": 60, "?": 60})), "y"), "merge") == []
