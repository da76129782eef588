"""Small untrained networks and the profiles measured on them; and one that knows the answers, as a trained one would."""

from unittest.mock import patch
from zlib import crc32

import pytest

from tests.l2a.optional import needs

for package in ("torch", "transformers", "peft", "safetensors"):
    needs(package, "model")

MEASURED = {"dense": "tiny-reasoner", "nested": "tiny-reasoner-l2a"}


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    import torch

    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.network import L2AForCausalLM

    folder = tmp_path_factory.mktemp("networks")
    build_base(4, 32, 4, 2).save_pretrained(folder / "dense")
    build_base(2, 32, 4, 2, seed=1).save_pretrained(folder / "small")
    torch.manual_seed(3)
    for mode in ("nested", "faithful"):
        model = L2AForCausalLM.wrap(build_base(4, 32, 4, 2), mode=mode, levels=4, lora_rank=2)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(std=0.1)
                elif "gates.layer." in name and name.endswith("2.weight"):
                    parameter.normal_(std=1.5)
                elif "gates.layer." in name and name.endswith("2.bias"):
                    parameter.zero_()
        model.save_pretrained(folder / mode, base=folder / "dense")
    return folder


@pytest.fixture(scope="session")
def measured(networks):
    """The folder with the profiles of the networks, on 8 problems."""
    for checkpoint, name in MEASURED.items():
        measure_one(networks / checkpoint, networks / f"{name}.yaml", 8)
    return networks


def measure_one(checkpoint, output, problems):
    from cloudsim.l2a.profiling import clock
    from cloudsim.l2a.profiling.measurement import measure
    from cloudsim.l2a.profiling.options import ProfileOptions
    from cloudsim.l2a.profiling.writing import write_profile

    options = ProfileOptions.parse([f"checkpoint={checkpoint}", f"output={output}", f"problems={problems}", "budgets=1,0.7,0.4"])
    with patch.object(clock, "REPEATS", 1):
        profile = measure(options, lambda share: None)
    write_profile(profile, output)
    return profile


def knowing(network):
    """The network with another way to write: it knows the chain, and errs the more the harder a problem and the leaner its budget."""
    from cloudsim.l2a.live.memo import Written
    from cloudsim.l2a.live.problems import prompt_ids
    from cloudsim.l2a.tasks.problem import Effort

    class Knowing(type(network)):
        def memo(self, problems):
            for problem in problems:
                self.known |= {prompt_ids(problem.prompt(effort)): (problem, effort) for effort in Effort}
            return super().memo(problems)

        def answer(self, questions, asked):
            return [self.one(question.prompt, asked[0]) for question in questions]

        def go_on(self, tokens, asked, thinking, room):
            return self.one(tuple(tokens), asked[0])

        def one(self, prompt, depth):
            at = next(at for at in range(len(prompt), 0, -1) if prompt[:at] in self.known)
            problem, effort = self.known[prompt[:at]]
            right = crc32(problem.question.encode()) % 1000 < 1000 - 60 * problem.difficulty * (2 - depth)
            text = problem.completion(effort)
            text = text if right else text.replace(f"<answer> {problem.answer}", "<answer> none")
            tokens = tuple(self.tokenizer.encode(text, add_special_tokens=False))[len(prompt) - at :] or (self.tokenizer.eos_token_id,)
            layers = tuple(range(max(1, round(4 * depth) - (problem.difficulty < 2))))
            return Written(tokens, max(0, len(tokens) - 6), layers, 2 * len(layers))

    network.__class__ = Knowing
    network.known = {}
    network._memos.clear()
    return network
