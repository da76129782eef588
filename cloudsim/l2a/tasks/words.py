"""The words that the stories of several families are made of."""

from random import Random

NAMES = ("Mia", "Ben", "Zoe", "Tom", "Eva", "Max", "Lea", "Sam")
PLACES = ("P", "Q", "R", "S", "T", "U", "V", "W")
ITEMS = ("coins", "pens", "cards", "books", "stones", "shells", "apples", "stamps")
GAINS = ("finds", "gets", "buys", "wins")
LOSSES = ("loses", "sells", "drops", "eats")
# Marks of the steps of a story: a small network finds "what comes after the third" long before it finds "what comes next".
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def change(random: Random, value: int, largest: int = 19) -> int:
    """A change of `value` that keeps it between 1 and 99: at most `largest` either way, never 0."""
    low, high = max(-largest, 1 - value), min(largest, 99 - value)
    drawn = 0
    while drawn == 0:
        drawn = random.randint(low, high)
    return drawn


def signed(amount: int) -> str:
    """An amount with its sign as a word of its own."""
    return f"{'+' if amount > 0 else '-'} {abs(amount)}"


def undo(before: int, amount: int) -> str:
    """The check of a step: its result, less the change, is what there was."""
    return f"check {before + amount} {signed(-amount)} = {before}"
