"""The elastic model under the `Auto…` classes of `transformers`."""


def register() -> None:
    """Let `AutoConfig`, `AutoModel` and `AutoModelForCausalLM` know models of type `l2a`; may be called again."""
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    from cloudsim.l2a.configuration import L2AConfig
    from cloudsim.l2a.network import L2AForCausalLM

    AutoConfig.register(L2AConfig.model_type, L2AConfig, exist_ok=True)
    AutoModel.register(L2AConfig, L2AForCausalLM, exist_ok=True)
    AutoModelForCausalLM.register(L2AConfig, L2AForCausalLM, exist_ok=True)
