"""What intents' names have in common."""

from __future__ import annotations

from engine.understanding.training.names import kin, words


def test_a_name_falls_into_words() -> None:
    """At dots, lines and blanks; a word may stand there twice."""
    assert words("product.size_fit") == ["product", "size", "fit"]
    assert words("lists-remove 2") == ["lists", "remove", "2"]
    assert words("._") == []


def test_who_shares_a_word_is_kin() -> None:
    """In whatever place the word stands; words of one intent alone and words of all say nothing."""
    assert kin(["promo.price", "product.price", "product.size", "abuse"]) == [[0, 1], [1, 2]]
    assert kin(["shop.price", "shop.size"]) == []
    assert kin(["a", "b"]) == kin([]) == []


def test_the_same_kin_is_named_once() -> None:
    """Two words that the same intents share, or one word twice in a name, are not heard twice."""
    assert kin(["iot.light_on", "iot.light_off", "music"]) == [[0, 1]]
    assert kin(["bye.bye", "bye.now", "music"]) == [[0, 1]]
