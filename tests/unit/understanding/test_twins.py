"""Lines that say nearly the same."""

from __future__ import annotations

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding.twins import TWIN, twins

OLD = (
    TrainingLine("这款保温杯多少钱一个", "a.price"),
    TrainingLine("什么时候发货呀主播", "a.send"),
    TrainingLine("昨晚的球赛你看了没有", None),
    TrainingLine("工厂可以去参观一下吗", UNLISTED),
)


def found(*own: TrainingLine) -> list[tuple[str, str]]:
    training = TrainingSet("0" * 32, (*OLD, *own), own=own)
    return [(twin.line.text, twin.other.text) for twin in twins(training, own) if twin.cosine >= TWIN]


def test_a_line_that_differs_by_a_particle_is_told_with_its_twin() -> None:
    """Whatever either of them is."""
    assert found(TrainingLine("这款保温杯多少钱一个呀", "a.price")) == [
        ("这款保温杯多少钱一个呀", "这款保温杯多少钱一个")
    ]
    assert found(TrainingLine("昨晚的球赛你看了没有啊", "a.send")) == [
        ("昨晚的球赛你看了没有啊", "昨晚的球赛你看了没有")
    ]


def test_of_two_own_lines_one_is_told_of() -> None:
    """The later one: deleting it is enough."""
    own = TrainingLine("顺丰还是中通给我发过来", "a.send"), TrainingLine("顺丰还是中通给我发过来呀", "a.send")
    assert found(*own) == [(own[1].text, own[0].text)]


def test_unlike_lines_are_left_alone() -> None:
    assert not found(TrainingLine("能不能便宜一点点", "a.price"))
    assert not twins(TrainingSet("0" * 32, OLD), ())
