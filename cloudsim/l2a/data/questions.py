"""Short questions for a chat model to answer in its own words."""

from itertools import permutations, zip_longest
from random import Random

from cloudsim.l2a.tasks.problem import is_held_out

TOPICS = (
    "the moon", "rain", "volcanoes", "bread", "chess", "trains", "bees", "the sea", "glass", "bicycles", "mountains", "tea", "coffee",
    "libraries", "gardens", "robots", "music", "dreams", "money", "the weather", "football", "cats", "dogs", "horses", "elephants",
    "whales", "birds", "spiders", "trees", "mushrooms", "apples", "rice", "salt", "sugar", "cheese", "chocolate", "fire", "ice", "snow",
    "lightning", "rainbows", "rivers", "deserts", "islands", "caves", "stars", "planets", "comets", "rockets", "aeroplanes", "ships",
    "bridges", "castles", "cities", "villages", "schools", "hospitals", "museums", "theatres", "films", "poems", "stories", "letters",
    "maps", "clocks", "mirrors", "candles", "lamps", "batteries", "magnets", "computers", "telephones", "the internet", "photographs",
    "paintings", "pianos", "drums", "dancing", "swimming", "running", "cooking", "reading", "sleep", "memory", "colours", "numbers",
    "languages", "holidays", "birthdays", "friendship", "work", "shoes", "wool", "paper", "wood", "gold",
)  # fmt: skip
ABOUT_ONE = (
    "Tell me something about {}.", "What should everybody know about {}?", "Explain {} to a child.", "Describe {} in one sentence.",
    "Write two sentences about {}.", "Write a short poem about {}.", "Write a very short story about {}.", "List three facts about {}.",
    "Give me a title for an essay about {}.", "Write the first lines of a talk about {}.", "Why do people care about {}?",
    "What is surprising about {}?", "Ask a question about {}, and answer it.", "Write a short message to a friend about {}.",
    "What would you ask an expert on {}?", "How would you begin to learn about {}?", "Name a good and a bad thing about {}.",
    "Which words come to mind when you think of {}?", "What did people know about {} a hundred years ago?",
    "Write one line of advertising about {}.", "How does the history of {} begin?", "What would the world be without {}?",
)  # fmt: skip
ABOUT_TWO = (
    "What do {} and {} have in common?",
    "What is the difference between {} and {}?",
    "Which do you find harder to explain, {} or {}?",
)
SUMS = (
    "What is {} plus {}?", "What is {} times {}? Show the steps.",
    "I have {} apples, and a friend gives me {} more. How many are there?",
)  # fmt: skip
LEAST, MOST = 3, 60


def short_questions(seed: int, held_out: bool) -> list[str]:
    """All questions of a share, different ones, of every kind in turn: of one topic, of two, and sums.

    Args:
        seed: of their order.
        held_out: the eighth of all questions that is kept for evaluation, chosen by their text; else the others.
    """
    kinds = [
        [form.format(topic) for form in ABOUT_ONE for topic in TOPICS],
        [form.format(*pair) for form in ABOUT_TWO for pair in permutations(TOPICS, 2)],
        [form.format(first, second) for form in SUMS for first in range(LEAST, MOST) for second in range(LEAST, MOST)],
    ]
    for place, kind in enumerate(kinds):
        Random(f"questions {seed} {place}").shuffle(kind)
    turns = (question for turn in zip_longest(*kinds) for question in turn if question is not None)
    return [question for question in turns if is_held_out(question) == held_out]
