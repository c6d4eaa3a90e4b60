"""Real lines that ask a shop nothing: how many are taken for a shop question? And of the example live, how much is understood?

    python -m bench.real_text --data PATH [--data PATH] [--arrivals FILE.csv.gz] [--shop DIR] [--show N] [--json OUT]

`PATH` is a JSON Lines file of `{"text": ...}`, or a folder that holds such files as `comments*/comments.jsonl`. Every line of them that
gets a commerce intent (all but chatter and abuse) accepted is an error. With arrivals, the lines also come with the repeats of a
recorded live, mixed with the example live. The peer in the same run is tf-idf (word 1–2-grams, character 2–5-grams) with a linear SVM
that always takes its best class, background among them. The pack's `tests:` name goods of any kind: they are also read as in a shop
that has these goods in its catalogue; and with what viewers write around a question, in which nothing else is asked.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from bench.arrivals import load
from engine.events.understanding import Understanding
from engine.pool.load import load_pool
from engine.pool.model import Pool, Product, TrainingLine
from engine.pool.paths import base_pack, example_shop
from engine.understanding.model import Model, model_hash
from engine.understanding.training.train import train
from engine.understanding.understander import Understander

GOODS = """
刀, 拖鞋, 鱼油, 大衣, 袜子, 香薰, 笔记本, 外套, 水壶, 地毯, 油, 狗粮, 耳环, 台灯, 银耳, 洗鼻器, 蓝牙耳机, 发膜,
羽绒服, 香水, 帽子, 海苔, 雨衣, 键盘, 牙膏, 布料, 辣椒酱, 核桃, 奶粉, 紫砂壶, 酱油, 羊肉, 燕窝, 眼药水, 火腿肠,
米, 酸奶, 便当盒, 雨伞, 牙刷, 水果, 榨汁机, 电饭锅, 书架, 鞋子, 锅, 枕头, 面膜, 口红, 手机, 茶, 衣服, 裙子,
茶饼, 坚果, 耳机, 猫粮, 保温杯, 面霜, 包包, 被子, 茶叶, 枣, 洗面奶, 牛仔裤, 饼干, 唇釉, 充电宝, 毛毯, 裤子, 纸,
大米, 苹果, 咖啡, 面粉, 红茶, 绿茶, 大葱, 肉, 鸡蛋, 火锅, 菜, 鱼, 酒, 车, jar, knives, sneakers, toothpaste,
wipes, tablet, bottle, noodles, soap, mouse, mascara, rice, jam, vitamins, blender, boots, scarf, shoes, bag,
mug, tea, coffee, shirt, jacket, lipstick, phone, socks, serum, olive oil, porcelain, eggs, pizza, book, cake
"""  # what the pack's `tests:` ask about: for a shop that sells all of it
FRAMES = {
    "zh": (
        "主播{}", "你好 {}", "小姐姐{}", "老板 {}", "请问{}", "家人们谁知道{}", "麻烦主播说下{}", "啊 {}", "老师 {}", "这个{}", "3号链接{}",
        "哎呀{}", "我想买 {}", "{}呢", "{}啊", "{} 谢谢", "{}😊", "{} 急！", "{}？", "{}谢谢主播", "{} 主播看我", "{} [捂脸][捂脸]",
    ),
    "en": (
        "hi {}", "hello there, {}", "hey girl {}", "excuse me, {}", "quick question: {}", "can you tell me {}", "bro {}", "ok so {}",
        "link 3 {}", "this one {}", "oh my {}", "love it, {}", "{} please", "{} thanks!", "{} 😊", "{} lol", "{}??", "{} anyone",
        "{} @host",
    ),
}  # fmt: skip
"""What stands around a question and asks nothing; some of it is in no list of the pack."""
SEED = 7  # which real line stands for which text of the arrivals


@dataclass(frozen=True, slots=True)
class Real:
    """Real lines that ask nothing."""

    file: str
    lines: int
    errors: int
    errors_alone: int
    """Errors that could be answered for one viewer alone."""
    open_questions: int
    """Lines that end unknown, ambiguous or of low confidence: noise on the board of gaps."""
    peer_errors: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """The recorded arrivals with real texts, and the example live among them."""

    comments: int
    idle: int
    idle_errors: int
    live: int
    live_accepted: int
    live_accepted_alone: int


def commerce(intent: str | None) -> bool:
    return bool(intent) and not str(intent).startswith(("social.", "abuse"))


def is_error(result: Understanding) -> bool:
    return result.outcome == "accepted" and commerce(result.intent)


def usual_classifier() -> Pipeline:
    """Tf-idf of words and characters, and a linear SVM."""
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ]
    )
    return make_pipeline(features, LinearSVC(random_state=0))


class Peer:
    """The usual text classifier, on the same lines."""

    def __init__(self, pool: Pool) -> None:
        self._machine = usual_classifier()
        lines = pool.training.lines
        self._machine.fit([line.text for line in lines], [line.intent or "" for line in lines])

    def predict(self, texts: Sequence[str]) -> list[str]:
        return self.ranked(texts)[0]

    def ranked(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
        """The best class of each text, and its margin."""
        margins = np.asarray(self._machine.decision_function(list(texts)), dtype=np.float64)
        names = [str(label) for label in self._machine.classes_]
        return [names[best] for best in margins.argmax(axis=1).tolist()], margins.max(axis=1)


def comment_files(paths: Sequence[Path]) -> list[Path]:
    """Raises `FileNotFoundError` that names the path."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("comments*/comments.jsonl")) if path.is_dir() else [path]
        if not found or not all(file.is_file() for file in found):
            raise FileNotFoundError(
                f"{path}: no lines there; give a .jsonl file, or a folder with comments*/comments.jsonl"
            )
        files += found
    return files


def texts_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [str(json.loads(line)["text"]) for line in lines if line.strip()]


def measure_real(file: Path, understander: Understander, peer: Peer, show: int, console: Console) -> Real:
    texts = texts_of(file)
    results = understander.understand(texts)
    errors = [result for result in results if is_error(result)]
    for result in errors[:show]:
        console.print(f"  {result.intent} {result.confidence}: {result.key}", markup=False, highlight=False)
    peer_errors = sum(commerce(label) for label in peer.predict(texts))
    visible = sum(result.outcome in {"unknown", "low_confidence", "ambiguous"} for result in results)
    alone = sum(result.solo_ok for result in errors)
    return Real(f"{file.parent.name}/{file.name}", len(texts), len(errors), alone, visible, peer_errors)


def measure_mixed(arrivals: Path, real: Sequence[str], live: Sequence[str], understander: Understander) -> Mixed:
    recorded = load(arrivals).text.tolist()
    draw = random.Random(SEED)
    text_of = {number: draw.choice(real) for number in sorted(set(recorded))}
    idle = understander.understand([text_of[number] for number in recorded])
    lines = understander.understand(live)
    accepted = [result for result in lines if result.outcome == "accepted"]
    return Mixed(
        len(idle) + len(lines), len(idle), sum(is_error(result) for result in idle),
        len(lines), len(accepted), sum(result.solo_ok for result in accepted),
    )  # fmt: skip


def pack_tests(pool: Pool, understander: Understander, peer: Peer) -> dict[str, float]:
    """Lines of the pack that were never trained on: shares of the questions among them."""
    tests = [line for line in pool.training.tests if commerce(line.intent)]
    results = understander.understand([line.text for line in tests])
    labels = peer.predict([line.text for line in tests])
    right = sum(r.outcome == "accepted" and r.intent == line.intent for r, line in zip(results, tests, strict=True))
    wrong = sum(r.outcome == "accepted" and r.intent != line.intent for r, line in zip(results, tests, strict=True))
    peer_right = sum(label == line.intent for label, line in zip(labels, tests, strict=True))
    count = max(1, len(tests))
    return {"lines": len(tests), "accepted": right / count, "wrong": wrong / count, "peer_right": peer_right / count}


def framed_tests(pool: Pool, understander: Understander) -> dict[str, dict[str, float]]:
    """By language: shares of the questions among the pack's `tests:` that are accepted alone, and in the frames; and wrongly."""
    shares = {}
    for language, frames in FRAMES.items():
        tests = [
            line for line in pool.training.tests if commerce(line.intent) and line.text.isascii() == (language == "en")
        ]

        def accepted(frame: str, lines: Sequence[TrainingLine] = tests) -> tuple[float, float]:
            results = understander.understand([frame.format(line.text) for line in lines])
            given = [
                (r.intent == line.intent) for r, line in zip(results, lines, strict=True) if r.outcome == "accepted"
            ]
            return sum(given) / len(lines), (len(given) - sum(given)) / len(lines)

        inside = {frame: accepted(frame) for frame in frames}
        shares[language] = {
            "lines": len(tests),
            "alone": accepted("{}")[0],
            "framed": float(np.mean([right for right, _ in inside.values()])),
            "framed_wrong": float(np.mean([wrong for _, wrong in inside.values()])),
        } | {frame: right for frame, (right, _) in inside.items()}
    return shares


def selling(pool: Pool) -> Pool:
    """The pool of a shop that sells `GOODS`."""
    names = [name.strip() for name in GOODS.replace("\n", " ").split(",")]
    return replace(pool, products={name: Product(name, {"zh": name}) for name in names}, not_sold=())


def show_tables(
    console: Console,
    reals: Sequence[Real],
    tests: dict[str, float],
    sold: dict[str, float],
    model: Model,
    mixed: Mixed | None,
    framed: dict[str, dict[str, float]],
) -> None:
    table = Table(title="Real lines that ask a shop nothing")
    for column in (
        "lines of",
        "lines",
        "errors",
        "share",
        "answerable alone",
        "open questions",
        "peer's errors",
        "share",
    ):
        table.add_column(column, justify="left" if column == "lines of" else "right")
    total = Real("all", *(sum(values) for values in zip(*(tuple(asdict(r).values())[1:] for r in reals), strict=True)))
    for real in [*reals, total]:
        table.add_row(
            real.file, f"{real.lines:,}", str(real.errors), f"{real.errors / real.lines:.2%}", str(real.errors_alone),
            f"{real.open_questions / real.lines:.2%}", str(real.peer_errors), f"{real.peer_errors / real.lines:.2%}",
        )  # fmt: skip
    console.print(table)
    table = Table(title="Questions of the pack, held out")
    for column in ("lines", "accepted by their intent", "accepted wrongly", "peer's best is right"):
        table.add_column(column, justify="right")
    table.add_row(
        f"{tests['lines']:.0f} of `tests:`",
        f"{tests['accepted']:.1%}",
        f"{tests['wrong']:.1%}",
        f"{tests['peer_right']:.1%}",
    )
    table.add_row(
        "the same, goods in the catalogue",
        f"{sold['accepted']:.1%}",
        f"{sold['wrong']:.1%}",
        "",
    )
    table.add_row("out of fold", f"{model.report['coverage']:.1%}", f"{model.report['wrong_of_listed']:.1%}", "")
    console.print(table)
    table = Table(title="The same, with what viewers write around a question")
    for column in ("language", "lines", "accepted alone", "in a frame", "wrongly", "the worst frames"):
        table.add_column(column, justify="left" if column in {"language", "the worst frames"} else "right")
    for language, shares in framed.items():
        worst = sorted(FRAMES[language], key=lambda frame: shares[frame])[:3]
        table.add_row(
            language, f"{shares['lines']:.0f}", f"{shares['alone']:.1%}", f"{shares['framed']:.1%}", f"{shares['framed_wrong']:.1%}",
            ", ".join(f"{frame} {shares[frame]:.0%}" for frame in worst),
        )  # fmt: skip
    console.print(table)
    if mixed is not None:
        console.print(
            f"On the recorded arrivals: {mixed.comments:,} comments, {mixed.idle_errors} of {mixed.idle:,} idle ones taken for a"
            f" question ({mixed.idle_errors / mixed.idle:.2%}); {mixed.live_accepted} of {mixed.live:,} lines of the example live"
            f" accepted, {mixed.live_accepted_alone} of them for one viewer alone."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", "--comments", dest="data", type=Path, action="append", required=True, help="real lines"
    )
    parser.add_argument("--arrivals", type=Path, help="a recorded live (.csv.gz)")
    parser.add_argument("--shop", type=Path, default=example_shop(), help="the shop's folder")
    parser.add_argument("--show", type=int, default=0, help="print so many errors of each file")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        files = comment_files(options.data)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    pool = load_pool(base_pack(), options.shop, model_of=model_hash)
    model = train(pool.training)
    understander = Understander(pool, model)
    peer = Peer(pool)
    reals = [measure_real(file, understander, peer, options.show, console) for file in files]
    tests = pack_tests(pool, understander, peer)
    sold = pack_tests(pool, Understander(selling(pool), model), peer)
    framed = framed_tests(pool, understander)
    mixed = None
    live_file = options.shop / "live.jsonl"
    live = texts_of(live_file) if live_file.is_file() else []
    intents = Counter(r.intent for r in understander.understand(live) if r.outcome == "accepted")
    if options.arrivals is not None:
        real = [text for file in files for text in texts_of(file)]
        mixed = measure_mixed(options.arrivals, real, live, understander)
    show_tables(console, reals, tests, sold, model, mixed, framed)
    if options.json is not None:
        figures = {
            "real": [asdict(real) for real in reals],
            "tests": tests,
            "tests_of_goods_sold": sold,
            "tests_in_frames": framed,
            "folds": model.report,
            "thresholds": asdict(model.calibration.thresholds),
            "mixed": asdict(mixed) if mixed is not None else None,
            "live_intents": dict(sorted((str(intent), count) for intent, count in intents.items())),
        }
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
